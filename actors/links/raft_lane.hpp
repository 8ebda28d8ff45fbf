// The Raft lane to one peer: calls it, carries our messages, calls again when the connection ends.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "actors/links/outbox.hpp"
#include "actors/links/peer_context.hpp"
#include "actors/links/peer_dial.hpp"
#include "config/cluster_file.hpp"
#include "raft/types.hpp"

namespace runink::actors {

class RaftLane : public std::enable_shared_from_this<RaftLane> {
 public:
  RaftLane(std::shared_ptr<PeerContext> context, config::Peer peer);

  void start();
  /// From any thread; never blocks. What cannot be sent is dropped, and Raft hears of it once.
  void send(const raft::Envelope& envelope);
  /// It called, so it lives: no pause before the next call. What it says on a call that it made long ago does
  /// not count: it may be heard for days and not be reached, and would be called at each of its heartbeats.
  void lives();
  void abort();
  /// Never calls again.
  void end();
  /// From any thread.
  bool connected() const { return connected_.load(std::memory_order_relaxed); }
  /// How many calls of ours came about since the start. From any thread.
  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  const config::Peer& peer() const { return peer_; }

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> carry();
  boost::asio::awaitable<void> watch(std::shared_ptr<PeerDial> dial);
  boost::asio::awaitable<void> rest();
  void tell_failure(const Fault& fault);
  void unreachable();

  std::shared_ptr<PeerContext> context_;
  const config::Peer peer_;
  Outbox outbox_;
  co::Waker changed_;
  std::shared_ptr<PeerDial> dial_;  ///< the newest
  std::atomic<bool> connected_{false};
  std::atomic<std::uint64_t> connections_{0};
  boost::asio::steady_timer pause_;
  Duration next_pause_;
  bool resting_ = false;
  bool ended_ = false;
  std::string last_failure_;  ///< as it was logged
};

}  // namespace runink::actors
