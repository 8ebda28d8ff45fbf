// CAF's errors as faults, and faults as exceptions where a coroutine would rather unwind.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "vocabulary/fault.hpp"

namespace runink::co {

/// Thrown by `co_await ask_or_throw(...)`. If it leaves a coroutine made by respond(), the
/// requester gets `error`; if it leaves one made by spawn(), the actor ends with it.
class ActorError : public std::runtime_error {
 public:
  explicit ActorError(caf::error given);
  caf::error error;
};

/// What a failed request means to a caller: no answer in time is `out_of_time`, an actor that is
/// gone `unknown_outcome` (it may have acted before it died), a stopping system `outside_failed`.
Fault to_fault(const caf::error& error, std::string_view asked);

/// A request whose answer is itself a Result: one level of failure, not two. `asked` names the
/// request in the fault ("the herd of this run").
template <class T>
Result<T> flatten(caf::expected<Result<T>> answer, std::string_view asked) {
  if (answer) return std::move(*answer);
  return std::unexpected(to_fault(answer.error(), asked));
}

}  // namespace runink::co

// Messages between actors of one process. Small values with an `inspect` may be registered as CAF
// likes it. Everything else is a copyable struct (with a constructor, see the rule about
// aggregates) behind CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type), and what is big travels as
// `std::shared_ptr<const T>`, so that a message costs a counter and nobody can change what another
// one reads:
//
//   struct Propose {
//     explicit Propose(std::shared_ptr<const state::Command> given) : command(std::move(given)) {}
//     std::shared_ptr<const state::Command> command;
//   };
//   CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Propose)       // outside of every namespace
//
// CAF shares a message between its receivers and copies it when one of them wants to change it:
// take `const T&` in handlers. Results are messages as they are:
template <class T>
struct caf::allowed_unsafe_message_type<std::expected<T, runink::Fault>> : std::true_type {};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::Fault)
