#include "actors/service/door_pin.hpp"

#include "actors/workloads/remains.hpp"
#include "storage/data_folder.hpp"

namespace runink::actors {
namespace {

/// Whether a command that was answered like this may still become true.
bool may_still_happen(const Fault& fault) {
  return fault.kind == FaultKind::unknown_outcome || fault.kind == FaultKind::out_of_time ||
         fault.kind == FaultKind::outside_failed || fault.kind == FaultKind::corrupt;
}

}  // namespace

DoorPin new_pin(ServiceParts& parts) {
  return {storage::PinOwner{door_pins_of(parts.services.folder.identity().incarnation) +
                            std::to_string(++parts.pins)}};
}

Async<void> let_go(ServiceParts& parts, DoorPin pin, Result<Submitted> outcome) {
  if (pin.owner.value.empty() || (!outcome && may_still_happen(outcome.error()))) co_return;
  Services* services = &parts.services;
  auto job = [services, owner = pin.owner] { return services->artifacts.unpin(owner); };
  (void)co_await co::on_disk(services->disk, job);
}

}  // namespace runink::actors
