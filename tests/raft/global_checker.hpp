// What must be true of all nodes together: the properties of figure 3 of the Raft paper and the
// TLA+ invariants of the same names. Sees every node's memory and disk, which no node can.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulated_node.hpp"

namespace runink::raft::simulation {

using Nodes = std::map<NodeId, std::unique_ptr<SimulatedNode>>;

class GlobalChecker {
 public:
  /// `look_inside`: run every core's own invariants too.
  GlobalChecker(const Nodes& nodes, bool look_inside) : nodes_(nodes), look_inside_(look_inside) {}

  void before_step(NodeId node, const Core& core);
  /// Throws Violation.
  void after_step(NodeId node, const Core& core, const Effects& effects);
  void applied(NodeId node, const std::vector<Entry>& entries);
  void logs_match() const;
  /// At the end of the calm phase. Who is no member of the leader's configuration may be anywhere.
  void everything_settled(const std::set<NodeId>& dead) const;

  /// 0 = nobody leads.
  NodeId leader_of_newest_term() const;

  std::size_t configurations() const { return configurations_; }
  std::size_t committed() const { return committed_.size(); }
  std::size_t leaders() const { return leaders_.size(); }

 private:
  struct CommittedEntry {
    Entry entry;
    Term by;  // committed in this term or an earlier one
  };

  void elected(NodeId node, const Core& core);
  void committed_by(NodeId node, const Core& core, LogIndex index);

  const Nodes& nodes_;
  bool look_inside_;
  Observation before_;
  Voters before_voters_;  // of a leader: those by whom it counts in this step
  std::map<Term, NodeId> leaders_;
  std::size_t configurations_ = 0;
  std::vector<CommittedEntry> committed_;
  std::map<LogIndex, Version> versions_;  // that the group speaks from there on
  std::set<std::string> payloads_;
};

}  // namespace runink::raft::simulation
