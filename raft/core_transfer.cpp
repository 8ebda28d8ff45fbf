// Handing the leadership over. Thesis, section 3.10.
#include "raft/core.hpp"

namespace runink::raft {

void Core::on(const TransferLeader& transfer) {
  const auto answer = [&](TransferAnswer what, NodeId to) {
    effects_.transfers.push_back({what, to});
  };
  if (role_ != Role::leader) return answer(TransferAnswer::not_leader, leader_);
  const NodeId to = transfer.to == NodeId{} ? most_complete_voter() : transfer.to;
  if (!followers_.contains(to) || !voters().incoming.contains(to))
    return answer(TransferAnswer::no_such_voter, transfer.to);
  // Asked again for the same node, the deadline stays: it only ever comes
  // nearer.
  if (!transfer_ || transfer_->to != to)
    transfer_ = Transfer{to, time_ + config_.transfer_longest, false};
  answer(TransferAnswer::begun, to);
  go_on_with_transfer();
}

/// The voter that hears us and has most of the log; of equals the first. 0 =
/// there is none.
NodeId Core::most_complete_voter() const {
  NodeId best;
  for (const auto& [id, heard] : alive()) {
    if (id == config_.self || !heard || !voters().incoming.contains(id)) continue;
    if (best == NodeId{} || followers_.at(best).match() < followers_.at(id).match()) best = id;
  }
  return best;
}

// Who is asked before it has everything would lose, and the group would have no
// leader for a while.
void Core::go_on_with_transfer() {
  if (!transfer_ || transfer_->asked) return;
  const auto target = followers_.find(transfer_->to);
  if (target == followers_.end() || target->second.match() != log_.last()) return;
  transfer_->asked = true;
  send(transfer_->to, TimeoutNow{});
}

void Core::give_up_late_transfer() {
  if (!transfer_ || time_ < transfer_->until) return;
  effects_.transfers.push_back({TransferAnswer::gave_up, transfer_->to});
  transfer_.reset();
}

/// False when there is nobody to hand over to.
bool Core::begin_to_give_way() {
  if (role_ != Role::leader) return false;
  if (transfer_) return true;
  const NodeId heir = most_complete_voter();
  if (heir == NodeId{}) return false;
  on(TransferLeader{heir});
  return true;
}

// A leader whose disk hangs must go: heartbeats alone would keep it in office for ever. Its heir
// gets what it lacks first, while there is time.
void Core::give_way_to_a_living_disk() {
  if (!begin_to_give_way() || time_ >= transfer_->until) hand_over_and_go();
}

// We cannot go on: whoever is nearest takes over now instead of waiting for its
// timer.
void Core::hand_over_and_go() {
  if (const NodeId to = most_complete_voter(); to != NodeId{}) send(to, TimeoutNow{});
  become_follower(hard_.term, NodeId{});
}

void Core::on(NodeId from, Term, const TimeoutNow&) {
  // A leader says it: nobody else may, and it says it of the term in which it
  // leads.
  if (role_ == Role::leader || (leader_ != NodeId{} && leader_ != from)) return;
  if (may_campaign()) campaign(true);
}

}  // namespace runink::raft
