// analyst_actor: has SQL read by `runink-step analyse` in a sandbox, because a stranger's SQL is
// never parsed in the daemon. Files that somebody tries against a contract are read there too.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"

namespace runink::actors {

/// How the slices of both begin; the incarnation of the daemon and a number follow.
inline constexpr const char* analysis_slices = "analyse.";
inline constexpr const char* trial_slices = "trial.";

/// Spawns it. Takes Analyse, answers Result<vector<SqlReading>>; what comes while another is at work
/// waits for its turn.
caf::actor spawn_analyst(caf::actor_system& system, Services& services);

/// Spawns another one, for Trial (answers Result<TrialEnd>): files that take long to check hold up
/// nobody who compiles. One is at work and one may wait; the next is answered with `exhausted`.
caf::actor spawn_trials(caf::actor_system& system, Services& services);

}  // namespace runink::actors
