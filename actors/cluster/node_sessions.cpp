#include "actors/cluster/node_sessions.hpp"

#include <set>

namespace runink::actors {

void NodeSessions::open(const NodeName& node, caf::actor worker) {
  sessions_[node] = Session{std::move(worker), {}, {}};
}

void NodeSessions::refill_publications(const state::ClusterState& cluster, const NodeName& node,
                                       Session& session) {
  session.publications.clear();
  for (state::Publication& one : state::publications_of(cluster, node))
    session.publications.push_back(std::make_shared<const state::Publication>(std::move(one)));
}

void NodeSessions::refill(const state::ClusterState& cluster, const NodeName& node,
                          Session& session) {
  session.attempts.clear();
  for (state::Assignment& one : state::assignments_of(cluster, node)) {
    auto shared = std::make_shared<const state::Assignment>(std::move(one));
    session.attempts.emplace(shared->attempt, shared);
  }
  refill_publications(cluster, node, session);
}

void NodeSessions::send(const state::ClusterState& cluster, const Session& session) {
  Assignments set;
  set.as_of = cluster.applied;
  for (const auto& [key, one] : session.attempts) set.attempts.push_back(one);
  set.publications = session.publications;
  owner_->send(session.worker, std::move(set));
}

void NodeSessions::tell_all(const state::ClusterState& cluster) {
  for (auto& [node, session] : sessions_) {
    refill(cluster, node, session);
    send(cluster, session);
  }
}

void NodeSessions::tell(const state::ClusterState& cluster,
                        const std::vector<state::Event>& events) {
  std::set<NodeName> changed;
  bool publications = false;
  const auto forget = [&](const AttemptKey& attempt, const NodeName& node) {
    if (const auto session = sessions_.find(node); session != sessions_.end()) {
      session->second.attempts.erase(attempt);
      changed.insert(node);
    }
  };
  const auto refresh = [&](const AttemptKey& attempt, const NodeName& node) {
    const auto session = sessions_.find(node);
    if (session == sessions_.end()) return;
    auto one = state::assignment_of(cluster, attempt);
    if (one)
      session->second.attempts[attempt] =
          std::make_shared<const state::Assignment>(std::move(*one));
    else
      session->second.attempts.erase(attempt);  // placed and over within one batch
    changed.insert(node);
  };
  for (const state::Event& event : events) {
    if (const auto* placed = std::get_if<state::AttemptPlaced>(&event))
      refresh(placed->attempt, placed->node);
    else if (const auto* ending = std::get_if<state::AttemptEnding>(&event))
      refresh(ending->attempt, ending->node);
    else if (const auto* over = std::get_if<state::AttemptOver>(&event))
      forget(over->attempt, over->node);
    else if (const auto* done = std::get_if<state::PartitionDone>(&event))
      forget(done->attempt, done->node);
    else if (std::holds_alternative<state::PublishDue>(event))
      publications = true;
    else if (const auto* stage = std::get_if<state::StageChanged>(&event))
      publications |= state::is_over(stage->status);
  }
  for (auto& [node, session] : sessions_) {
    if (publications) {
      const std::size_t before = session.publications.size();
      refill_publications(cluster, node, session);
      if (before != 0 || !session.publications.empty()) changed.insert(node);
    }
    if (changed.contains(node)) send(cluster, session);
  }
}

void NodeSessions::renewed(const NodeName& node, Instant now) { renewed_[node] = now; }

void NodeSessions::grant_all(const state::ClusterState& cluster, Instant at) {
  renewed_.clear();
  for (const auto& [name, node] : cluster.nodes)
    if (node.alive) renewed_[name] = at;
}

std::vector<NodeName> NodeSessions::expired(const state::ClusterState& cluster, Instant now,
                                            Duration lease) {
  std::vector<NodeName> late;
  for (const auto& [name, node] : cluster.nodes) {
    if (!node.alive) {
      renewed_.erase(name);  // it joins again with a lease of its own
    } else if (node.joined.worker) {
      const auto [last, joined] = renewed_.try_emplace(name, now);
      if (!joined && lease < now - last->second) late.push_back(name);
    }
  }
  return late;
}

}  // namespace runink::actors
