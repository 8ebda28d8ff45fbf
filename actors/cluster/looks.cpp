#include "actors/cluster/looks.hpp"

#include <utility>

#include "vocabulary/limits.hpp"

namespace runink::actors {

caf::response_promise Looks::take(const Look& look, const state::ClusterState& applied,
                                  bool up_to_date, Instant now) {
  Waiting one{look, owner_->make_response_promise(), now};
  const caf::response_promise promise = one.promise;
  if (look.stale || (alone_ && up_to_date)) {
    show(one, applied);
  } else if (count_ >= limits::waiting_proposals) {
    one.promise.deliver(Result<LogIndex>(
        fail(FaultKind::exhausted, "Too many questions wait for the state. Ask again later.")));
  } else {
    ++count_;
    if (alone_ || !raft_)
      waiting_.push_back(std::move(one));
    else
      ask(std::move(one));
  }
  return promise;
}

void Looks::show(Waiting& one, const state::ClusterState& applied) {
  (*one.look.look)(applied);
  one.promise.deliver(Result<LogIndex>(applied.applied));
}

void Looks::ask(Waiting one) {
  if (together_.empty()) owner_->send(owner_, ask_looks_atom::value);
  together_.push_back(std::move(one));
}

void Looks::ask_together() {
  const raft::ReadTag tag{next_tag_++};
  asked_.emplace(tag, std::exchange(together_, {}));
  owner_->send(raft_, AskRead(tag));
}

void Looks::give_up(Instant now) {
  const auto late = [this, now](const Waiting& one) {
    if (now - one.since < limits::state_wait) return false;
    --count_;
    auto promise = one.promise;
    promise.deliver(Result<LogIndex>(
        fail(FaultKind::out_of_time,
             "No leader confirmed in time that this node's state is up to date. More than half of "
             "the nodes must run and reach each other; `runi cluster status` shows which do.")));
    return true;
  };
  std::erase_if(waiting_, late);
  std::erase_if(together_, late);
  for (auto& [tag, questions] : asked_) std::erase_if(questions, late);
  std::erase_if(asked_, [](const auto& one) { return one.second.empty(); });
}

void Looks::up_to_date(const state::ClusterState& applied) {
  if (!alone_) return;
  auto waiting = std::exchange(waiting_, {});
  count_ -= waiting.size();
  for (Waiting& one : waiting) show(one, applied);
}

void Looks::leader_known() {
  if (alone_) return;
  auto waiting = std::exchange(waiting_, {});
  for (Waiting& one : waiting) ask(std::move(one));
}

void Looks::read_done(const raft::ReadOutcome& outcome, const state::ClusterState& applied,
                      bool leader_known) {
  auto found = asked_.extract(outcome.tag);
  if (found.empty()) return;
  for (Waiting& one : found.mapped()) answer(std::move(one), outcome.answer, applied, leader_known);
}

void Looks::answer(Waiting one, raft::ReadAnswer answer, const state::ClusterState& applied,
                   bool leader_known) {
  switch (answer) {
    case raft::ReadAnswer::ready:
      --count_;
      show(one, applied);
      break;
    // Asked of a leadership that is over: the next one is asked, when it is known.
    case raft::ReadAnswer::not_leader:
    case raft::ReadAnswer::lost:
      if (leader_known)
        ask(std::move(one));
      else
        waiting_.push_back(std::move(one));
      break;
    case raft::ReadAnswer::busy:
    case raft::ReadAnswer::stopped:
      --count_;
      one.promise.deliver(Result<LogIndex>(fail(
          FaultKind::exhausted, "Raft cannot confirm a read now (" +
                                    std::string(raft::to_string(answer)) + "). Ask again later.")));
      break;
  }
}

}  // namespace runink::actors
