// What a leader knows of one follower, and how much it may send it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "raft/types.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// How much may be on its way to one follower without an answer.
struct WindowLimits {
  std::uint32_t messages = 4;  ///< at first
  Bytes bytes = MiB(4);        ///< of entries in so many messages; grows in proportion
  std::uint32_t messages_most = 64;
};

/// Owns: match < next, match never falls, the window is never overrun. The window grows with the
/// distance: one that is answered within a tick is full often enough as it is, and fewer, larger
/// appends cost a follower fewer syncs (hashicorp/raft PR 541). It shrinks when answers queue up.
class FollowerProgress {
 public:
  enum class State : std::uint8_t {
    probe,      ///< where its log agrees is not known: one append at a time
    replicate,  ///< it keeps up: appends go ahead of the answers, up to the window
    snapshot,   ///< it lacks what the log no longer holds: a snapshot is offered to it
  };

  /// `since`: when the leader began to know it; it counts as heard then.
  FollowerProgress(LogIndex next, WindowLimits limits, Instant since = {});

  State state() const { return state_; }
  LogIndex match() const { return match_; }
  LogIndex next() const { return next_; }
  /// The commit index of the newest message to it.
  LogIndex commit_sent() const { return commit_sent_; }
  std::size_t in_flight() const { return window_.size(); }
  Bytes in_flight_bytes() const { return window_used_; }
  /// Where each unanswered append ends, the oldest first.
  std::vector<LogIndex> in_flight_ends() const;
  /// How many messages the window takes now, and how many bytes of entries.
  std::uint32_t window() const { return window_messages_; }
  Bytes window_bytes() const { return {limits_.bytes.value / limits_.messages * window_messages_}; }
  /// What it last told of itself.
  const FollowerStatus& status() const { return status_; }
  /// The newest round of reads it has answered.
  ReadSeq read_echo() const { return read_echo_; }
  bool heard_since(Instant moment) const { return heard_at_ >= moment; }
  Instant heard_at() const { return heard_at_; }

  /// May an append be sent that begins with an entry of this size? One alone
  /// always fits.
  bool can_send(Bytes first = {}) const;
  /// How many bytes of entries the window still takes.
  Bytes room() const;
  /// An append went out that ends at `last` (= next - 1 when empty).
  void sent(LogIndex last, Bytes bytes, LogIndex commit, Instant now = {});
  void commit_was_sent(LogIndex commit);

  /// Everything up to `match` is durable there. True when that is news.
  bool acknowledged(LogIndex match, Instant now = {});
  /// It has no entry at `prev_index`; `possible` may match. True unless the answer is stale.
  bool rejected(LogIndex prev_index, LogIndex possible);
  /// An answer to a heartbeat: a lost probe may be repeated.
  void answered_heartbeat();
  /// Nothing else helps it; `offer` is repeated with every heartbeat that it answers.
  void needs_snapshot(const SnapshotOffer& offer);
  /// What it is offered, in state snapshot.
  const SnapshotOffer& offer() const { return offer_; }
  bool can_offer() const { return state_ == State::snapshot && !probe_sent_; }
  void offered() { probe_sent_ = true; }
  /// It could not get or install it: after the next heartbeat, the newest is offered.
  void snapshot_failed();
  /// Messages may have been lost: find out where we are.
  void became_unreachable();

  void hear(Instant now, const FollowerStatus& status) {
    heard_at_ = now;
    status_ = status;
  }
  /// The last index at which its hash was compared with ours.
  LogIndex compared() const { return compared_; }
  void compared_at(LogIndex index) { compared_ = index; }
  void echoed(ReadSeq seq);

 private:
  struct InFlight {
    LogIndex last;
    Bytes bytes;
    Instant sent_at;
  };

  bool window_is_full() const;
  void answered_after(Duration round_trip, bool was_full);
  void probe_from(LogIndex next);

  State state_ = State::probe;
  LogIndex match_;
  LogIndex next_;
  LogIndex commit_sent_;
  bool probe_sent_ = false;
  Instant heard_at_;
  ReadSeq read_echo_;
  SnapshotOffer offer_;
  FollowerStatus status_;
  LogIndex compared_;
  std::deque<InFlight> window_;
  Bytes window_used_;
  WindowLimits limits_;
  std::uint32_t window_messages_;
  std::optional<Duration> nearest_;  // the shortest round trip
  Instant window_changed_;
};

/// A leader's followers: every member but itself.
using Followers = std::map<NodeId, FollowerProgress>;

/// After a change of membership: who is no member is forgotten, who is new begins as `fresh`.
void keep_members(Followers& followers, std::set<NodeId> members, NodeId self,
                  const FollowerProgress& fresh);

}  // namespace runink::raft
