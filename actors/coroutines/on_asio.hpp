// An actor's coroutine waits for an Asio coroutine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "actors/coroutines/wake.hpp"

namespace runink::co {

template <class T, class F>
class [[nodiscard]] AsioAwaiter {
 public:
  AsioAwaiter(caf::scheduled_actor* self, const boost::asio::any_io_executor& executor, F f)
      : self_(self), strand_(boost::asio::make_strand(executor)), f_(std::move(f)) {}
  AsioAwaiter(AsioAwaiter&&) = default;
  AsioAwaiter& operator=(AsioAwaiter&&) = delete;
  ~AsioAwaiter() {
    if (shared_ && !woken_)
      boost::asio::post(strand_, [shared = shared_] {
        shared->signal.emit(boost::asio::cancellation_type::terminal);
      });
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    auto wake = park(self_, waiting, &woken_);
    if (!wake) return;  // the coroutine and *this are gone
    shared_ = std::make_shared<Shared>();
    boost::asio::post(
        strand_, [strand = strand_, f = std::move(f_), shared = shared_, wake = *wake]() mutable {
          auto slot = shared->signal.slot();
          if constexpr (std::is_void_v<T>) {
            boost::asio::co_spawn(strand, std::move(f),
                                  boost::asio::bind_cancellation_slot(
                                      slot, [shared, wake](std::exception_ptr thrown) {
                                        shared->thrown = thrown;
                                        wake();
                                      }));
          } else {
            boost::asio::co_spawn(strand, std::move(f),
                                  boost::asio::bind_cancellation_slot(
                                      slot, [shared, wake](std::exception_ptr thrown, T value) {
                                        shared->thrown = thrown;
                                        if (!thrown) shared->value.emplace(std::move(value));
                                        wake();
                                      }));
          }
        });
  }
  T await_resume() {
    if (shared_->thrown) std::rethrow_exception(shared_->thrown);
    if constexpr (!std::is_void_v<T>) return std::move(*shared_->value);
  }

 private:
  struct Shared {
    boost::asio::cancellation_signal signal;
    std::exception_ptr thrown;
    std::conditional_t<std::is_void_v<T>, char, std::optional<T>> value{};
  };
  caf::scheduled_actor* self_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  F f_;
  std::shared_ptr<Shared> shared_;
  bool woken_ = false;
};

/// Runs `f()`, an Asio coroutine, on a strand of `executor`, goes on in the actor with its result or
/// exception. T is default constructible (Asio asks for it) and never a CAF message. `f` is given by
/// its name and moved from. The end of the actor cancels the Asio coroutine.
///
///     auto dial = [address]() -> asio::awaitable<Link> {...};
///     Link link = co_await co::on_asio(self, executor, dial);
template <class F>
auto on_asio(caf::scheduled_actor* self, const boost::asio::any_io_executor& executor, F& f) {
  using T = typename std::invoke_result_t<F&>::value_type;
  return AsioAwaiter<T, F>{self, executor, std::move(f)};
}
template <class F>
auto on_asio(caf::scheduled_actor* self, const boost::asio::any_io_executor& executor, F&& f) {
  static_assert(safe_in_co_await<F>,
                "Name the function first: auto dial = [x]() -> awaitable<T> {...}; co_await "
                "on_asio(self, executor, dial). g++ 12 destroys a temporary closure within a "
                "co_await expression twice.");
  using T = typename std::invoke_result_t<F&>::value_type;
  return AsioAwaiter<T, F>{self, executor, std::forward<F>(f)};
}

}  // namespace runink::co
