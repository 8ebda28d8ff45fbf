// Whether a node lives and serves, for /health and /ready, and what of Raft is only looked up when somebody
// scrapes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <caf/all.hpp>
#include <optional>
#include <string>
#include <vector>

#include "actors/doors/metrics_door.hpp"
#include "actors/messages.hpp"
#include "actors/services.hpp"

namespace runink::actors {

class PeerLinks;

/// Called on the metrics door's thread; blocks at most about two seconds.
class Health {
 public:
  Health(caf::actor_system& system, caf::actor raft, boost::asio::io_context& io,
         Services& services, PeerLinks* links)
      : system_(system), raft_(std::move(raft)), io_(io), services_(services), links_(links) {}

  /// Good while the network thread and the actors answer within a second each: else the process must be
  /// started again.
  HealthReport lives() const;
  /// Good while requests are served here: a leader is known, this node is a member, and what it has applied
  /// is near what is agreed on. Says also whether the voters that are left would be a living majority.
  HealthReport serves() const;
  /// Brings the gauges up to date.
  void refresh() const;

 private:
  std::optional<RaftStatus> raft() const;
  bool network_turns() const;

  caf::actor_system& system_;
  caf::actor raft_;
  boost::asio::io_context& io_;
  Services& services_;
  PeerLinks* links_;
};

/// Why a node does not serve, each a sentence; none: it does. `self` is its id.
std::vector<std::string> why_not_ready(const RaftStatus& raft, NodeId self);
/// Of a leader: would the cluster stop if this node went away now?
bool would_lose_quorum_without(const RaftStatus& raft, NodeId self);

}  // namespace runink::actors
