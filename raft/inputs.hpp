// Everything that can happen to a core. One input, one step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/membership.hpp"
#include "raft/snapshot.hpp"
#include "raft/types.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// Names one proposal to its proposer; the core only echoes it.
using ProposalTag = Strong<struct ProposalTagTag, std::uint64_t>;
/// Names one read to its asker; the core only echoes it.
using ReadTag = Strong<struct ReadTagTag, std::uint64_t>;
/// Number of a write to the log store. Writes are made strictly in this order, from 1 without gaps.
using PersistSeq = Strong<struct PersistSeqTag, std::uint64_t>;

/// Time goes on: the only input that brings any. Every 10 ms. A tick that comes late, after a pause
/// of the process, counts as one heartbeat: nobody campaigns because it was asleep itself.
struct Tick {
  Instant now;
};
/// A message came from another member.
struct Receive {
  Envelope envelope;
};
/// Append these payloads, in this order, as one batch. All of them or none.
struct Propose {
  ProposalTag tag;
  std::vector<std::string> payloads;
};
/// Every write up to `seq` is durable. `term` and `index` are those of the last entry in the write
/// `seq` itself; both 0 when it had no entries.
struct LogPersisted {
  PersistSeq seq;
  Term term;
  LogIndex index;
};
/// A write failed. The core stops for good: what is on disk is no longer known.
struct PersistFailed {
  PersistSeq seq;
};
/// The state machine has applied everything up to `index`. `state`: its hash, when it passed an index at
/// which all members make one (every limits::state_hash_every entries); otherwise 0, 0.
struct Applied {
  LogIndex index;
  StateHash state;
};
/// The transport lost its connection to `id`.
struct PeerUnreachable {
  NodeId id;
};
enum class DiskSpace : std::uint8_t {
  enough = 1,
  scarce = 2,  ///< commands are refused; what makes room, and what moves members, is not
  none = 3,    ///< somebody else must lead
};
/// How much room is left for the log. Whoever reports it waits for some slack before it says that
/// there is more again.
struct DiskSpaceChanged {
  DiskSpace space = DiskSpace::enough;
};
/// The leader's process is known to be dead: vote without waiting for the lease to pass.
struct ForgetLeader {};
/// Stand for election now (operators, tests).
struct Campaign {};
/// Wait for a leader this long, counted from when one was last heard, instead of a time drawn by
/// chance; until the role or the term changes (published scripts, which fix what others draw).
struct SetElectionTimeout {
  Duration timeout;
};

enum class ReadKind : std::uint8_t {
  linearizable = 1,  ///< sees every write that was acknowledged anywhere before
                     ///< it was asked
  stale = 2,         ///< sees what this node has applied, at least up to `min_index`
};
/// From which state on may this read be answered? On any node.
struct Read {
  ReadTag tag;
  ReadKind kind = ReadKind::linearizable;
  LogIndex min_index;  ///< what the asker has seen before: its reads never go back
};
/// Hand the leadership over, to the voter that has most of the log when `to` is
/// 0. Nothing is proposed meanwhile; after `Config::transfer_longest` all is as
/// before.
struct TransferLeader {
  NodeId to;
};

/// Change who belongs to the group, all of it at once. Unless forced, a new voter joins as a learner
/// first, a change that would leave no living quorum is refused, and a leader that removes itself
/// hands over instead.
struct ChangeMembers {
  ProposalTag tag;
  std::vector<MemberChange> changes;
  std::optional<LogIndex> expected_index;  ///< of the configuration that the asker has seen
  bool force = false;
};

/// SnapshotPort::take has ended. `meta`: what Core::describe said of its index, with id and size; the
/// snapshot is on disk, synced, its folder too, and will be found at the next start. Nothing: it
/// failed.
struct SnapshotTaken {
  std::optional<SnapshotMeta> meta;
};
/// SnapshotPort::fetch has ended. With `meta` the snapshot `id` is here, whole, checked and synced, but
/// the state machine is still as it was.
struct SnapshotFetched {
  SnapshotId id;
  std::optional<SnapshotMeta> meta;
};
/// SnapshotPort::install has ended. When `done`, the state machine holds what the snapshot holds, and
/// will do so after a crash; otherwise it is as it was.
struct SnapshotInstalled {
  bool done = false;
};

using Input =
    std::variant<Tick, Receive, Propose, LogPersisted, PersistFailed, Applied, PeerUnreachable,
                 ForgetLeader, Campaign, SetElectionTimeout, Read, TransferLeader, ChangeMembers,
                 SnapshotTaken, SnapshotFetched, SnapshotInstalled, DiskSpaceChanged>;

}  // namespace runink::raft
