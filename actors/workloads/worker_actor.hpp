// worker_actor: the node's half of the node stream. It makes what this node runs equal to what the
// leader says it should run.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"

namespace runink::actors {

/// Spawns it. It joins the cluster, opens its stream at `cluster` (the state_actor of the leader),
/// renews its lease and the spawner's, and keeps one slice_actor for each attempt it was given.
/// Slices, folders and pins that no assignment names are remains of resolved attempts: it removes
/// them.
caf::actor spawn_worker(caf::actor_system& system, Services& services, caf::actor cluster);

}  // namespace runink::actors
