// One connection of the admin door. Three coroutines on the Asio thread share it: one reads lines,
// one serves them one after the other, one writes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "actors/coroutines/blocking.hpp"
#include "actors/coroutines/waker.hpp"
#include "actors/doors/admin_door.hpp"
#include "actors/doors/admin_handler.hpp"
#include "actors/doors/admin_line.hpp"

namespace runink::actors {

class AdminSession : public std::enable_shared_from_this<AdminSession> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  AdminSession(Socket socket, PeerCaller caller, const AdminDoorOptions& options,
               AdminHandler& handler, co::DiskThreads& disk, Log& log);

  /// Returns when the connection has ended and nothing of it runs any more.
  boost::asio::awaitable<void> run();
  /// The caller is gone, or the door closes: cancels what runs, forgets what waits.
  void abort();

 private:
  /// One request while it runs: the way back for its handler.
  struct Exchange;
  /// A line as it came; none when the reader refused it, with the fault to answer.
  struct Waiting {
    std::string text;
    std::optional<Fault> refusal;
  };

  boost::asio::awaitable<void> read();
  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> watch();
  boost::asio::awaitable<void> serve_one(AdminLine line);
  boost::asio::awaitable<void> run_handler(std::shared_ptr<Exchange> exchange,
                                           AdminRequest request);
  boost::asio::awaitable<AdminReading> understand(std::string text);

  bool take_lines();
  bool crowded() const;
  void put(std::string line);
  boost::asio::awaitable<void> room_to_write();
  bool hung_up();

  Socket socket_;
  const PeerCaller caller_;
  const AdminDoorOptions options_;
  AdminHandler& handler_;
  co::DiskThreads& disk_;
  Log& log_;

  std::string unread_;        ///< what came and is no whole line yet
  std::size_t searched_ = 0;  ///< bytes of it that hold no line end
  std::deque<Waiting> lines_;
  std::size_t line_bytes_ = 0;
  std::string unsent_;
  std::weak_ptr<Exchange> running_;
  bool no_more_input_ = false;
  bool served_ = false;  ///< the last answer is in `unsent_`
  bool gone_ = false;
  // Each for one thing to wait for: a request wakes only who has something to do.
  co::Waker came_;  ///< there are lines, or no more will come
  co::Waker
      taken_;  ///< there is room for lines again, or there is none: the reader, and who watches instead of it
  co::Waker made_;   ///< there is something to send, or nothing will follow
  co::Waker sent_;   ///< less is to be sent
  co::Waker ended_;  ///< a handler, or one of the three, has ended
};

}  // namespace runink::actors
