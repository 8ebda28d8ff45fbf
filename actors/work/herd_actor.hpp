// herd_actor: admission for one tenant. Everything that a herd starts passes through it.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"
#include "state/commands.hpp"

namespace runink::actors {

/// Spawns it, on the leader. It takes SubmitRun and ApplyPipeline (answers Result<Submitted>),
/// checks them against the herd's quota before they cost a log entry, and passes them on to
/// `cluster`, the state_actor; HerdChanged tells it what holds now. Submissions that are on their
/// way count as running runs. `apply` checks the quota again.
caf::actor spawn_herd(caf::actor_system& system, Services& services, const caf::actor& cluster,
                      const HerdName& herd, const state::Quota& quota, std::uint32_t running);

}  // namespace runink::actors
