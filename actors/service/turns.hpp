// One after the other, for coroutines of the Asio thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

namespace runink::actors {

/// Lets one coroutine at a time do something. Used on one thread.
class Turns {
 public:
  /// Waits until nobody else has the turn. It lasts as long as what is returned, which must not
  /// outlive this; a coroutine that is cancelled while it waits leaves nothing behind.
  boost::asio::awaitable<std::shared_ptr<void>> wait();

 private:
  void next();
  bool taken_ = false;
  std::vector<boost::asio::steady_timer*> waiting_;
};

}  // namespace runink::actors
