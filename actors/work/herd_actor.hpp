// herd_actor: admission for one tenant. Everything that a herd starts passes through it.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"
#include "state/commands.hpp"

namespace runink::actors {

/// Spawns it, on the leader. It takes SubmitRun and ApplyPipeline (answers Result<Submitted>),
/// refuses what has no proper request id and what comes while too many submissions are on their way,
/// and passes the rest on to `cluster`, the state_actor. The quota itself is judged by `apply` alone,
/// at the price of a log entry; what HerdChanged tells is kept and not used for it yet.
caf::actor spawn_herd(caf::actor_system& system, Services& services, const caf::actor& cluster,
                      const HerdName& herd, const state::Quota& quota, std::uint32_t running);

}  // namespace runink::actors
