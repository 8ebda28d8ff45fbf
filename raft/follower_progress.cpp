#include "raft/follower_progress.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/ensure.hpp"

namespace runink::raft {

FollowerProgress::FollowerProgress(LogIndex next, std::uint32_t window_messages, Bytes window_bytes,
                                   Instant since)
    : next_(next),
      heard_at_(since),
      window_messages_(window_messages),
      window_bytes_(window_bytes) {
  ENSURE(next_ > match_);
}

bool FollowerProgress::can_send(Bytes first) const {
  if (state_ == State::probe) return !probe_sent_;
  return window_.empty() ||
         (window_.size() < window_messages_ && window_used_ + first <= window_bytes_);
}

Bytes FollowerProgress::room() const {
  return window_bytes_ - std::min(window_used_, window_bytes_);
}

void FollowerProgress::sent(LogIndex last, Bytes bytes, LogIndex commit) {
  ENSURE(last >= previous(next_));
  commit_was_sent(std::min(commit, last));
  if (state_ == State::probe) {
    probe_sent_ = true;
    return;  // next_ stays: the answer decides
  }
  if (last < next_) return;  // empty
  ENSURE(can_send());
  window_.push_back({last, bytes});
  window_used_ = window_used_ + bytes;
  next_ = runink::next(last);
}

void FollowerProgress::commit_was_sent(LogIndex commit) {
  commit_sent_ = std::max(commit_sent_, commit);
}

bool FollowerProgress::acknowledged(LogIndex match) {
  if (match < match_) return false;
  const bool news = match > match_;
  match_ = match;
  next_ = std::max(next_, runink::next(match));
  while (!window_.empty() && window_.front().last <= match) {
    window_used_ = window_used_ - window_.front().bytes;
    window_.pop_front();
  }
  if (state_ == State::probe && (news || probe_sent_)) {
    probe_from(runink::next(match));
    state_ = State::replicate;
  }
  return news;
}

bool FollowerProgress::rejected(LogIndex prev_index, LogIndex possible) {
  if (state_ == State::replicate) {
    if (prev_index <= match_) return false;
    probe_from(runink::next(match_));
    return true;
  }
  if (previous(next_) != prev_index) return false;
  probe_from(std::max(runink::next(match_), std::min(prev_index, runink::next(possible))));
  return true;
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
