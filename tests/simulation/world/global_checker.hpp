// What must be true of all nodes together: the properties of figure 3 of the Raft paper and the
// TLA+ invariants of the same names. Sees every node's memory and disk, which no node can.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coverage.hpp"
#include "simulated_node.hpp"
#include "tla_invariants.hpp"

namespace runink::raft::simulation {

using Nodes = std::map<NodeId, std::unique_ptr<SimulatedNode>>;

class GlobalChecker {
 public:
  /// `look_inside`: run every core's own invariants too.
  GlobalChecker(const Nodes& nodes, bool look_inside, Coverage& coverage, Judged& judged)
      : nodes_(nodes), look_inside_(look_inside), coverage_(coverage), judged_(judged) {}

  void before_step(NodeId node, const Core& core, const Input& input);
  /// Throws Violation.
  void after_step(NodeId node, const Core& core, const Effects& effects);
  void applied(NodeId node, const Entry& entry, const Machine& after);
  void installed(NodeId node, const SnapshotMeta& meta, const Machine& content);
  /// The client of this entry was told that it is done.
  void acknowledged(LogIndex index) { acknowledged_ = std::max(acknowledged_, index); }
  /// All of tla_invariants.hpp.
  void look_at_all() const;
  /// Why not all is well: nobody leads, or something has not come to its end; nothing when all has.
  /// Who is no member of the leader's configuration may be anywhere.
  std::optional<std::string> unsettled(const std::set<NodeId>& dead) const;
  /// Once all is settled: nothing that was acknowledged is missing anywhere.
  void nothing_is_lost(const std::set<NodeId>& dead);

  /// 0 = nobody leads.
  NodeId leader_of_newest_term() const;

  std::size_t committed() const { return committed_.size(); }
  const Entry& committed(LogIndex index) const { return committed_[index.value - 1].entry; }
  std::size_t leaders() const { return leaders_.size(); }

 private:
  struct CommittedEntry {
    Entry entry;
    Term by;                  // committed in this term or an earlier one
    std::uint64_t chain = 0;  // over all entries up to this one
    std::uint64_t state = 0;  // of the first machine that applied it; 0 = none has
  };
  /// What of a leader's followers is compared over a step.
  struct Rejections {
    Term term;
    std::map<NodeId, std::uint32_t> in_a_row;
  };

  Moment moment() const;
  void count_changes(const Core& core, const Effects& effects);
  void elected(NodeId node, const Core& core);
  void committed_by(NodeId node, const Core& core, LogIndex index);
  void configuration_committed(const Entry& entry);
  void look_at_version(NodeId node, const Core& core) const;
  void look_at_probes(NodeId node, const Core& core);
  void judge(Property property) const { ++judged_[static_cast<std::size_t>(property)]; }

  const Nodes& nodes_;
  bool look_inside_;
  Coverage& coverage_;
  Judged& judged_;
  Observation before_;
  Voters before_voters_;  // of a leader: those by whom it counts in this step
  bool before_joint_ = false;
  std::optional<NodeId> rejecting_;  // the input is this follower's rejection
  LogIndex rejecting_next_;
  std::optional<NodeId> accepting_;
  std::map<NodeId, Rejections> rejections_;
  std::map<Term, NodeId> leaders_;
  std::vector<CommittedEntry> committed_;
  LogIndex acknowledged_;
  std::set<NodeId> learners_;             // of the newest committed configuration
  std::map<LogIndex, Version> versions_;  // that the group speaks from there on
  std::set<std::string> payloads_;
};

}  // namespace runink::raft::simulation
