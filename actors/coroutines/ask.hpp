// Waiting in an actor: for another actor's answer, and for time to pass.
#pragma once

#include <caf/all.hpp>
#include <chrono>
#include <coroutine>
#include <memory>
#include <tuple>
#include <utility>

#include "actors/coroutines/errors.hpp"
#include "actors/coroutines/scope.hpp"
#include "vocabulary/units.hpp"

namespace runink::co {

template <class... R>
struct AnswerOf {
  using type = std::tuple<R...>;
};
template <>
struct AnswerOf<> {
  using type = caf::unit_t;
};
template <class R>
struct AnswerOf<R> {
  using type = R;
};

/// A time-out in the actor's clock, taken back when its waiter ends: CAF 0.17.6 never cancels one
/// by itself, and keeps the actor in memory until it is due.
class ClockEntry {
 public:
  ClockEntry(caf::scheduled_actor* self, caf::message_id id, bool armed)
      : self_(self), id_(id), armed_(armed) {}
  ClockEntry(ClockEntry&& other) noexcept
      : self_(other.self_), id_(other.id_), armed_(std::exchange(other.armed_, false)) {}
  ClockEntry& operator=(ClockEntry&&) = delete;
  ~ClockEntry() {
    if (armed_) self_->clock().cancel_request_timeout(self_, id_);
  }
  void arm(Duration after) {
    armed_ = true;
    self_->clock().set_request_timeout(self_->clock().now() + std::chrono::nanoseconds(after.ns),
                                       self_, id_);
  }
  void due() { armed_ = false; }

 private:
  caf::scheduled_actor* self_;
  caf::message_id id_;
  bool armed_;
};

/// Awaits the answer to a request that was sent already. The answer's types must be R..., else the
/// error is `unexpected_response`.
template <class... R>
class [[nodiscard]] AnswerAwaiter {
 public:
  using value_type = typename AnswerOf<R...>::type;
  AnswerAwaiter(caf::scheduled_actor* self, caf::message_id id, bool limited)
      : self_(self), id_(id), entry_(self, id, limited) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    Root* root = waiting.promise().root;
    if (shutting_down(self_)) {
      root->destroy();  // the frame and *this are gone
      return;
    }
    auto ticket = std::make_shared<Ticket>(waiting, root);
    self_->add_multiplexed_response_handler(
        id_, caf::behavior{[this, ticket](R&... values) {
                             if (!ticket->waits()) return;
                             answer_ = value_type{std::move(values)...};
                             ticket->resume();
                           },
                           [this, ticket](caf::error& error) {
                             if (!ticket->waits()) return;
                             if (error == caf::sec::request_timeout) entry_.due();
                             answer_ = std::move(error);
                             ticket->resume();
                           }});
  }
  caf::expected<value_type> await_resume() { return std::move(answer_); }

 private:
  caf::scheduled_actor* self_;
  caf::message_id id_;
  ClockEntry entry_;
  caf::expected<value_type> answer_{caf::error{}};
};

/// `co_await ask<R...>(self, actor, seconds(1), message...)` -> caf::expected<R>: `unit_t` when
/// there is no R, a tuple when there are several. Errors: `request_timeout`,
/// `request_receiver_down`, `unexpected_response`, or what the other one answered.
template <class... R, class Self, class Handle, class... Message>
AnswerAwaiter<R...> ask(Self* self, const Handle& actor, Duration at_most, Message&&... message) {
  auto request = self->request(actor, std::chrono::microseconds(at_most.ns / 1'000),
                               std::forward<Message>(message)...);
  return AnswerAwaiter<R...>(self, request.id(), true);
}

/// The same without a limit, half as dear: for hot paths whose owner sweeps deadlines by itself.
template <class... R, class Self, class Handle, class... Message>
AnswerAwaiter<R...> ask(Self* self, const Handle& actor, caf::infinite_t, Message&&... message) {
  auto request =
      self->request(actor, caf::duration{caf::infinite}, std::forward<Message>(message)...);
  return AnswerAwaiter<R...>(self, request.id(), false);
}

template <class... R>
class [[nodiscard]] ThrowingAwaiter : public AnswerAwaiter<R...> {
 public:
  explicit ThrowingAwaiter(AnswerAwaiter<R...> plain) : AnswerAwaiter<R...>(std::move(plain)) {}
  auto await_resume() {
    auto answer = AnswerAwaiter<R...>::await_resume();
    if (!answer) throw ActorError(std::move(answer.error()));
    return std::move(*answer);
  }
};

/// As ask(), but a failure is an ActorError.
template <class... R, class... Arguments>
ThrowingAwaiter<R...> ask_or_throw(Arguments&&... arguments) {
  return ThrowingAwaiter<R...>(ask<R...>(std::forward<Arguments>(arguments)...));
}

/// Waits without a message in the actor's behaviour: a request that is never sent, "answered" by
/// the clock with `request_timeout`.
class [[nodiscard]] SleepAwaiter {
 public:
  SleepAwaiter(caf::scheduled_actor* self, Duration time)
      : self_(self),
        time_(time),
        id_(self->new_request_id(caf::message_priority::normal).response_id()),
        entry_(self, id_, false) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    Root* root = waiting.promise().root;
    if (shutting_down(self_)) {
      root->destroy();
      return;
    }
    auto ticket = std::make_shared<Ticket>(waiting, root);
    entry_.arm(time_);
    self_->add_multiplexed_response_handler(id_, caf::behavior{[this, ticket](caf::error&) {
                                              if (!ticket->waits()) return;
                                              entry_.due();
                                              ticket->resume();
                                            }});
  }
  void await_resume() const noexcept {}

 private:
  caf::scheduled_actor* self_;
  Duration time_;
  caf::message_id id_;
  ClockEntry entry_;
};

/// `co_await sleep(self, milliseconds(50))`. A quarter of a millisecond late is usual.
inline SleepAwaiter sleep(caf::scheduled_actor* self, Duration time) { return {self, time}; }

}  // namespace runink::co
