// The invariants of the published TLA+ specification of Raft (etcd-io/raft tla), over all nodes at one
// moment. Those that speak of what happened once are judged where it happens (global_checker.cpp).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "simulated_node.hpp"

namespace runink::raft::simulation {

struct Moment {
  const std::map<NodeId, std::unique_ptr<SimulatedNode>>& nodes;
  /// The entry committed at an index up to `committed`.
  const Entry& (*entry)(const void* from, LogIndex index);
  const void* from;
  LogIndex committed;
};

/// Each throws Violation. MoreThanOneLeaderInv: no two lead one term at one time.
void more_than_one_leader(const Moment& moment);
/// LogMatchingInv: logs that agree on an entry agree on all before it.
void log_matching(const Moment& moment);
/// LogInv: of what two nodes hold to be committed, one is the beginning of the other.
void log_inv(const Moment& moment);
/// QuorumLogInv: every quorum of a node's voters has one that holds all which that node has committed.
void quorum_log(const Moment& moment);
/// MoreUpToDateCorrectInv: a log that would win a vote against a node's has all which that node has
/// committed.
void more_up_to_date_correct(const Moment& moment);

/// Not of that specification, in which messages cannot be so late: what a leader counts a follower to
/// hold, that follower has on its disk.
void matches_are_durable(const Moment& moment);

}  // namespace runink::raft::simulation
