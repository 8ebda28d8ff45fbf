// Asio coroutines of one thread wait for each other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "vocabulary/units.hpp"

namespace runink::co {

/// For Asio's timers.
inline std::chrono::nanoseconds chrono_of(Duration time) {
  return std::chrono::nanoseconds(time.ns);
}

/// Something that several coroutines of one thread wait for. A wake is no promise: look again.
class Waker {
 public:
  explicit Waker(const boost::asio::any_io_executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}
  void wake() { timer_.cancel(); }
  boost::asio::awaitable<void> wait();

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace runink::co
