// What a core is told once, at its start.
#pragma once

#include <cstdint>
#include <set>

#include "raft/types.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// Deliberate defects, one at a time, which the simulation must catch: a checker that never fails
/// proves nothing. They are compiled only into what the tests link (RUNINK_MUTANTS); in a build that
/// ships, Config::has is a constant.
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
  cut_behind_appends,  ///< an append cuts all that is behind it, also what agrees and is acknowledged
  install_older_snapshot,         ///< a snapshot is installed over a state that is newer
  acknowledge_snapshot_at_once,   ///< what a snapshot holds is acknowledged before it is installed
  forget_snapshot_configuration,  ///< the members that a snapshot names are not taken over
  compact_beyond_snapshot,  ///< the log is cut at what is applied, not at what is in a snapshot
  raise_version_of_voters,  ///< learners are not asked whether they can speak a version
  forget_snapshot_version,  ///< the version that a snapshot names is not taken over
  snapshot_without_directory_sync,  ///< an installed snapshot is gone after a crash (simulation)
  truncate_below_commit,  ///< an append cuts the log where it begins, whatever is committed there
  forget_answers,         ///< a snapshot holds no answers to requests that were done (simulation)
};

#ifdef RUNINK_MUTANTS
inline constexpr bool with_mutants = true;
#else
inline constexpr bool with_mutants = false;
#endif

/// Times follow notes 5.5, sized for a LAN.
struct Config {
  NodeId self;
  /// The first configuration, the same on every node that founds the group; empty on a node that
  /// joins later, which learns the members from the log. The log's newest configuration counts.
  std::set<NodeId> voters;
  std::set<NodeId> learners;

  /// What this program can speak. The group moves to the newest version that all members can.
  VersionRange versions{Version{1}, Version{1}};

  Duration heartbeat = milliseconds(60);
  Duration election_shortest = milliseconds(300);
  Duration election_longest = milliseconds(600);
  /// A leader that hears no quorum for this long steps down. Also how long a follower that hears a
  /// leader refuses to vote.
  Duration check_quorum = limits::check_quorum;
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
  /// A snapshot is made when so much was applied since the last one (payloads, and 32 bytes for each
  /// entry), and at least twice the size of the state, at most `log_longest`.
  Bytes log_most = limits::log_most;
  Bytes log_longest = limits::log_longest;
  /// Of what a snapshot holds, so much of the log stays on every node; a leader keeps what living
  /// followers lack, until its log is twice `log_most`.
  Bytes log_trailing = limits::log_trailing;
  std::uint32_t snapshots_at_once = 2;    ///< followers that a leader offers them to
  Duration snapshot_again = seconds(10);  ///< after one that failed
  std::uint32_t members_most = 64;
  std::uint32_t catch_up_rounds_most = 10;  ///< slow ones, before a learner stays what it is
  std::uint32_t reads_most = limits::waiting_proposals;  ///< that wait for an answer at once
  std::uint32_t window_messages = 4;        ///< unanswered appends to one follower, at first
  std::uint32_t window_messages_most = 64;  ///< and to one that is far away
  Bytes window_bytes = MiB(4);              ///< of entries in the first window; grows along with it

  /// Published scripts of groups without the one or the other are replayed with these off (a leader
  /// whose quorum nobody checks is no reason to refuse a vote, either). Production never turns them off.
  bool asks_pre_votes = true;
  bool checks_quorum = true;

  /// Of the election jitter and the numbers of forwarded reads: must differ between nodes and
  /// between starts of one node.
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
  constexpr bool has(Mutant one) const { return with_mutants && mutant == one; }
};

}  // namespace runink::raft
