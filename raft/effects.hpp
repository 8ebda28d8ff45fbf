// What one step asks its driver to do. Effects are data, and their order is the proof.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "raft/inputs.hpp"
#include "raft/types.hpp"
#include "vocabulary/fault.hpp"

namespace runink::raft {

/// The last entry before a log: index and term. 0, 0 of a log that begins at 1.
struct LogBase {
  LogIndex index;
  Term term;
  friend bool operator==(const LogBase&, const LogBase&) = default;
};

/// One write to the log store, durable as a whole or not at all, and strictly in order of `seq`:
/// first the hard state, then the cut, then the base, then the entries.
struct Persist {
  PersistSeq seq;
  std::optional<HardState> hard_state;
  std::optional<LogIndex> truncate_from;  ///< delete this entry and all behind it
  std::vector<Entry> entries;             ///< contiguous
  /// The log begins behind it from now on: delete all up to there. A snapshot on disk holds them.
  std::optional<LogBase> base;
  /// Term and index to report back in LogPersisted; both 0 without entries.
  Term last_term() const { return entries.empty() ? Term{} : entries.back().term; }
  LogIndex last_index() const { return entries.empty() ? LogIndex{} : entries.back().index; }
};

enum class Role : std::uint8_t { follower = 1, pre_candidate = 2, candidate = 3, leader = 4 };
std::string_view to_string(Role role);

/// Something of this changed. `leader` is 0 while none is known.
struct RoleChange {
  Term term;
  Role role = Role::follower;
  NodeId leader;
  friend bool operator==(const RoleChange&, const RoleChange&) = default;
};

enum class Answer : std::uint8_t {
  accepted = 1,      ///< in the log at `first`...; committed only when applied there in `term`
  not_leader = 2,    ///< ask `leader`, if it is not 0
  busy = 3,          ///< too much is uncommitted or unapplied, or the disk stalls: try later
  too_large = 4,     ///< one payload or the batch is over its limit: never try again
  stopped = 5,       ///< a write failed; this node must be restarted
  transferring = 6,  ///< the leadership is being handed over: try again, elsewhere or later
  disk_full = 13,    ///< the leader's disk has no room for commands: try later
  // Of a change of members:
  not_ready = 7,           ///< this leader does not know yet what is committed: try again soon
  change_in_progress = 8,  ///< another change is not committed yet: try again later
  out_of_date = 9,         ///< the configuration is not the one that was expected: look again
  refused = 10,            ///< it would leave no voter
  would_lose_quorum = 11,  ///< too few of the voters it would leave are alive
  not_caught_up = 12,      ///< let the new voters join first, then change the others
};
std::string_view to_string(Answer answer);

/// What became of a Propose.
struct ProposalOutcome {
  ProposalTag tag;
  Answer answer = Answer::not_leader;
  LogIndex first;  ///< of the batch, when accepted
  Term term;       ///< when accepted; an entry applied at these indexes in another term is not ours
  NodeId leader;   ///< when not_leader
};

enum class ReadAnswer : std::uint8_t {
  ready = 1,       ///< the state machine, as it is now, may answer
  not_leader = 2,  ///< no leader is known here, or it is `leader` that must be asked
  busy = 3,        ///< too many reads wait: try later
  lost = 4,        ///< the leadership changed meanwhile: ask again
  stopped = 5,     ///< a write failed; this node must be restarted
};
std::string_view to_string(ReadAnswer answer);

/// What became of a Read.
struct ReadOutcome {
  ReadTag tag;
  ReadAnswer answer = ReadAnswer::not_leader;
  LogIndex index;  ///< when ready: applied here, and at least what the read must see
  NodeId leader;
};

enum class TransferAnswer : std::uint8_t {
  begun = 1,          ///< a change of role follows, or `gave_up`
  not_leader = 2,     ///< ask the leader
  no_such_voter = 3,  ///< `to` is no other voter, or none is heard
  gave_up = 4,        ///< `to` did not take over in time; this node leads on
};
std::string_view to_string(TransferAnswer answer);

/// What became of a TransferLeader.
struct TransferOutcome {
  TransferAnswer answer = TransferAnswer::not_leader;
  NodeId to;
};

/// A snapshot to be fetched from the leader. Asked again while it is being fetched.
struct SnapshotFetch {
  NodeId from;
  SnapshotOffer offer;
  friend bool operator==(const SnapshotFetch&, const SnapshotFetch&) = default;
};

/// A follower's state machine holds something else than ours after the same entries. Who of both is
/// right the core cannot know.
struct StateDiffers {
  NodeId follower;
  LogIndex index;
  std::uint64_t ours = 0;
  std::uint64_t theirs = 0;
  friend bool operator==(const StateDiffers&, const StateDiffers&) = default;
};

/// What the driver must do. Nothing in `after_durable` may leave before the write `after_seq` is on
/// disk: a vote we forget is a vote we can give twice.
struct Effects {
  std::optional<Persist> persist;
  std::vector<Envelope> send_now;  // safe whatever happens to the disk
  PersistSeq after_seq;
  std::vector<Envelope> after_durable;  // votes, requests for votes, acknowledgements
  std::optional<RoleChange> role_change;
  std::vector<ProposalOutcome> proposals;
  std::vector<ReadOutcome> reads;
  std::vector<TransferOutcome> transfers;
  std::optional<Configuration> configuration;  // the newest, when it changed
  std::vector<NodeId> gave_up_joining;         // too slow to catch up; learners they stay
  std::vector<Entry> apply;                    // committed and durable here, in order, each once
  std::optional<Version> version;              // of the group, when it changed
  std::vector<StateDiffers> differs;           // a leader's; once for each follower and index
  bool take_snapshot = false;                  // the log has grown: SnapshotTaken must follow
  std::optional<SnapshotFetch> fetch;          // SnapshotFetched must follow
  std::optional<SnapshotMeta> install;         // behind all that was handed out before
  std::optional<SnapshotId> discard;           // a fetched one that is of no use
  std::optional<Fault> fault;                  // the core has stopped: the process must end
};

}  // namespace runink::raft
