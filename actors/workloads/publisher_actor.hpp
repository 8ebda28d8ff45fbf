// publisher_actor: brings the sink files that its node owes to their volumes, one after the other.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"

namespace runink::actors {

/// Spawns it. PublishAll tells it the complete set that is to be published here; for each it
/// submits SinkPublished or SinkRefused to `cluster` until that is taken.
caf::actor spawn_publisher(caf::actor_system& system, Services& services, caf::actor cluster);

}  // namespace runink::actors
