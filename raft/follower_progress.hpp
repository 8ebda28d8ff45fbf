// What a leader knows of one follower, and how much it may send it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>

#include "raft/types.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// Owns: match < next, match never falls, the window is never overrun.
class FollowerProgress {
 public:
  enum class State : std::uint8_t {
    probe,      ///< where its log agrees is not known: one append at a time
    replicate,  ///< it keeps up: appends go ahead of the answers, up to the window
  };

  /// `since`: when the leader began to know it; it counts as heard then.

  FollowerProgress(LogIndex next, std::uint32_t window_messages, Bytes window_bytes,
                   Instant since = {});

  State state() const { return state_; }
  LogIndex match() const { return match_; }
  LogIndex next() const { return next_; }
  /// The commit index of the newest message to it.
  LogIndex commit_sent() const { return commit_sent_; }
  std::size_t in_flight() const { return window_.size(); }
  Bytes in_flight_bytes() const { return window_used_; }
  /// The newest round of reads it has answered.
  ReadSeq read_echo() const { return read_echo_; }
  bool heard_since(Instant moment) const { return heard_at_ >= moment; }

  /// May an append be sent that begins with an entry of this size? One alone
  /// always fits.
  bool can_send(Bytes first = {}) const;
  /// How many bytes of entries the window still takes.
  Bytes room() const;
  /// An append went out that ends at `last` (= next - 1 when empty).
  void sent(LogIndex last, Bytes bytes, LogIndex commit);
  void commit_was_sent(LogIndex commit);

  /// Everything up to `match` is durable there. True when that is news.
  bool acknowledged(LogIndex match);
  /// It has no entry at `prev_index`; `possible` may match. True unless the answer is stale.
  bool rejected(LogIndex prev_index, LogIndex possible);
  /// An answer to a heartbeat: a lost probe may be repeated.
  void answered_heartbeat();
  /// Messages may have been lost: find out where we are.
  void became_unreachable();

  void hear(Instant now) { heard_at_ = now; }
  void echoed(ReadSeq seq);

 private:
  struct InFlight {
    LogIndex last;
    Bytes bytes;
  };

  void probe_from(LogIndex next);

  State state_ = State::probe;
  LogIndex match_;
  LogIndex next_;
  LogIndex commit_sent_;
  bool probe_sent_ = false;
  Instant heard_at_;
  ReadSeq read_echo_;
  std::deque<InFlight> window_;
  Bytes window_used_;
  std::uint32_t window_messages_;
  Bytes window_bytes_;
};

/// A leader's followers: every member but itself.
using Followers = std::map<NodeId, FollowerProgress>;

/// After a change of membership: who is no member is forgotten, who is new begins as `fresh`.
void keep_members(Followers& followers, std::set<NodeId> members, NodeId self,
                  const FollowerProgress& fresh);

}  // namespace runink::raft
