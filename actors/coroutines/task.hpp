// Task<T>: a coroutine that starts when it is awaited and belongs to the one who awaits it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "actors/coroutines/scope.hpp"

namespace runink::co {

struct TaskPromise {
  /// Symmetric transfer to whoever awaits, so that long chains need no stack.
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      return done.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  FrameCount counted;
  Root* root = nullptr;
  std::coroutine_handle<> continuation;
  std::exception_ptr error;
};

template <class T>
struct ValuePromise : TaskPromise {
  template <class U>
  void return_value(U&& given) {
    value.emplace(std::forward<U>(given));
  }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct ValuePromise<void> : TaskPromise {
  void return_void() noexcept {}
  void take() {
    if (error) std::rethrow_exception(error);
  }
};

/// Lazy and move-only. An exception that leaves the coroutine comes out of `co_await`.
template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : ValuePromise<T> {
    Task get_return_object() noexcept {
      return Task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
  };
  using value_type = T;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    frame_.promise().continuation = waiting;
    frame_.promise().root = waiting.promise().root;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

}  // namespace runink::co
