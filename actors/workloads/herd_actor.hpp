// herd_actor: admission for one tenant. Everything that a herd starts passes through it; whoever
// watches its keys waits with it.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"
#include "state/commands.hpp"

namespace runink::actors {

/// Spawns it, on the leader. It takes SubmitRun and ApplyPipeline (answers Result<Submitted>),
/// refuses what has no proper request id, what comes while too many submissions are on their way, and
/// a run beyond the herd's quota of runs (`refused`): none of these costs a log entry. The rest is
/// passed on to `cluster`, the state_actor; `apply` judges the quota again.
/// NextKeysChange waits for a KeysChanged of the state_actor; `keys_changed` is the newest entry so
/// far that changed a key. At most `limits::kv_watchers` wait; more are `exhausted`.
caf::actor spawn_herd(caf::actor_system& system, Services& services, const caf::actor& cluster,
                      const HerdName& herd, const state::Quota& quota, std::uint32_t running,
                      LogIndex keys_changed);

}  // namespace runink::actors
