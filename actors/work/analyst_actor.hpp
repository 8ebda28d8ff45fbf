// analyst_actor: has SQL read by `runink-step analyse` in a sandbox, because a stranger's SQL is
// never parsed in the daemon. Files that somebody tries against a contract are read there too.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"

namespace runink::actors {

/// Spawns it. Takes Analyse, answers Result<vector<SqlReading>>, and Trial, answers
/// Result<TrialEnd>; what comes while another is at work waits for its turn.
caf::actor spawn_analyst(caf::actor_system& system, Services& services);

}  // namespace runink::actors
