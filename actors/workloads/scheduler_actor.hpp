// scheduler_actor: decides where slices go. It calls scheduler::decide and nothing else, so that
// what it said can be derived again by anybody.
#pragma once

#include <caf/all.hpp>

namespace runink::actors {

/// Takes Decide, answers Decided. Without it nothing that is ready is ever placed.
caf::actor spawn_scheduler(caf::actor_system& system);

}  // namespace runink::actors
