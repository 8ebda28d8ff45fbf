// The leader's half of the node streams: who is connected, until when its lease holds, and what it
// has to do. Pure bookkeeping on the state_actor's thread.
#pragma once

#include <caf/all.hpp>
#include <map>
#include <memory>
#include <vector>

#include "actors/messages.hpp"
#include "state/apply.hpp"
#include "state/cluster_state.hpp"

namespace runink::actors {

class NodeSessions {
 public:
  NodeSessions(caf::event_based_actor* owner, NodeName self)
      : owner_(owner), self_(std::move(self)) {}

  /// A worker opened its stream; it gets its whole set when `cluster` may be told.
  void open(const NodeName& node, caf::actor worker);
  bool has(const NodeName& node) const { return sessions_.contains(node); }
  /// Sends every session its complete set.
  void tell_all(const state::ClusterState& cluster);
  /// Sends those sessions their complete set whose attempts or publications `events` changed.
  void tell(const state::ClusterState& cluster, const std::vector<state::Event>& events);

  void renewed(const NodeName& node, Instant now);
  /// From `at` on every node of `cluster` has a full lease: a new leader knows no grants.
  void grant_all(const state::ClusterState& cluster, Instant at);
  /// Living workers whose lease, as the leader counts it, has passed. One that joined and was not heard of
  /// since has a full one from the first call on.
  std::vector<NodeName> expired(const state::ClusterState& cluster, Instant now, Duration lease);

 private:
  struct Session {
    caf::actor worker;
    std::map<AttemptKey, std::shared_ptr<const state::Assignment>> attempts;
    std::vector<std::shared_ptr<const state::Publication>> publications;
  };
  void refill(const state::ClusterState& cluster, const NodeName& node, Session& session);
  void refill_publications(const state::ClusterState& cluster, const NodeName& node,
                           Session& session);
  void send(const state::ClusterState& cluster, const Session& session);

  caf::event_based_actor* owner_;
  NodeName self_;
  std::map<NodeName, Session> sessions_;
  std::map<NodeName, Instant> renewed_;
};

}  // namespace runink::actors
