// Snapshots: when one is made, what of the log may go then, to whom one is offered, and what changes
// when one was installed. Raft paper, section 7. The bytes travel and are installed elsewhere, while
// the core goes on answering.
#include <algorithm>

#include "raft/core.hpp"
#include "raft/version.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {

bool is_consistent(const SnapshotMeta& meta) {
  return meta.index > LogIndex{} && meta.term > Term{} && meta.version > Version{} &&
         meta.configuration_index <= meta.index && is_consistent(meta.configuration);
}

// ---- making them

void Core::take_snapshot_when_due() {
  for (const Entry& entry : effects_.apply) since_snapshot_ = since_snapshot_ + Log::size_of(entry);
  const Bytes state = snapshot_ ? snapshot_->size : Bytes{};
  const Bytes most = std::max(config_.log_most, std::min(state + state, config_.log_longest));
  if (taking_ || installing_ || since_snapshot_ <= most || time_ < take_again_at_ ||
      (snapshot_ && applied() <= snapshot_->index))
    return;
  taking_ = effects_.take_snapshot = true;
}

std::optional<SnapshotMeta> Core::describe(LogIndex index) const {
  ENSURE(index <= applied() && (!snapshot_ || index >= snapshot_->index));
  SnapshotMeta meta;
  meta.index = index;
  meta.term = log_.term_at(index).value_or(Term{});
  meta.version = version_at(index);
  meta.configuration = Configuration{{config_.voters, {}}, config_.learners, {}, {}, false};
  if (snapshot_) {
    meta.configuration_index = snapshot_->configuration_index;
    meta.configuration = snapshot_->configuration;
  }
  const LogIndex known = snapshot_ ? snapshot_->index : LogIndex{};
  for (LogIndex i = index; i > known; i = previous(i)) {
    if (log_.at(i).type != EntryType::configuration) continue;
    auto read = configuration_in(log_.at(i));
    ENSURE(read.has_value());  // looked at when it came
    meta.configuration_index = i;
    meta.configuration = std::move(*read);
    break;
  }
  if (!is_consistent(meta)) return std::nullopt;
  return meta;
}

void Core::on(const SnapshotTaken& taken) {
  taking_ = false;
  if (!taken.meta) {
    take_again_at_ = time_ + config_.snapshot_again;
    return;
  }
  // One that was installed meanwhile is newer.
  if (snapshot_ && taken.meta->index <= snapshot_->index) return;
  ENSURE(taken.meta->index <= applied() && log_.matches(taken.meta->index, taken.meta->term));
  snapshot_ = taken.meta;
  since_snapshot_ = {};
  for (LogIndex i = next(snapshot_->index); i <= log_.handed_out(); i = next(i))
    since_snapshot_ = since_snapshot_ + Log::size_of(log_.at(i));
  compactable_ = index_with_trailing(snapshot_->index);
  compact();
}

// ---- what they allow to forget

/// The last index up to which the log may go so that what stays below `index` is enough.
LogIndex Core::index_with_trailing(LogIndex index) const {
  if (config_.has(Mutant::compact_beyond_snapshot)) return applied();
  Bytes kept;
  while (index >= log_.first() && kept < config_.log_trailing) {
    kept = kept + Log::size_of(log_.at(index));
    index = previous(index);
  }
  return index;
}

// Who only lags a little gets entries, not the whole state; but a log that has become too long waits
// for nobody.
void Core::compact() {
  if (compactable_ < log_.first()) return;
  LogIndex upto = compactable_;
  if (log_.size() <= config_.log_most + config_.log_most)
    for (const auto& [id, follower] : followers_) {
      if (!follower.heard_since(time_ + config_.check_quorum * -1)) continue;
      const bool fetches = follower.state() == FollowerProgress::State::snapshot;
      upto = std::min(upto, fetches ? follower.offer().index : follower.match());
    }
  log_.compact_to(upto);
}

// ---- giving them to others

std::set<SnapshotId> Core::snapshots_in_use() const {
  std::set<SnapshotId> used;
  if (snapshot_) used.insert(snapshot_->id);
  for (const auto& [id, follower] : followers_)
    if (follower.state() == FollowerProgress::State::snapshot) used.insert(follower.offer().id);
  return used;
}

