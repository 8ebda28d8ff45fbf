#include "actors/coroutines/waker.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace runink::co {

boost::asio::awaitable<void> Waker::wait() {
  boost::system::error_code woken;
  co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

}  // namespace runink::co
