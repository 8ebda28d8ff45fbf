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
};

/// Times follow notes 5.5, sized for a LAN.
struct Config {
  NodeId self;
  std::set<NodeId> voters;    ///< the initial ones, the same list on every node
  std::set<NodeId> learners;  ///< get the log, never vote, are never counted

  Duration heartbeat = milliseconds(60);
  Duration election_shortest = milliseconds(300);
  Duration election_longest = milliseconds(600);
  /// A leader that hears no quorum for this long steps down. Also how long a follower that hears a
  /// leader refuses to vote.
  Duration check_quorum = milliseconds(300);

  Bytes command_most = limits::command;
  Bytes batch_most = limits::append_batch;
  std::uint32_t batch_entries_most = limits::append_batch_entries;
  Bytes uncommitted_most = limits::uncommitted;
  std::uint32_t unapplied_most = limits::unapplied_entries;
  std::uint32_t window_messages = 4;  ///< unanswered appends to one follower
  Bytes window_bytes = MiB(4);

  std::uint64_t seed = 1;  ///< of the election jitter; must differ between nodes
  Mutant mutant = Mutant::none;
};

}  // namespace runink::raft
