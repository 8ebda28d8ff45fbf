// The values that Raft writes to disk and sends to others. Their codec is the format: a new field
// goes to the end of a new version, and the golden bytes in tests/raft/codec_test.cpp hold them.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "vocabulary/ids.hpp"

namespace runink::raft {

/// What an entry is for. Only `command` carries a payload that others understand.
enum class EntryType : std::uint8_t {
  command = 1,        ///< an opaque payload for the state machine
  no_op = 2,          ///< the first entry of every leader: it commits what its predecessors left
  configuration = 3,  ///< the payload is an encoded Configuration
  set_version =
      4,  ///< the payload is an encoded Version, which the group speaks once it is committed
};
constexpr bool known(EntryType t) { return t >= EntryType::command && t <= EntryType::set_version; }

/// What entries, snapshots and messages of a group may be like. From 1; it never falls. A new type of
/// entry or a new meaning of an old one belongs to a new version.
using Version = Strong<struct VersionTag, std::uint16_t>;
/// What one program can speak, both included; 0, 0 = it has not said yet.
struct VersionRange {
  Version least;
  Version most;
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
  static auto fields(auto& self) { return std::tie(self.least, self.most); }
};

/// One position of the replicated log. Raft paper, section 5.3.
struct Entry {
  Term term;
  LogIndex index;
  EntryType type = EntryType::command;
  std::string payload;
  friend bool operator==(const Entry&, const Entry&) = default;
  static auto fields(auto& self) {
    return std::tie(self.term, self.index, self.type, self.payload);
  }
};

/// What a node must remember over a crash beside its log. Raft paper, figure 2. `commit` is a lower
/// bound: it is written along with the next write, never for its own sake.
struct HardState {
  Term term;
  NodeId vote;  ///< who got our vote in `term`; 0 = nobody yet
  LogIndex commit;
  friend bool operator==(const HardState&, const HardState&) = default;
  static auto fields(auto& self) { return std::tie(self.term, self.vote, self.commit); }
};

/// Would you vote for me in `next_term`? Changes nothing at anybody. Thesis, section 9.6.
struct PreVoteRequest {
  Term next_term;
  LogIndex last_index;
  Term last_term;
  friend bool operator==(const PreVoteRequest&, const PreVoteRequest&) = default;
  static auto fields(auto& self) {
    return std::tie(self.next_term, self.last_index, self.last_term);
  }
};
struct PreVoteResponse {
  Term next_term;  ///< echoed, so that an answer to an older question is known as such
  bool granted = false;
  friend bool operator==(const PreVoteResponse&, const PreVoteResponse&) = default;
  static auto fields(auto& self) { return std::tie(self.next_term, self.granted); }
};

/// Raft paper, figure 2. The candidate's term is the envelope's.
struct VoteRequest {
  LogIndex last_index;
  Term last_term;
  bool force = false;  ///< ask even those who hear a living leader (hand-over)
  friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
  static auto fields(auto& self) { return std::tie(self.last_index, self.last_term, self.force); }
};
struct VoteResponse {
  bool granted = false;
  friend bool operator==(const VoteResponse&, const VoteResponse&) = default;
  static auto fields(auto& self) { return std::tie(self.granted); }
};

/// Entries that follow (prev_index, prev_term). Raft paper, figure 2.
struct Append {
  LogIndex prev_index;
  Term prev_term;
  LogIndex commit;  ///< the leader's; the follower takes it only as far as this message proves
  std::vector<Entry> entries;
  friend bool operator==(const Append&, const Append&) = default;
  static auto fields(auto& self) {
    return std::tie(self.prev_index, self.prev_term, self.commit, self.entries);
  }
};
/// A hash over all that a state machine holds after the entry at `index`; 0, 0 = none yet. Members that
/// applied the same entries have the same hash at the same index, or one of them is damaged.
struct StateHash {
  LogIndex index;
  std::uint64_t hash = 0;
  friend bool operator==(const StateHash&, const StateHash&) = default;
  static auto fields(auto& self) { return std::tie(self.index, self.hash); }
};

/// What every answer of a follower tells about it besides.
struct FollowerStatus {
  LogIndex durable;   ///< its last entry on disk; for metrics and operators
  LogIndex applied;   ///< what its state machine holds
  bool busy = false;  ///< its state machine is behind by more than its limit: send no entries now
  VersionRange versions;
  StateHash state;  ///< its newest
  friend bool operator==(const FollowerStatus&, const FollowerStatus&) = default;
  static auto fields(auto& self) {
    return std::tie(self.durable, self.applied, self.busy, self.versions, self.state);
  }
};

/// Accepted: everything up to `match` equals the leader's log and is durable here. Rejected: the
/// follower has no (prev_index, prev_term); `hint_*` is the last of its entries that may match.
struct AppendResponse {
  bool accepted = false;
  LogIndex match;
  LogIndex prev_index;  ///< echoed from a rejected Append, so that a late answer is known as such
  LogIndex hint_index;
  Term hint_term;
  FollowerStatus status;
  friend bool operator==(const AppendResponse&, const AppendResponse&) = default;
  static auto fields(auto& self) {
    return std::tie(self.accepted, self.match, self.prev_index, self.hint_index, self.hint_term,
                    self.status);
  }
};

/// Numbers the rounds in which a leader asks whether it still leads, within its
/// term, from 1. No number is ever asked twice: an answer to an old question
/// would confirm a new read (etcd #20418).
using ReadSeq = Strong<struct ReadSeqTag, std::uint64_t>;

/// I lead. `commit` is never above what this follower is known to hold.
struct Heartbeat {
  LogIndex commit;
  ReadSeq read;  ///< the newest round of reads
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
  static auto fields(auto& self) { return std::tie(self.commit, self.read); }
};
struct HeartbeatResponse {
  ReadSeq read;  ///< echoed: when this was asked, the follower was in the leader's term
  FollowerStatus status;
  friend bool operator==(const HeartbeatResponse&, const HeartbeatResponse&) = default;
  static auto fields(auto& self) { return std::tie(self.read, self.status); }
};

/// The leader hands over: stand for election at once, without a pre-vote.
/// Thesis, section 3.10.
struct TimeoutNow {
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
  static auto fields(auto&) { return std::tie(); }
};

/// A follower asks its leader from which index on a read is linearizable.
/// Thesis, section 6.4. `id` rises with every question of one process, from a
/// start drawn by chance.
struct ReadIndexRequest {
  std::uint64_t id = 0;
  friend bool operator==(const ReadIndexRequest&, const ReadIndexRequest&) = default;
  static auto fields(auto& self) { return std::tie(self.id); }
};
struct ReadIndexResponse {
  std::uint64_t id = 0;  ///< answers this question and those before it
  bool granted = false;  ///< false: not now, ask again
  LogIndex index;
  friend bool operator==(const ReadIndexResponse&, const ReadIndexResponse&) = default;
  static auto fields(auto& self) { return std::tie(self.id, self.granted, self.index); }
};

/// Names one snapshot, for good, among those of all nodes.
using SnapshotId = Strong<struct SnapshotIdTag, std::uint64_t>;

/// The leader's log no longer holds what this follower lacks: it may fetch this snapshot, which the
/// leader keeps meanwhile, over a connection of its own. Repeated until it is answered for good. Raft
/// paper, section 7.
struct SnapshotOffer {
  SnapshotId id;
  LogIndex index;  ///< of the last entry that it holds
  Term last_term;  ///< of that entry
  friend bool operator==(const SnapshotOffer&, const SnapshotOffer&) = default;
  static auto fields(auto& self) { return std::tie(self.id, self.index, self.last_term); }
};
enum class SnapshotProgress : std::uint8_t {
  fetching = 1,    ///< or about to
  installing = 2,  ///< it is here, whole
  failed = 3,      ///< offer it again, or a newer one
};
constexpr bool known(SnapshotProgress p) {
  return p >= SnapshotProgress::fetching && p <= SnapshotProgress::failed;
}
/// An accepted AppendResponse says that it is installed, or was not needed.
struct SnapshotResponse {
  SnapshotId id;
  SnapshotProgress progress = SnapshotProgress::failed;
  FollowerStatus status;
  friend bool operator==(const SnapshotResponse&, const SnapshotResponse&) = default;
  static auto fields(auto& self) { return std::tie(self.id, self.progress, self.status); }
};

/// The alternative's position is its number on the wire. New messages are appended; none is ever
/// moved or removed.
using Message = std::variant<PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse, Append,
                             AppendResponse, Heartbeat, HeartbeatResponse, TimeoutNow,
                             ReadIndexRequest, ReadIndexResponse, SnapshotOffer, SnapshotResponse>;

/// One message between two members. Every message carries its sender's term.
struct Envelope {
  std::uint8_t version = 1;  ///< of this format
  NodeId from;
  NodeId to;
  Term term;
  Message message;
  friend bool operator==(const Envelope&, const Envelope&) = default;
  static auto fields(auto& self) {
    return std::tie(self.version, self.from, self.to, self.term, self.message);
  }
};

}  // namespace runink::raft