void Core::offer_snapshot(NodeId id, FollowerProgress& follower) {
  ENSURE(snapshot_.has_value());  // it holds what the log no longer does
  const auto fetches = [&](const auto& one) {
    return one.second.state() == FollowerProgress::State::snapshot &&
           one.second.heard_since(time_ + config_.check_quorum * -1);
  };
  const bool offered = follower.state() == FollowerProgress::State::snapshot;
  if (!offered && std::ranges::count_if(followers_, fetches) >=
                      static_cast<std::ptrdiff_t>(config_.snapshots_at_once))
    return;  // its turn comes
  if (!offered || next(follower.offer().index) < log_.first())
    follower.needs_snapshot({snapshot_->id, snapshot_->index, snapshot_->term});
  if (!follower.can_offer()) return;
  follower.offered();
  send(id, follower.offer());
}

void Core::on(NodeId from, Term, const SnapshotResponse& response) {
  const auto found = followers_.find(from);
  if (role_ != Role::leader || found == followers_.end()) return;
  FollowerProgress& follower = found->second;
  hear(from, follower, response.status);
  if (response.progress == SnapshotProgress::failed &&
      follower.state() == FollowerProgress::State::snapshot && follower.offer().id == response.id)
    follower.snapshot_failed();
}

// ---- getting them

void Core::on(NodeId from, Term, const SnapshotOffer& offer) {
  follow(from);
  const bool blind = config_.has(Mutant::install_older_snapshot);
  // What we have committed is in every later leader's log; what agrees with a snapshot is committed.
  if (offer.index <= log_.committed() && !blind) return acknowledge_append(from, log_.committed());
  if (log_.matches(offer.index, offer.last_term) && !blind) {
    log_.commit_to(offer.index);
    return acknowledge_append(from, offer.index);
  }
  if (config_.has(Mutant::acknowledge_snapshot_at_once))
    send(from, AppendResponse{true, offer.index, {}, {}, {}, status()});
  if (installing_)
    return send(from, SnapshotResponse{offer.id, SnapshotProgress::installing, status()});
  effects_.fetch = SnapshotFetch{from, offer};
  send(from, SnapshotResponse{offer.id, SnapshotProgress::fetching, status()});
}

void Core::on(const SnapshotFetched& fetched) {
  if (!fetched.meta) {
    if (role_ == Role::follower && leader_ != NodeId{})
      send(leader_, SnapshotResponse{fetched.id, SnapshotProgress::failed, status()});
    return;
  }
  const SnapshotMeta& meta = *fetched.meta;
  if (auto fault = not_spoken(meta.version, config_.versions)) return stop(std::move(fault));
  const bool old = meta.index <= log_.committed() || log_.matches(meta.index, meta.term);
  const bool blind = config_.has(Mutant::install_older_snapshot);
  // It came from another node: what cannot be true is not believed.
  if (installing_ || (old && !blind) || !is_consistent(meta) || meta.term > hard_.term) {
    effects_.discard = fetched.id;
    return;
  }
  effects_.install = installing_ = meta;
}

void Core::on(const SnapshotInstalled& installed) {
  ENSURE(installing_.has_value());
  SnapshotMeta meta = std::move(*installing_);
  installing_.reset();
  if (!installed.done) {
    if (role_ == Role::follower && leader_ != NodeId{})
      send(leader_, SnapshotResponse{meta.id, SnapshotProgress::failed, status()});
    return;
  }
  const bool kept = log_.matches(meta.index, meta.term);
  ENSURE(kept || role_ != Role::leader);  // a leader has all that was ever committed
  if (!kept && role_ != Role::follower) become_follower(hard_.term, NodeId{});
  if (log_.restore({meta.index, meta.term}) &&
      !config_.has(Mutant::forget_snapshot_configuration)) {
    history_.replace(meta.configuration_index, meta.configuration);
    configuration_changed();
  }
  take_version_of(meta);
  snapshot_ = std::move(meta);
  since_snapshot_ = {};
  compactable_ = index_with_trailing(snapshot_->index);
  compact();
  if (role_ == Role::follower && leader_ != NodeId{}) acknowledge_append(leader_, snapshot_->index);
}

}  // namespace runink::raft
