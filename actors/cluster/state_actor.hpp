// state_actor: gives entries their meaning, and is the only proposer. It owns the applied state and,
// while it leads, the projection: applied state plus its own entries that are still on their way,
// dropped on any change of role.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"
#include "state/cluster_state.hpp"

namespace runink::actors {

/// Spawns it with the state that state.db holds. Connect it with `raft` and `scheduler` by
/// `connect_state`; before that, requests wait. It takes Submit, SubmitRun, Look, FindRun,
/// FindHerd, Reschedule, the upward half of the node stream, and what the raft_actor tells.
caf::actor spawn_state(caf::actor_system& system, Services& services, state::ClusterState applied);

/// Gives it its partners. Once.
void connect_state(const caf::actor& state, const caf::actor& raft, const caf::actor& scheduler);

}  // namespace runink::actors
