// What all links of one node share, and what they tell Raft.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <caf/all.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/coroutines/blocking.hpp"
#include "actors/coroutines/waker.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/peer_frame.hpp"
#include "actors/links/peer_hello.hpp"
#include "actors/links/peer_stream.hpp"
#include "security/tls_context.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

/// Used on the Asio thread, but for what says otherwise. It lives until the last coroutine has ended.
struct PeerContext {
  PeerContext(boost::asio::any_io_executor on, Hello self, std::vector<config::Peer> nodes,
              bool joins, const storage::DataFolder& folder, storage::MetNodes met,
              co::DiskThreads& threads, const security::TlsContext* with, Log& to)
      : executor(std::move(on)),
        known(std::move(self), std::move(nodes), joins, folder, std::move(met)),
        disk(threads),
        tls(with),
        log(to),
        ended(executor) {}

  const boost::asio::any_io_executor executor;
  Acquaintance known;
  co::DiskThreads& disk;
  const security::TlsContext* tls;  ///< nothing: in the clear
  Log& log;
  Duration silence = limits::peer_silence;    ///< after which a peer that was asked is given up
  caf::actor raft;                            ///< set once, before anything is sent or accepted
  std::function<void(const Fault&)> removed;  ///< another node says that we are no member any more
  bool closing = false;
  std::size_t coroutines = 0;
  co::Waker ended;

  /// Runs `work()`, a coroutine, and counts it until it has ended.
  void spawn(std::function<boost::asio::awaitable<void>()> work);
};

/// Aborts `stream` when it is still there after `time`; forget it by destroying the answer.
std::unique_ptr<boost::asio::steady_timer> give_up_after(
    Duration time, const std::shared_ptr<PeerStream>& stream,
    const boost::asio::any_io_executor& executor);

/// The next frame of `stream`.
boost::asio::awaitable<Result<Frame>> next_frame(PeerStream& stream, FrameReader& reader);
/// The first frame of the other side; its refusal is a fault: `no_such_thing` when it says that we were
/// removed.
boost::asio::awaitable<Result<Hello>> expect_hello(PeerStream& stream, FrameReader& reader);

/// What this node says first on a connection of this lane. The disk threads, which may be busy for long, are
/// needed only in a life that was not shown yet.
boost::asio::awaitable<Result<Hello>> our_hello(std::shared_ptr<PeerContext> context, Lane lane);
/// Acquaintance::meet; the disk threads are needed only for a life that was not met yet.
boost::asio::awaitable<Result<config::Peer>> meet(std::shared_ptr<PeerContext> context, Hello hello,
                                                  std::optional<NodeName> proven);

}  // namespace runink::actors
