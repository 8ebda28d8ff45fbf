// Starting coroutines from the handlers of an actor.
#pragma once

#include <caf/all.hpp>
#include <coroutine>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "actors/coroutines/errors.hpp"
#include "actors/coroutines/scope.hpp"
#include "actors/coroutines/task.hpp"

namespace runink::co {

/// A root coroutine: belongs to a scope, destroys itself at its end.
struct RootTask {
  struct promise_type {
    FrameCount counted;
    Root own;
    Root* root = &own;  // what tasks take from whoever awaits them
    RootTask get_return_object() noexcept {
      auto frame = std::coroutine_handle<promise_type>::from_promise(*this);
      own.self = frame;
      return {frame};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }  // the bodies below catch everything
    ~promise_type() { own.unlink(); }
  };
  void start(Scope& scope) {
    scope.link(&frame.promise().own);
    frame.resume();
  }
  std::coroutine_handle<promise_type> frame;
};

/// What a caught exception tells a requester or a monitor.
caf::error error_of(const std::exception_ptr& thrown);

template <class F, class... Arguments>
RootTask run_detached(caf::scheduled_actor* self, F f, Arguments... arguments) {
  std::exception_ptr thrown;
  try {
    co_await f(std::move(arguments)...);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) self->quit(error_of(thrown));
}

/// Answers when it ends unanswered: CAF 0.17.6 has no broken promise, the requester would only see
/// its own time-out.
template <class Promise>
class PromiseGuard {
 public:
  explicit PromiseGuard(Promise promise) : promise_(std::move(promise)) {}
  PromiseGuard(PromiseGuard&& other) noexcept
      : promise_(std::exchange(other.promise_, Promise{})) {}
  PromiseGuard& operator=(PromiseGuard&&) = delete;
  ~PromiseGuard() {
    if (promise_.pending()) promise_.deliver(caf::make_error(caf::sec::request_receiver_down));
  }
  template <class T>
  void deliver(T&& value) {
    promise_.deliver(std::forward<T>(value));
  }

 private:
  Promise promise_;
};

template <class Promise, class F, class... Arguments>
RootTask run_respond(PromiseGuard<Promise> promise, F f, Arguments... arguments) {
  std::exception_ptr thrown;
  try {
    using T = decltype(f(std::move(arguments)...).await_resume());
    if constexpr (std::is_void_v<T>) {
      co_await f(std::move(arguments)...);
      promise.deliver(caf::unit);
    } else {
      promise.deliver(co_await f(std::move(arguments)...));
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) promise.deliver(error_of(thrown));
}

/// Starts `f(arguments...)`, a Task<void>, within `scope`. Runs at once, up to its first wait. An
/// exception that leaves it ends the actor with an error.
///
///     [self](start_atom) { co::spawn(self, self->state.scope, walk, self, run_id); }
template <class F, class... Arguments>
void spawn(caf::scheduled_actor* self, Scope& scope, F f, Arguments... arguments) {
  run_detached(self, std::move(f), std::move(arguments)...).start(scope);
}

/// Answers the current message with what the Task<T> `f(arguments...)` returns; with its exception
/// as an error; with `request_receiver_down` when the coroutine ends with its actor.
///
///     [self](get_atom, int x) { return co::respond<int>(self, self->state.scope, fetch, self, x);
///     }
template <class... T, class Self, class F, class... Arguments>
auto respond(Self* self, Scope& scope, F f, Arguments... arguments) {
  auto promise = [&] {
    if constexpr (sizeof...(T) == 0) {
      return self->make_response_promise();
    } else {
      return self->template make_response_promise<T...>();
    }
  }();
  run_respond(PromiseGuard<decltype(promise)>{promise}, std::move(f), std::move(arguments)...)
      .start(scope);
  return promise;
}

}  // namespace runink::co
