// analyst_actor: has SQL read by `runink-step analyse` in a sandbox, because a stranger's SQL is
// never parsed in the daemon.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"

namespace runink::actors {

/// Spawns it. Takes Analyse, answers Result<vector<SqlReading>>; questions that come while others
/// are read wait for their turn.
caf::actor spawn_analyst(caf::actor_system& system, Services& services);

}  // namespace runink::actors
