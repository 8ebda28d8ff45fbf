// slice_actor: the life of one attempt on its node, from its assignment until it is resolved in
// applied state.
#pragma once

#include <caf/all.hpp>
#include <memory>

#include "actors/services.hpp"
#include "state/assignments.hpp"

namespace runink::actors {

/// What the spawner knew of the slice when the actor was made.
enum class SpawnerKnows { nothing, running, exited };

/// Spawns it, as the next thing that runs where `maker` runs. It launches the slice, or attaches to it
/// where the spawner has it already; takes its outputs when it has ended; submits PartitionCommitted
/// or AttemptFailed to `cluster` until the answer is known; then frees everything and tells `worker`
/// SliceDone. EndSlice kills the slice.
caf::actor spawn_slice(caf::local_actor& maker, Services& services, caf::actor cluster,
                       caf::actor worker, std::shared_ptr<const state::Assignment> assignment,
                       SpawnerKnows known);

}  // namespace runink::actors
