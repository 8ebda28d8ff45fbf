#include "global_checker.hpp"

#include <algorithm>

namespace runink::raft::simulation {
namespace {

std::string name(NodeId id) { return "node " + std::to_string(id.value); }
std::string name(LogIndex index) { return "entry " + std::to_string(index.value); }
std::string name(Term term) { return "term " + std::to_string(term.value); }

}  // namespace

void GlobalChecker::before_step(NodeId, const Core& core) {
  before_ = observe(core);
  if (core.role() == Role::leader) before_voters_ = core.voters();
}

void GlobalChecker::after_step(NodeId node, const Core& core, const Effects& effects) {
  if (look_inside_)
    if (const auto broken = broken_invariant(before_, core, effects))
      throw Violation{name(node) + ": it does not hold that " + std::string(*broken)};
  if (core.role() == Role::leader && (before_.role != Role::leader || before_.term != core.term()))
    elected(node, core);
  for (LogIndex i = next(before_.committed); i <= core.log().committed(); i = next(i))
    committed_by(node, core, i);
  const auto newer = versions_.upper_bound(core.log().committed());
  const Version expected = newer == versions_.begin() ? Version{1} : std::prev(newer)->second;
  if (!core.stopped() && core.version() != expected)
    throw Violation{name(node) + " speaks version " + std::to_string(core.version().value) +
                    " where the log says " + std::to_string(expected.value)};
}

void GlobalChecker::elected(NodeId node, const Core& core) {
  const auto [known, is_new] = leaders_.emplace(core.term(), node);
  if (!is_new && known->second != node)
    throw Violation{"election safety: " + name(core.term()) + " has two leaders, " +
                    name(known->second) + " and " + name(node)};
  if (!is_new) throw Violation{name(node) + " became leader of " + name(core.term()) + " twice"};
  for (const CommittedEntry& one : committed_)
    if (one.by < core.term() && one.entry.index >= core.log().first() &&
        !core.log().matches(one.entry.index, one.entry.term))
      throw Violation{"leader completeness: " + name(node) + " leads " + name(core.term()) +
                      " without the committed " + name(one.entry.index)};
}

void GlobalChecker::committed_by(NodeId node, const Core& core, LogIndex index) {
  if (index < core.log().first()) {  // by a snapshot, whose content was looked at
    if (index.value > committed_.size())
      throw Violation{name(node) + " has a snapshot with " + name(index) +
                      ", which nobody committed"};
    return;
  }
  const Entry& entry = core.log().at(index);
  if (index.value <= committed_.size()) {
    if (committed_[index.value - 1].entry != entry)
      throw Violation{"state machine safety: " + name(node) + " commits another " + name(index)};
    return;
  }
  if (index.value != committed_.size() + 1)
    throw Violation{name(node) + " commits " + name(index) + " before its predecessor"};
  // One step may commit a configuration and, being a leader's, append the one that follows it.
  const auto durable = [&](const Voters& voters) {
    std::map<NodeId, LogIndex> held;
    for (const auto& [id, other] : nodes_) {
      // A lost disk may have held it: that one copy may vanish is what a majority is for.
      if (other->disk_lost()) held[id] = index;
      if (other->holds(entry)) held[id] = index;
    }
    return committed_index(voters, held) >= index;
  };
  if (!durable(core.voters()) && !durable(before_voters_))
    throw Violation{"committed is durable: " + name(node) + " commits " + name(index) +
                    " without durable copies on a majority of its voters"};
  if (entry.type == EntryType::command && !payloads_.insert(entry.payload).second)
    throw Violation{name(index) + " commits a proposal that was committed before"};
  if (entry.type == EntryType::configuration) ++configurations_;
  if (entry.type == EntryType::set_version) versions_[index] = *version_in(entry);
  committed_.push_back({entry, core.term()});
}

void GlobalChecker::applied(NodeId node, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries)
    if (entry.index.value > committed_.size() || committed_[entry.index.value - 1].entry != entry)
      throw Violation{"state machine safety: " + name(node) + " applies another " +
                      name(entry.index)};
}

void GlobalChecker::logs_match() const {
  for (auto a = nodes_.begin(); a != nodes_.end(); ++a)
    for (auto b = std::next(a); b != nodes_.end(); ++b) {
      if (!a->second->is_up() || !b->second->is_up()) continue;
      const Log& one = a->second->core().log();
      const Log& two = b->second->core().log();
      const LogIndex from = std::max(one.first(), two.first());
      LogIndex n = std::min(one.last(), two.last());
      while (n >= from && one.at(n).term != two.at(n).term) n = previous(n);
      for (LogIndex i = from; i <= n; i = next(i))
        if (one.at(i) != two.at(i))
          throw Violation{"log matching: " + name(a->first) + " and " + name(b->first) +
                          " agree on the term of " + name(n) + " but not on " + name(i)};
    }
}

NodeId GlobalChecker::leader_of_newest_term() const {
  NodeId leading;
  for (const auto& [id, node] : nodes_) {
    if (!node->is_up() || node->core().role() != Role::leader) continue;
    if (leading == NodeId{} || nodes_.at(leading)->core().term() < node->core().term())
      leading = id;
  }
  return leading;
}

void GlobalChecker::everything_settled(const std::set<NodeId>& dead) const {
  const NodeId leading = leader_of_newest_term();
  if (leading == NodeId{}) throw Violation{"liveness: no leader although everything is healed"};
  const Core& leader = nodes_.at(leading)->core();
  if (leader.log().committed() != leader.log().last())
    throw Violation{"liveness: the leader's last entry does not commit"};
  if (leader.configuration().is_joint())
    throw Violation{"liveness: the joint configuration is not left"};
  for (const NodeId id : leader.configuration().members()) {
    if (dead.contains(id)) continue;
    const SimulatedNode& node = *nodes_.at(id);
    if (!node.is_up()) throw Violation{"liveness: " + name(id) + " is lost and still a member"};
    if (node.core().leader() != leading)
      throw Violation{"liveness: " + name(id) + " does not know the leader"};
    if (node.core().log().last() != leader.log().last() ||
        node.machine().size() != leader.log().last().value)
      throw Violation{"liveness: " + name(id) + " has not caught up"};
    if (node.core().version() != leader.version())
      throw Violation{"liveness: " + name(id) + " speaks another version"};
    if (node.core().configuration() != leader.configuration())
      throw Violation{"liveness: " + name(id) + " has another configuration"};
    if (node.machine() != nodes_.at(leading)->machine())
      throw Violation{"state machine safety: " + name(id) + " differs at the end"};
  }
}

}  // namespace runink::raft::simulation
