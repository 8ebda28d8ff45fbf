// Replication: proposals, appends, acknowledgements, commit, heartbeats.
#include <algorithm>
#include <utility>

#include "raft/core.hpp"
#include "raft/version.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {
namespace {

/// What another node says must be checked before it is believed.
bool is_well_formed(const Append& append, Term term) {
  LogIndex index = append.prev_index;
  Term last = append.prev_term;
  for (const Entry& entry : append.entries) {
    index = next(index);
    if (entry.index != index || entry.term < last || entry.term > term) return false;
    if (entry.type == EntryType::configuration && !configuration_in(entry)) return false;
    if (entry.type == EntryType::set_version && !version_in(entry)) return false;
    last = entry.term;
  }
  return true;
}

Bytes size_of(const std::vector<Entry>& entries) {
  Bytes sum;
  for (const Entry& entry : entries) sum = sum + Bytes{entry.payload.size()};
  return sum;
}

/// Mutant: the best learner's acknowledgement is taken for that of the slowest voter.
void count_learners(const Configuration& configuration, std::map<NodeId, LogIndex>& match) {
  LogIndex best;
  for (const NodeId id : configuration.learners) best = std::max(best, match[id]);
  const auto slowest = std::ranges::min_element(configuration.voters.incoming, {},
                                                [&](NodeId id) { return match[id]; });
  match[*slowest] = std::max(match[*slowest], best);
}

}  // namespace

Answer Core::admit(const Propose& propose) const {
  ENSURE(!propose.payloads.empty());
  Bytes sum;
  for (const std::string& payload : propose.payloads) {
    if (Bytes{payload.size()} > config_.command_most) return Answer::too_large;
    sum = sum + Bytes{payload.size()};
  }
  if (sum > config_.batch_most || propose.payloads.size() > config_.batch_entries_most)
    return Answer::too_large;
  if (role_ != Role::leader) return Answer::not_leader;
  if (transfer_) return Answer::transferring;
  if (disk_space_ != DiskSpace::enough) return Answer::disk_full;
  const bool stalls = disk_stalls() && !voters().only(config_.self);
  if (stalls || log_.uncommitted() + sum > config_.uncommitted_most || applier_is_behind())
    return Answer::busy;
  return Answer::accepted;
}

bool Core::applier_is_behind() const {
  return log_.unapplied() >= config_.unapplied_bytes_most ||
         log_.committed().value - applied().value >= config_.unapplied_most;
}

FollowerStatus Core::status() const {
  StateHash state;
  if (!state_hashes_.empty())
    state = {state_hashes_.rbegin()->first, state_hashes_.rbegin()->second};
  return {log_.durable(), applied(), applier_is_behind(), config_.versions, state};
}

void Core::hear(NodeId id, FollowerProgress& follower, const FollowerStatus& status) {
  follower.hear(time_, status);
  compare_state(id, follower);
}

// Whoever of both comes to an index last, the two are compared there, once.
void Core::compare_state(NodeId id, FollowerProgress& follower) {
  const StateHash theirs = follower.status().state;
  const auto ours = state_hashes_.find(theirs.index);
  if (ours == state_hashes_.end() || follower.compared() >= theirs.index) return;
  follower.compared_at(theirs.index);
  if (ours->second != theirs.hash)
    effects_.differs.push_back({id, theirs.index, ours->second, theirs.hash});
}

void Core::on(Propose& propose) {
  ProposalOutcome outcome{propose.tag, admit(propose), {}, {}, {}};
  if (outcome.answer == Answer::not_leader) outcome.leader = leader_;
  if (outcome.answer == Answer::accepted) {
    outcome.first = next(log_.last());
    outcome.term = hard_.term;
    for (std::string& payload : propose.payloads)
      log_.append(hard_.term, EntryType::command, std::move(payload));
    replicate_to_all();
    if (config_.has(Mutant::count_self_before_sync)) advance_commit();
  }
  effects_.proposals.push_back(outcome);
}

void Core::replicate_to_all() {
  for (auto& [id, follower] : followers_) replicate_to(id, follower);
}

void Core::replicate_to(NodeId id, FollowerProgress& follower) {
  if (follower.next() < log_.first()) return offer_snapshot(id, follower);
  if (follower.state() == FollowerProgress::State::probe) {
    if (follower.can_send()) send_append(id, follower);
    return;
  }
  while (follower.next() <= log_.last() && follower.can_send(log_.bytes_at(follower.next())))
    send_append(id, follower);
  // Nothing is on its way that could carry the news of a commit.
  if (follower.in_flight() == 0 &&
      follower.commit_sent() < std::min(log_.committed(), follower.match()))
    send_append(id, follower);
}

void Core::send_append(NodeId id, FollowerProgress& follower) {
  if (follower.next() < log_.first()) return offer_snapshot(id, follower);
  const LogIndex prev = previous(follower.next());
  const auto prev_term = log_.term_at(prev);
  ENSURE(prev_term.has_value());
  Append append{prev, *prev_term, log_.committed(), {}};
  // A full window still lets an empty append through: it asks whether something was lost.
  if (follower.next() <= log_.last() && follower.can_send(log_.bytes_at(follower.next())))
    append.entries = log_.slice(follower.next(), std::min(config_.batch_most, follower.room()),
                                config_.batch_entries_most);
  const LogIndex last{prev.value + append.entries.size()};
  follower.sent(last, size_of(append.entries), append.commit, time_);
  send(id, std::move(append));
}

