#include "raft/follower_progress.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/ensure.hpp"

namespace runink::raft {

FollowerProgress::FollowerProgress(LogIndex next, WindowLimits limits, Instant since)
    : next_(next), heard_at_(since), limits_(limits), window_messages_(limits.messages) {
  ENSURE(next_ > match_);
  ENSURE(limits_.messages > 0 && limits_.messages <= limits_.messages_most);
}

bool FollowerProgress::window_is_full() const {
  return window_.size() >= window_messages_ || window_used_ >= window_bytes();
}

std::vector<LogIndex> FollowerProgress::in_flight_ends() const {
  std::vector<LogIndex> ends;
  for (const InFlight& one : window_) ends.push_back(one.last);
  return ends;
}

bool FollowerProgress::can_send(Bytes first) const {
  if (state_ == State::snapshot) return false;
  if (state_ == State::probe) return !probe_sent_;
  if (status_.busy) return false;
  return window_.empty() || (!window_is_full() && window_used_ + first <= window_bytes());
}

Bytes FollowerProgress::room() const {
  return window_bytes() - std::min(window_used_, window_bytes());
}

void FollowerProgress::sent(LogIndex last, Bytes bytes, LogIndex commit, Instant now) {
  ENSURE(last >= previous(next_));
  commit_was_sent(std::min(commit, last));
  if (state_ == State::probe) {
    probe_sent_ = true;
    return;  // next_ stays: the answer decides
  }
  if (last < next_) return;  // empty
  ENSURE(can_send());
  window_.push_back({last, bytes, now});
  window_used_ = window_used_ + bytes;
  next_ = runink::next(last);
}

void FollowerProgress::commit_was_sent(LogIndex commit) {
  commit_sent_ = std::max(commit_sent_, commit);
}

bool FollowerProgress::acknowledged(LogIndex match, Instant now) {
  if (match < match_) return false;
  const bool news = match > match_;
  match_ = match;
  next_ = std::max(next_, runink::next(match));
  const bool was_full = window_is_full();
  std::optional<Instant> sent_at;
  while (!window_.empty() && window_.front().last <= match) {
    sent_at = window_.front().sent_at;
    window_used_ = window_used_ - window_.front().bytes;
    window_.pop_front();
  }
  if (sent_at && *sent_at >= window_changed_) {
    const std::uint32_t before = window_messages_;
    answered_after(now - *sent_at, was_full);
    if (window_messages_ != before) window_changed_ = now;
  }
  if ((state_ == State::probe && probe_sent_) || (state_ != State::replicate && news)) {
    probe_from(runink::next(match));
    state_ = State::replicate;
  }
  return news;
}

bool FollowerProgress::rejected(LogIndex prev_index, LogIndex possible) {
  if (state_ == State::snapshot) return false;
  if (state_ == State::replicate) {
    if (prev_index <= match_) return false;
    probe_from(runink::next(match_));
    return true;
  }
  if (previous(next_) != prev_index) return false;
  probe_from(std::max(runink::next(match_), std::min(prev_index, runink::next(possible))));
  return true;
}

// Measured in ticks: what is answered within one is near. Twice the shortest round trip and two
// ticks more is a queue, not a distance.
void FollowerProgress::answered_after(Duration round_trip, bool was_full) {
  nearest_ = std::min(nearest_.value_or(round_trip), round_trip);
  if (round_trip > *nearest_ * 2 + milliseconds(20)) {
    window_messages_ = std::max(limits_.messages, window_messages_ / 2);
    return;
  }
  const std::uint64_t ticks = static_cast<std::uint64_t>(nearest_->ns / milliseconds(10).ns);
  const std::uint64_t wanted =
      std::min<std::uint64_t>(limits_.messages * (1 + ticks), limits_.messages_most);
  if (was_full && window_messages_ < wanted) ++window_messages_;
}

void FollowerProgress::needs_snapshot(const SnapshotOffer& offer) {
  const bool waits = state_ != State::replicate && probe_sent_;
  probe_from(runink::next(match_));
  state_ = State::snapshot;
  probe_sent_ = waits;
  offer_ = offer;
}

void FollowerProgress::snapshot_failed() {
  probe_from(runink::next(match_));
  probe_sent_ = true;
}

void FollowerProgress::answered_heartbeat() { probe_sent_ = false; }

void FollowerProgress::became_unreachable() {
  if (state_ == State::replicate) probe_from(runink::next(match_));
}

void FollowerProgress::echoed(ReadSeq seq) { read_echo_ = std::max(read_echo_, seq); }

void FollowerProgress::probe_from(LogIndex next) {
  ENSURE(next > match_);
  state_ = State::probe;
  probe_sent_ = false;
  next_ = next;
  commit_sent_ = std::min(commit_sent_, match_);
  window_.clear();
  window_used_ = {};
}

void keep_members(Followers& followers, std::set<NodeId> members, NodeId self,
                  const FollowerProgress& fresh) {
  members.erase(self);
  std::erase_if(followers, [&](const auto& one) { return !members.contains(one.first); });
  for (const NodeId id : members) followers.try_emplace(id, fresh);
}

}  // namespace runink::raft
