// Another thread resumes a coroutine of an actor.
#pragma once

#include <caf/all.hpp>
#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "actors/coroutines/scope.hpp"

namespace runink::co {

/// g++ 12 destroys a temporary closure within a co_await expression twice. Functions that are awaited
/// with a closure take it by its name, and move from it; one without anything to destroy is safe.
template <class F>
inline constexpr bool safe_in_co_await = std::is_trivially_destructible_v<F>;

/// Resumes one waiting coroutine, from any thread, once. It keeps the actor object (not its state)
/// in memory; a wake of an actor that ended meanwhile is dropped by CAF, and its coroutine has
/// ended.
class Wake {
 public:
  Wake(caf::scheduled_actor* self, caf::message_id id)
      : actor_(caf::strong_actor_ptr(self->ctrl())), id_(id) {}
  /// Never through a response promise: that would use the execution unit of the actor's thread.
  void operator()() const { actor_->get()->eq_impl(id_, nullptr, nullptr, caf::unit); }

 private:
  caf::strong_actor_ptr actor_;
  caf::message_id id_;
};

/// Parks `waiting` until the returned Wake is called; `woken` is set just before it goes on.
/// Nothing when the actor is ending: then the coroutine, and the awaiter that calls this, are gone
/// already.
template <class Promise>
std::optional<Wake> park(caf::scheduled_actor* self, std::coroutine_handle<Promise> waiting,
                         bool* woken) {
  Root* root = waiting.promise().root;
  if (shutting_down(self)) {
    root->destroy();
    return std::nullopt;
  }
  auto id = self->new_request_id(caf::message_priority::normal).response_id();
  auto ticket = std::make_shared<Ticket>(waiting, root);
  auto go_on = [woken, ticket] {
    if (!ticket->waits()) return;
    *woken = true;
    ticket->resume();
  };
  self->add_multiplexed_response_handler(
      id, caf::behavior{[go_on](caf::unit_t) { go_on(); }, [go_on](caf::error&) { go_on(); }});
  return Wake(self, id);
}

}  // namespace runink::co