void Core::beat() {
  heartbeat_at_ = time_ + config_.heartbeat;
  // A round whose questions were lost is not asked again: a later one confirms its reads too.
  if (rounds_.in_flight() || (rounds_.waits() && own_term_committed())) open_round();
  for (auto& [id, follower] : followers_) send_heartbeat(id, follower);
  compact();
}

void Core::send_heartbeat(NodeId id, FollowerProgress& follower) {
  const LogIndex known = config_.has(Mutant::uncapped_heartbeat_commit)
                             ? log_.committed()
                             : std::min(log_.committed(), follower.match());
  follower.commit_was_sent(known);
  send(id, Heartbeat{known, rounds_.newest()});
}

void Core::advance_commit() {
  std::map<NodeId, LogIndex> match;
  // 10.2.1 of the thesis: our own entries count when they are on our disk, like anybody's.
  match[config_.self] = config_.has(Mutant::count_self_before_sync) ? log_.last() : log_.durable();
  for (const auto& [id, follower] : followers_) match[id] = follower.match();
  if (config_.has(Mutant::count_learners)) count_learners(configuration(), match);
  const LogIndex candidate = committed_index(voters(), match);
  if (candidate <= log_.committed()) return;
  // 5.4.2: only entries of our own term commit by counting replicas; figure 8 shows the loss.
  if (log_.term_at(candidate) != hard_.term && !config_.has(Mutant::count_old_terms)) return;
  log_.commit_to(candidate);
  replicate_to_all();
  ask_for_reads();  // those that came before the first entry of our term was committed
  configuration_committed();
}

void Core::acknowledge_append(NodeId to, LogIndex match) {
  const AppendResponse response{true, match, {}, {}, {}, status()};
  if (match <= log_.durable() || config_.has(Mutant::acknowledge_before_sync))
    send(to, response);
  else
    send_after_durable(to, response);
}

void Core::on(NodeId from, Term term, Append& append) {
  follow(from);
  if (!is_well_formed(append, term)) return;
  if (auto fault = beyond_us(append.entries)) return stop(std::move(fault));
  // Old news: what we have committed is in every later leader's log.
  if (append.prev_index < log_.committed() && !config_.has(Mutant::truncate_below_commit))
    return acknowledge_append(from, log_.committed());
  if (!log_.matches(append.prev_index, append.prev_term)) {
    const LogIndex hint = config_.has(Mutant::lose_reject_hint)
                              ? previous(append.prev_index)
                              : log_.last_possible_match(append.prev_index, append.prev_term);
    const Term hint_term = log_.term_at(hint).value_or(Term{});
    return send(from, AppendResponse{false, {}, append.prev_index, hint, hint_term, status()});
  }
  const LogIndex known{append.prev_index.value + append.entries.size()};
  if (config_.has(Mutant::cut_behind_appends) && known < log_.last()) {
    log_.cut_from(next(known));
    take_configurations(next(known));
  }
  if (config_.has(Mutant::truncate_below_commit) && append.prev_index < log_.last())
    log_.cut_from(next(append.prev_index));
  if (const LogIndex changed = log_.merge(std::move(append.entries)); changed != LogIndex{})
    take_configurations(changed);
  log_.commit_to(std::max(log_.committed(), std::min(append.commit, known)));
  acknowledge_append(from, known);
}

void Core::on(NodeId from, Term, const AppendResponse& response) {
  const auto found = followers_.find(from);
  if (role_ != Role::leader || found == followers_.end()) return;
  FollowerProgress& follower = found->second;
  hear(from, follower, response.status);
  if (response.accepted) {
    if (response.match > log_.last()) return;  // nobody holds what we never had
    if (follower.acknowledged(response.match, time_)) {
      catches_up(from, response.match);
      advance_commit();
    }
  } else {
    const LogIndex possible =
        config_.has(Mutant::lose_reject_hint)
            ? response.hint_index
            : log_.last_possible_match(response.hint_index, response.hint_term);
    if (!follower.rejected(response.prev_index, possible)) return;
  }
  // What was just committed may have been the end of our office, or of its membership.
  if (const auto still = followers_.find(from); still != followers_.end()) {
    go_on_with_transfer();
    replicate_to(from, still->second);
  }
}

void Core::on(NodeId from, Term, const Heartbeat& heartbeat) {
  follow(from);
  if (heartbeat.commit <= log_.last()) log_.commit_to(std::max(log_.committed(), heartbeat.commit));
  send(from, HeartbeatResponse{heartbeat.read, status()});
}

void Core::on(NodeId from, Term, const HeartbeatResponse& response) {
  const auto found = followers_.find(from);
  if (role_ != Role::leader || found == followers_.end()) return;
  FollowerProgress& follower = found->second;
  hear(from, follower, response.status);
  follower.answered_heartbeat();
  if (response.read <= rounds_.newest()) {  // nobody answers what we never asked
    follower.echoed(response.read);
    confirm_reads();
  }
  if (transfer_ && transfer_->to == from) transfer_->asked = false;  // it has not begun: ask again
  go_on_with_transfer();
  if (follower.match() < log_.last() && follower.in_flight() > 0)
    send_append(from, follower);
  else
    replicate_to(from, follower);
}

}  // namespace runink::raft
