// Changing who belongs to the group: learners first, joint when more than one voter differs, in
// force as soon as it is in the log. Raft paper, section 6; thesis, chapter 4.
#include <algorithm>
#include <utility>

#include "raft/core.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {

void Core::on(const ChangeMembers& change) {
  ProposalOutcome outcome{change.tag, Answer::accepted, {}, {}, {}};
  auto planned = plan(change);
  if (planned) {
    outcome.first = next(log_.last());
    outcome.term = hard_.term;
    append_configuration(std::move(*planned));
  } else {
    outcome.answer = planned.error();
    if (outcome.answer == Answer::not_leader) outcome.leader = leader_;
  }
  effects_.proposals.push_back(outcome);
}

// Two leaders that each change what neither knows to be committed can end with two majorities that
// share nobody: hence the entry of the own term (Ongaro's correction of 2015).
std::optional<Answer> Core::may_change_members() const {
  if (role_ != Role::leader) return Answer::not_leader;
  if (transfer_) return Answer::transferring;
  if (config_.has(Mutant::skip_own_term_gate)) return std::nullopt;
  if (log_.term_at(log_.committed()) != hard_.term) return Answer::not_ready;
  if (history_.newest_index() > log_.committed() || configuration().is_joint())
    return Answer::change_in_progress;
  return std::nullopt;
}

std::expected<Configuration, Answer> Core::plan(const ChangeMembers& change) {
  if (const auto refusal = may_change_members()) return std::unexpected(*refusal);
  if (change.expected_index && *change.expected_index != history_.newest_index())
    return std::unexpected(Answer::out_of_date);
  const auto changes = change.force ? change.changes : learners_first(change.changes);
  if (changes.empty()) return std::unexpected(Answer::not_caught_up);
  Changed to = change_simply(configuration(), changes);
  if (!to) to = enter_joint(configuration(), changes, true);
  if (to && config_.has(Mutant::skip_joint) && to->is_joint()) to = leave_joint(*to);
  if (!to) return std::unexpected(Answer::refused);
  if (to->members().size() > config_.members_most) return std::unexpected(Answer::too_large);
  if (change.force) return *to;
  if (vote_result(to->voters, alive()) != VoteResult::won)
    return std::unexpected(Answer::would_lose_quorum);
  // Who removes itself first hands over: the group is not left without a leader.
  if (const NodeId heir = most_complete_voter();
      !to->voters.incoming.contains(config_.self) && heir != NodeId{}) {
    on(TransferLeader{heir});
    return std::unexpected(Answer::transferring);
  }
  return *to;
}

/// A new voter without the log would count in every quorum and help in none: it joins as a learner
/// and is promoted when it has caught up. Nothing at all when that must happen before the rest.
std::vector<MemberChange> Core::learners_first(const std::vector<MemberChange>& asked) const {
  std::vector<MemberChange> changes;
  bool joins = false;
  bool others = false;
  for (MemberChange change : asked) {
    const bool votes = voters().contains(change.node);
    const bool promotes =
        change.kind == MemberChange::Kind::voter || change.kind == MemberChange::Kind::join;
    if (promotes && votes) continue;
    if (change.kind == MemberChange::Kind::voter && !keeps_up(change.node))
      change.kind = MemberChange::Kind::join;
    joins |= change.kind == MemberChange::Kind::join;
    others |= votes || change.kind == MemberChange::Kind::voter;
    changes.push_back(change);
  }
  if (joins && others) return {};
  if (changes.empty() && !asked.empty()) changes.push_back({});  // all of it is so already
  return changes;
}

/// Is a learner so near the end that it could vote now?
bool Core::keeps_up(NodeId id) const {
  const auto found = followers_.find(id);
  return found != followers_.end() && found->second.state() == FollowerProgress::State::replicate &&
         log_.last().value - found->second.match().value <= config_.batch_entries_most &&
         alive().at(id);
}

void Core::append_configuration(Configuration to) {
  log_.append(hard_.term, EntryType::configuration, encode(to));
  history_.append(log_.last(), std::move(to));
  configuration_changed();
  replicate_to_all();
  advance_commit();
  confirm_reads();  // of fewer voters, enough may have answered already
}

/// What a leader's append brought or took away.
void Core::take_configurations(LogIndex from) {
  const LogIndex before = history_.newest_index();
  if (!config_.has(Mutant::keep_cut_configuration)) history_.cut_from(from);
  for (LogIndex i = from; i <= log_.last(); i = next(i)) {
    const Entry& entry = log_.at(i);
    if (entry.type != EntryType::configuration || i <= history_.newest_index()) continue;
    auto read = configuration_in(entry);
    ENSURE(read.has_value());  // looked at when it came
    history_.append(i, std::move(*read));
  }
  if (history_.newest_index() != before || before >= from) configuration_changed();
}

void Core::configuration_changed() {
  effects_.configuration = configuration();
  if (role_ == Role::leader) lead_members();
}

void Core::lead_members() {
  keep_members(
      followers_, configuration().members(), config_.self,
      FollowerProgress(
          next(log_.last()),
          {config_.window_messages, config_.window_bytes, config_.window_messages_most}, time_));
  std::erase_if(catching_up_,
                [&](const auto& one) { return !configuration().joining.contains(one.first); });
  for (const NodeId id : configuration().joining)
    catching_up_.try_emplace(id, CatchUp{log_.last(), time_, 0});
  if (transfer_ && !voters().incoming.contains(transfer_->to)) {
    effects_.transfers.push_back({TransferAnswer::gave_up, transfer_->to});
    transfer_.reset();
  }
}

/// Thesis 4.2.1: rounds, each up to where the log ended when it began. When a round takes less than
/// an election timeout, the rest is short enough for a new voter to be no hindrance.
void Core::catches_up(NodeId id, LogIndex match) {
  const auto found = catching_up_.find(id);
  if (found == catching_up_.end() || match < found->second.target) return;
  CatchUp& round = found->second;
  // With nothing left, the next round would be over before it began.
  if (time_ - round.began < config_.election_shortest || match == log_.last())
    round.done = true;
  else
    ++round.slow;
  round.target = log_.last();
  round.began = time_;
}

/// One at a time, when nothing else is being changed.
void Core::promote_learners() {
  if (catching_up_.empty() || may_change_members()) return;
  for (const auto& [id, round] : catching_up_) {
    const bool hopeless = round.slow >= config_.catch_up_rounds_most;
    if (!hopeless && (!round.done || !keeps_up(id))) continue;
    const MemberChange change{hopeless ? MemberChange::Kind::learner : MemberChange::Kind::voter,
                              id};
    const Changed to = change_simply(configuration(), std::span(&change, 1));
    ENSURE(to.has_value());
    if (vote_result(to->voters, alive()) != VoteResult::won) continue;
    if (hopeless) effects_.gave_up_joining.push_back(id);
    return append_configuration(*to);
  }
}

// What follows when the newest configuration is committed: the joint state is left, and a leader
// that belongs to the group no more has done its last duty.
void Core::configuration_committed() {
  if (role_ != Role::leader || history_.newest_index() > log_.committed()) return;
  if (configuration().is_joint()) return append_configuration(*leave_joint(configuration()));
  if (!voters().contains(config_.self)) return hand_over_and_go();
}

}  // namespace runink::raft
