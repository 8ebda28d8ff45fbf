// Questions to one peer: one connection, made when the first is asked, for as many as there are.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/links/exchange.hpp"
#include "actors/links/frame_writer.hpp"
#include "actors/links/peer_context.hpp"
#include "actors/links/peer_dial.hpp"

namespace runink::actors {

/// On the Asio thread.
class Asker : public std::enable_shared_from_this<Asker> {
 public:
  Asker(std::shared_ptr<PeerContext> context, config::Peer peer, Lane lane);

  /// Until there is the last word; each part before it is given to `take`. Cancelling the coroutine
  /// cancels the question. Without an answer: `outside_failed` and `not_asked` when the peer cannot be
  /// reached, `exhausted` and `not_asked` when too much waits to be sent to it, `unknown_outcome` when
  /// the connection was lost or nothing at all came on it for the context's `silence` while the peer had
  /// the question, or when nothing of the answer came for `patience` (0: there is no such limit); the
  /// time that `take` needs does not count.
  boost::asio::awaitable<PeerAnswer> ask(Subject subject, std::string payload, PartTaker take,
                                         Duration patience);
  /// Another node leads: what a worker asked this one as its leader gets `unknown_outcome`.
  void leads_no_more();
  void abort();

 private:
  struct Exchange;
  class Ending;
  using ExchangePtr = std::shared_ptr<Exchange>;
  using WriterPtr = std::shared_ptr<FrameWriter>;

  boost::asio::awaitable<void> connect(ExchangePtr exchange);
  boost::asio::awaitable<PeerAnswer> answer(ExchangePtr exchange, std::uint64_t id, PartTaker take,
                                            Duration patience);
  boost::asio::awaitable<void> hear(ExchangePtr exchange, Duration patience);
  boost::asio::awaitable<void> dial();
  boost::asio::awaitable<void> read(std::shared_ptr<PeerDial> dial, WriterPtr line);
  boost::asio::awaitable<void> watch(std::shared_ptr<PeerDial> dial, WriterPtr line);
  bool connected() const { return line_ && !line_->ended(); }
  std::size_t unsent() const;
  bool is_asked(const WriterPtr& line) const;
  Result<void> understand(const Frame& frame);
  void lost(const WriterPtr& line, const std::string& why);
  void end(Exchange& exchange, FaultKind kind, std::string what);
  void end_in_doubt(Exchange& exchange, const std::string& why);

  std::shared_ptr<PeerContext> context_;
  const config::Peer peer_;
  const Lane lane_;
  std::shared_ptr<PeerDial> dial_;  ///< the newest
  WriterPtr line_;                  ///< of the newest connection; nothing while it is made
  bool dialing_ = false;
  std::optional<Fault> failed_;  ///< why the last call did not come about
  co::Waker dialed_;
  std::map<std::uint64_t, ExchangePtr> exchanges_;
  std::uint64_t next_id_ = 1;
  boost::asio::steady_timer tick_;
  int silent_ticks_ = 0;  ///< of the newest connection, since something came
};

}  // namespace runink::actors
