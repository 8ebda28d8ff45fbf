// run_actor: the walk of one run: its timers, its cancellation, its story for those who watch.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"
#include "state/run.hpp"

namespace runink::actors {

/// Spawns it, on the leader, from the run as it stands at the cluster time `now`. It takes RunEvents and Progress, keeps the
/// newest of them for NextItems, wakes the scheduler when a retry is due (without it no partition
/// is ever tried again), carries out CancelRun, and ends once the run is archived and its watchers
/// know.
caf::actor spawn_run(caf::actor_system& system, Services& services, const caf::actor& cluster,
                     const state::Run& run, WallTime now);

}  // namespace runink::actors
