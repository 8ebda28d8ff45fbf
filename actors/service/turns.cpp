#include "actors/service/turns.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace runink::actors {

namespace asio = boost::asio;

asio::awaitable<std::shared_ptr<void>> Turns::wait() {
  while (taken_) {
    asio::steady_timer woken(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    waiting_.push_back(&woken);
    const auto forget = [this](asio::steady_timer* timer) { std::erase(waiting_, timer); };
    const std::unique_ptr<asio::steady_timer, decltype(forget)> waits(&woken, forget);
    // Both a wake and a cancellation end the wait; after the latter the next one throws.
    (void)co_await woken.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  taken_ = true;
  co_return std::shared_ptr<void>(nullptr, [this](void*) { next(); });
}

void Turns::next() {
  taken_ = false;
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

}  // namespace runink::actors
