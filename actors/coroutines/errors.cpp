#include "actors/coroutines/errors.hpp"

#include <caf/sec.hpp>

namespace runink::co {

ActorError::ActorError(caf::error given)
    : std::runtime_error(caf::to_string(given)), error(std::move(given)) {}

Fault to_fault(const caf::error& error, std::string_view asked) {
  const std::string name(asked);
  if (error == caf::sec::request_timeout)
    return {FaultKind::out_of_time, "No answer from " + name + " before the deadline."};
  if (error == caf::sec::request_receiver_down)
    return {FaultKind::unknown_outcome,
            name + " ended before it answered; it may or may not have acted. Ask again."};
  return {FaultKind::outside_failed, "Asking " + name + " failed: " + caf::to_string(error) + "."};
}

}  // namespace runink::co
