// The questions of one caller, on the connection that it made.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "actors/links/exchange.hpp"
#include "actors/links/frame_writer.hpp"
#include "actors/links/peer_context.hpp"

namespace runink::actors {

/// On the Asio thread.
class AskServer : public std::enable_shared_from_this<AskServer> {
 public:
  AskServer(std::shared_ptr<PeerContext> context, std::shared_ptr<PeerStream> stream,
            config::Peer from, PeerService& service);

  /// Until the connection has ended and nothing that it asked is worked on any more.
  boost::asio::awaitable<void> run(FrameReader& reader);

 private:
  struct Work;
  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> say_alive(FrameReader& reader);
  boost::asio::awaitable<void> serve(std::shared_ptr<Work> work, PeerAsk ask);
  Result<void> understand(const Frame& frame);
  Result<void> begin(AskFrame question);
  void finish(std::uint64_t id, PeerAnswer answer);

  std::shared_ptr<PeerContext> context_;
  std::shared_ptr<PeerStream> stream_;
  const config::Peer from_;
  PeerService& service_;
  std::map<std::uint64_t, std::shared_ptr<Work>> works_;
  FrameWriter line_;
  co::Waker changed_;
  boost::asio::steady_timer tick_;
  int coroutines_ = 2;  ///< that are not over: `write`, `say_alive`
};

}  // namespace runink::actors
