// What a request stores is kept by a pin of its own until the state reaches it.
#pragma once

#include "actors/service/parts.hpp"
#include "storage/artifact_store.hpp"

namespace runink::actors {

/// The owner of what one request stores. Two requests never share one, so that none takes away what
/// another still needs; the pins of an earlier life of the node are removed at its start (remains.hpp).
struct DoorPin {
  storage::PinOwner owner;
};
DoorPin new_pin(ServiceParts& parts);

/// After the submission: takes the pin away when the state reaches what it kept, or never will. When
/// that is not known it stays, until the node starts again.
Async<void> let_go(ServiceParts& parts, DoorPin pin, Result<Submitted> outcome);

}  // namespace runink::actors
