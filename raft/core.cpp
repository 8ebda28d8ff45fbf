// Dispatch, time, and what must be written before what may leave.
#include "raft/core.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"

namespace runink::raft {

Core::Core(Config config, Recovered recovered, LogIndex applied)
    : config_(std::move(config)),
      random_(config_.seed),
      hard_(recovered.hard_state),
      durable_hard_(hard_),
      written_hard_(hard_),
      snapshot_(recovered.snapshot),
      log_(std::move(recovered), applied),
      history_(Configuration{{config_.voters, {}}, config_.learners, {}, {}, false}),
      forwarded_(random_.next() >> 1),
      told_{hard_.term, Role::follower, NodeId{}} {
  ENSURE(config_.self != NodeId{});
  ENSURE(config_.heartbeat < config_.election_shortest);
  ENSURE(config_.election_shortest < config_.election_longest);
  if (snapshot_) history_.replace(snapshot_->configuration_index, snapshot_->configuration);
  if (snapshot_ && log_.last_term() > hard_.term) {
    // It was installed before the term of its leader was written. Nobody has our vote in that term.
    hard_ = {log_.last_term(), NodeId{}, hard_.commit};
  }
  ENSURE(log_.last_term() <= hard_.term);
  if (snapshot_) version_ = snapshot_->version;
  version_looked_at_ = log_.base().index;
  take_committed_versions();
  const LogIndex covered = snapshot_ ? snapshot_->index : LogIndex{};
  take_configurations(std::max(log_.first(), next(covered)));
  history_.committed(log_.committed());
  for (LogIndex i = next(covered); i <= applied; i = next(i))
    since_snapshot_ = since_snapshot_ + Log::size_of(log_.at(i));
  if (snapshot_) compactable_ = index_with_trailing(snapshot_->index);
}

Effects Core::step(Input input) {
  effects_ = {};
  if (stopped_) {
    if (const auto* propose = std::get_if<Propose>(&input))
      effects_.proposals.push_back({propose->tag, Answer::stopped, {}, {}, {}});
    if (const auto* change = std::get_if<ChangeMembers>(&input))
      effects_.proposals.push_back({change->tag, Answer::stopped, {}, {}, {}});
    if (const auto* read = std::get_if<Read>(&input))
      effects_.reads.push_back({read->tag, ReadAnswer::stopped, {}, {}});
    return std::move(effects_);
  }
  std::visit([this](auto& one) { on(one); }, input);
  return finish();
}

void Core::on(const Tick& tick) {
  let_time_pass(tick.now);
  // Who is alone cannot be replaced by anybody: it may as well wait.
  if (persist_age() > config_.stall_longest && !voters().only(config_.self))
    return stop(Fault{FaultKind::outside_failed,
                      "A write to the Raft log has taken more than " +
                          std::to_string(config_.stall_longest.ns / seconds(1).ns) +
                          " seconds: the disk hangs. Look at the disk of the data folder, then "
                          "start the node again."});
  if (role_ == Role::leader) {
    if (disk_stalls() && !voters().only(config_.self))
      give_way_to_a_living_disk();
    else
      give_up_late_transfer();
    // Without an heir it leads on: the disk still writes.
    if (disk_space_ == DiskSpace::none) begin_to_give_way();
    if (role_ != Role::leader) return;
    if (config_.checks_quorum && time_ >= check_quorum_at_) check_quorum();
    if (role_ == Role::leader && time_ >= heartbeat_at_) beat();
    promote_learners();
    raise_version();
  } else if (time_ >= election_at_ && may_campaign()) {
    pre_campaign();
  } else if (time_ >= election_at_ && role_ == Role::follower && leader_ != NodeId{}) {
    become_follower(hard_.term, NodeId{});  // who may not stand for election must not wait for ever
  } else if (forwarded_.asked_at() && time_ - *forwarded_.asked_at() >= config_.heartbeat) {
    forward_reads();  // the question or its answer may be lost
  }
}

void Core::on(Receive& receive) { read_message(receive.envelope); }

void Core::on(const LogPersisted& persisted) {
  ENSURE(persisted.seq <= last_seq_);
  bool hard_state_written = false;
  while (!outstanding_.empty() && outstanding_.front().seq <= persisted.seq) {
    const Outstanding& write = outstanding_.front();
    // Rule (a) of notes 5.1: who acknowledges something else than we asked for is not believed.
    if (write.seq == persisted.seq)
      ENSURE(write.last_term == persisted.term && write.last_index == persisted.index);
    if (write.hard_state) {
      durable_hard_ = *write.hard_state;
      hard_state_written = true;
    }
    durable_seq_ = write.seq;
    outstanding_.pop_front();
  }
  log_.persisted(persisted.seq);
  if (role_ == Role::candidate && hard_state_written && own_vote_seq_ <= durable_seq_) {
    votes_[config_.self] = true;
    count_votes();
  } else if (role_ == Role::leader) {
    advance_commit();
  }
}

void Core::on(const PersistFailed& failed) {
  ENSURE(failed.seq <= last_seq_);
  stop(std::nullopt);  // the owner knows
}

void Core::stop(std::optional<Fault> fault) {
  effects_.fault = std::move(fault);
  stopped_ = true;
  role_ = Role::follower;
  leader_ = NodeId{};
  followers_.clear();
  transfer_.reset();
  catching_up_.clear();
}

void Core::on(const Applied& applied) {
  log_.applied_to(applied.index);
  if (applied.state.index == LogIndex{}) return;
  state_hashes_[applied.state.index] = applied.state.hash;
  while (state_hashes_.size() > limits::state_hashes) state_hashes_.erase(state_hashes_.begin());
  for (auto& [id, follower] : followers_) compare_state(id, follower);
}

void Core::on(const DiskSpaceChanged& changed) { disk_space_ = changed.space; }

void Core::on(const PeerUnreachable& unreachable) {
  const auto found = followers_.find(unreachable.id);
  if (found != followers_.end()) found->second.became_unreachable();
}

void Core::read_message(Envelope& envelope) {
  if (envelope.to != config_.self || envelope.from == config_.self) return;
  if (!settle_term(envelope)) return;
  std::visit([&](auto& message) { on(envelope.from, envelope.term, message); }, envelope.message);
}

bool Core::settle_term(const Envelope& envelope) {
  // Pre-votes speak of a term that nobody has entered; they settle nothing.
  if (std::holds_alternative<PreVoteRequest>(envelope.message)) return true;
  if (envelope.term > hard_.term) {
    if (const auto* vote = std::get_if<VoteRequest>(&envelope.message))
      if (hears_a_leader() && !vote->force) return false;
    if (const auto* vote = std::get_if<PreVoteResponse>(&envelope.message))
      if (vote->granted) return false;  // no honest voter is ahead of whom it favours
    const bool from_leader = std::holds_alternative<Append>(envelope.message) ||
                             std::holds_alternative<Heartbeat>(envelope.message) ||
                             std::holds_alternative<SnapshotOffer>(envelope.message);
    become_follower(envelope.term, from_leader ? envelope.from : NodeId{});
    return true;
  }
  if (envelope.term == hard_.term) return true;
  if (std::holds_alternative<PreVoteResponse>(envelope.message)) return true;
  if (config_.has(Mutant::accept_stale_acknowledgement) &&
      std::holds_alternative<AppendResponse>(envelope.message))
    return true;
  answer_old_term(envelope);
  return false;
}

// Who is behind learns it from the term of any answer, or it would go on for ever.
void Core::answer_old_term(const Envelope& envelope) {
  if (const auto* append = std::get_if<Append>(&envelope.message))
    send(envelope.from, AppendResponse{false, {}, append->prev_index, {}, {}, status()});
  else if (std::holds_alternative<Heartbeat>(envelope.message))
    send(envelope.from, HeartbeatResponse{{}, status()});
  else if (std::holds_alternative<VoteRequest>(envelope.message))
    send(envelope.from, VoteResponse{false});
  else if (const auto* offer = std::get_if<SnapshotOffer>(&envelope.message))
    send(envelope.from, SnapshotResponse{offer->id, SnapshotProgress::failed, status()});
  else if (const auto* read = std::get_if<ReadIndexRequest>(&envelope.message))
    send(envelope.from, ReadIndexResponse{read->id, false, {}});
}

void Core::let_time_pass(Instant now) {
  if (!last_tick_) {
    last_tick_ = time_ = now;
    reset_election_timer();
    if (voters().only(config_.self)) election_at_ = time_;  // there is nobody to wait for
    return;
  }
  Duration gap = std::max(now - *last_tick_, Duration{});
  if (gap.ns > config_.election_shortest.ns / 2) gap = std::min(gap, config_.heartbeat);
  last_tick_ =
      now;  // also of a clock that was set back: who waits for it to come round again is deaf meanwhile
  time_ = time_ + gap;
}

Duration Core::persist_age() const {
  return outstanding_.empty() ? Duration{} : time_ - outstanding_.front().since;
}

bool Core::disk_stalls() const { return persist_age() > config_.election_longest; }

void Core::send(NodeId to, Message message) {
  effects_.send_now.push_back({1, config_.self, to, hard_.term, std::move(message)});
}

void Core::send_after_durable(NodeId to, Message message) {
  effects_.after_durable.push_back({1, config_.self, to, hard_.term, std::move(message)});
}

Effects Core::finish() {
  if (stopped_) {
    Effects last;
    last.fault = std::move(effects_.fault);
    return last;
  }
  const bool new_vote = hard_.term != written_hard_.term || hard_.vote != written_hard_.vote;
  if (new_vote || log_.has_writes()) {
    Persist write;
    write.seq = last_seq_ = PersistSeq{last_seq_.value + 1};
    log_.take_writes(write);
    hard_.commit = log_.committed();
    if (hard_ != written_hard_) {
      write.hard_state = written_hard_ = hard_;
      if (config_.has(Mutant::forget_vote)) write.hard_state->vote = NodeId{};
    }
    outstanding_.push_back(
        {write.seq, write.last_term(), write.last_index(), write.hard_state, time_});
    if (outstanding_.back().hard_state) outstanding_.back().hard_state->vote = hard_.vote;
    effects_.persist = std::move(write);
  }
  // No message may speak of a term or rest on a vote that a crash would make us forget.
  auto& now = effects_.send_now;
  auto& later = effects_.after_durable;
  if (hard_.term != durable_hard_.term || hard_.vote != durable_hard_.vote) {
    later.insert(later.begin(), std::move_iterator(now.begin()), std::move_iterator(now.end()));
    now.clear();
  } else if (outstanding_.empty()) {
    now.insert(now.end(), std::move_iterator(later.begin()), std::move_iterator(later.end()));
    later.clear();
  }
  effects_.after_seq = last_seq_;
  history_.committed(log_.committed());
  take_committed_versions();
  if (const RoleChange change{hard_.term, role_, leader_}; change != told_)
    effects_.role_change = told_ = change;
  serve_applied_reads();
  if (!installing_)
    effects_.apply = log_.hand_out(config_.unapplied_bytes_most, config_.unapplied_most);
  take_snapshot_when_due();
  return std::move(effects_);
}

}  // namespace runink::raft
