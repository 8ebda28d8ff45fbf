// What a core is told once, at its start.
#pragma once

#include <cstdint>
#include <set>

#include "vocabulary/ids.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// Deliberate defects, one at a time, which the simulation must catch: a checker that never fails
/// proves nothing. Production leaves it `none`.
enum class Mutant : std::uint8_t {
  none,
  acknowledge_before_sync,       ///< a follower acknowledges what is not on its disk
  count_self_before_sync,        ///< a leader counts its own entries before they are on its disk
  forget_vote,                   ///< the vote is not written
  count_old_terms,               ///< entries of earlier terms commit by counting (figure 8)
  uncapped_heartbeat_commit,     ///< heartbeats carry a commit the follower may not hold
  accept_stale_acknowledgement,  ///< answers of an earlier term count
  omit_no_op,                    ///< a new leader appends nothing of its own
  read_without_asking,           ///< a leader answers reads without asking a quorum
  reuse_read_seq,                ///< a new round of reads has the number of the last one
  read_before_own_commit,        ///< reads are answered before an entry of the own term commits
  count_learners,                ///< a learner's acknowledgement stands in for a voter's
  skip_own_term_gate,            ///< members are changed whatever is committed
  skip_joint,                    ///< several voters change in one step
  keep_cut_configuration,        ///< a configuration whose entry was cut stays in force
  lose_reject_hint,              ///< a rejected append says nothing about where logs may agree
  pre_vote_raises_term,          ///< asking for pre-votes already raises the own term
};

/// Times follow notes 5.5, sized for a LAN.
struct Config {
  NodeId self;
  /// The first configuration, the same on every node that founds the group; empty on a node that
  /// joins later, which learns the members from the log. The log's newest configuration counts.
  std::set<NodeId> voters;
  std::set<NodeId> learners;

  Duration heartbeat = milliseconds(60);
  Duration election_shortest = milliseconds(300);
  Duration election_longest = milliseconds(600);
  /// A leader that hears no quorum for this long steps down. Also how long a follower that hears a
  /// leader refuses to vote.
  Duration check_quorum = milliseconds(300);
  /// A hand-over that takes longer is given up.
  Duration transfer_longest = milliseconds(600);
  /// A write that takes longer than `election_longest` makes a leader hand over and keeps everybody
  /// from standing for election; one that takes longer than this ends a node that others can replace.
  Duration stall_longest = seconds(10);

  Bytes command_most = limits::command;
  Bytes batch_most = limits::append_batch;
  std::uint32_t batch_entries_most = limits::append_batch_entries;
  Bytes uncommitted_most = limits::uncommitted;
  Bytes unapplied_bytes_most = limits::unapplied;
  std::uint32_t unapplied_most = limits::unapplied_entries;
  std::uint32_t members_most = 64;
  std::uint32_t catch_up_rounds_most = 10;  ///< slow ones, before a learner stays what it is
  std::uint32_t reads_most = limits::waiting_proposals;  ///< that wait for an answer at once
  std::uint32_t window_messages = 4;        ///< unanswered appends to one follower, at first
  std::uint32_t window_messages_most = 64;  ///< and to one that is far away
  Bytes window_bytes = MiB(4);              ///< of entries in the first window; grows along with it

  /// Of the election jitter and the numbers of forwarded reads: must differ between nodes and
  /// between starts of one node.
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
};

}  // namespace runink::raft
