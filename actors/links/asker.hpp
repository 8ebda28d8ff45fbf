// Questions to one peer: one connection, made when the first is asked, for as many as there are.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/links/exchange.hpp"
#include "actors/links/peer_context.hpp"
#include "actors/links/peer_dial.hpp"

namespace runink::actors {

/// On the Asio thread.
class Asker : public std::enable_shared_from_this<Asker> {
 public:
  Asker(std::shared_ptr<PeerContext> context, config::Peer peer, Lane lane);

  /// Until there is the last word; each part before it is given to `take`. Cancelling the coroutine
  /// cancels the question. Without an answer: `outside_failed` and `not_asked` when the peer cannot be
  /// reached, `unknown_outcome` when the connection was lost while it had the question.
  boost::asio::awaitable<PeerAnswer> ask(Subject subject, std::string payload, PartTaker take);
  void abort();

 private:
  struct Exchange;
  class Ending;
  boost::asio::awaitable<Result<void>> connected();
  boost::asio::awaitable<void> dial();
  boost::asio::awaitable<void> read(std::shared_ptr<PeerDial> dial);
  boost::asio::awaitable<void> write(std::shared_ptr<PeerDial> dial);
  Result<void> understand(const Frame& frame);
  void lost(const Fault& why);
  template <class T>
  void say(FrameKind kind, const T& frame);

  std::shared_ptr<PeerContext> context_;
  const config::Peer peer_;
  const Lane lane_;
  std::shared_ptr<PeerDial> dial_;  ///< connected, or being so
  bool dialing_ = false;
  std::optional<Fault> failed_;  ///< why the last call did not come about
  co::Waker dialed_;
  std::map<std::uint64_t, std::shared_ptr<Exchange>> exchanges_;
  std::uint64_t next_id_ = 1;
  std::string out_;
  co::Waker more_out_;
};

}  // namespace runink::actors
