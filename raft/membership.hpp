// Who belongs to a group, and the algebra of changing it. Pure functions over configurations; the
// tables of etcd-io/raft (tests/data/raft/confchange) hold the results.
#pragma once

#include <cstdint>
#include <expected>
#include <set>
#include <span>
#include <string_view>
#include <tuple>

#include "raft/quorum.hpp"
#include "raft/types.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::raft {

/// One state of the membership, whole: what a configuration entry holds. Invariants: a learner is
/// no incoming voter and no outgoing one; `learners_next` are outgoing voters that are not incoming;
/// `joining` are learners; `auto_leave` only while joint.
struct Configuration {
  Voters voters;
  std::set<NodeId> learners;       ///< get the log, never vote, are never counted
  std::set<NodeId> learners_next;  ///< voters still, learners once the joint state is left
  std::set<NodeId> joining;        ///< learners that become voters by themselves when caught up
  bool auto_leave = false;         ///< the leader leaves the joint state when it is committed
  friend bool operator==(const Configuration&, const Configuration&) = default;
  static auto fields(auto& self) {
    return std::tie(self.voters.incoming, self.voters.outgoing, self.learners, self.learners_next,
                    self.joining, self.auto_leave);
  }

  bool is_joint() const { return !voters.outgoing.empty(); }
  /// Voters of both halves and learners.
  std::set<NodeId> members() const;
};

/// What a configuration entry holds; `corrupt` when it cannot be read or contradicts itself.
Result<Configuration> configuration_in(const Entry& entry);

/// True when every invariant above holds; what comes off a disk or a wire is asked.
bool is_consistent(const Configuration& configuration);

struct MemberChange {
  enum class Kind : std::uint8_t {
    voter = 1,    ///< add, or promote
    learner = 2,  ///< add, or demote
    remove = 3,
    join = 4,  ///< add as a learner that becomes a voter by itself
  };
  Kind kind = Kind::voter;
  NodeId node;  ///< 0: the change is skipped
  friend bool operator==(const MemberChange&, const MemberChange&) = default;
  static auto fields(auto& self) { return std::tie(self.kind, self.node); }
};
constexpr bool known(MemberChange::Kind kind) {
  return kind >= MemberChange::Kind::voter && kind <= MemberChange::Kind::join;
}

/// A configuration, or why there is none, in words for an operator.
using Changed = std::expected<Configuration, std::string_view>;

/// The changes in order, in one step. Only when at most one voter differs do majorities before and
/// after share a member (thesis, 4.1), so more are refused. So is a configuration without voters.
Changed change_simply(const Configuration& from, std::span<const MemberChange> changes);
/// The joint configuration of `from` and `from` with the changes (Raft paper, section 6).
Changed enter_joint(const Configuration& from, std::span<const MemberChange> changes,
                    bool auto_leave);
/// The incoming half alone; demoted voters become learners.
Changed leave_joint(const Configuration& from);

/// How many voters of the incoming halves differ.
std::size_t voters_that_differ(const Configuration& one, const Configuration& two);

}  // namespace runink::raft
