// Linearizable reads: a leader proves by a round of heartbeats that it still
// leads; a follower has its leader prove it. Thesis, section 6.4.
#include <algorithm>

#include "raft/core.hpp"

namespace runink::raft {

void Core::on(const Read& read) {
  const auto refuse = [&](ReadAnswer why, NodeId leader = {}) {
    effects_.reads.push_back({read.tag, why, {}, leader});
  };
  if (waiting_reads() >= config_.reads_most) return refuse(ReadAnswer::busy);
  if (read.kind == ReadKind::stale) {
    confirmed_.emplace(read.min_index, read.tag);
  } else if (role_ == Role::leader) {
    rounds_.add({config_.self, read.tag.value, read.min_index});
    ask_for_reads();
  } else if (role_ == Role::follower && leader_ != NodeId{}) {
    forwarded_.add({read.tag, read.min_index});
    if (!forwarded_.asked_at()) forward_reads();
  } else {
    refuse(ReadAnswer::not_leader, leader_);
  }
}

// A new leader does not know yet how much is committed (etcd #7331): its first
// own entry tells.
bool Core::own_term_committed() const {
  return log_.term_at(log_.committed()) == hard_.term ||
         config_.has(Mutant::read_before_own_commit);
}

// One round at a time: what comes while one is on its way shares the next.
void Core::ask_for_reads() {
  if (role_ != Role::leader || !rounds_.waits() || rounds_.in_flight() || !own_term_committed())
    return;
  open_round();
  for (auto& [id, follower] : followers_)
    if (voters().contains(id)) send_heartbeat(id, follower);
  confirm_reads();  // who decides alone needs nobody's answer
}

void Core::open_round() {
  const std::uint64_t newest = rounds_.newest().value;
  const bool reused = config_.has(Mutant::reuse_read_seq) && newest > 0;
  rounds_.open(ReadSeq{reused ? newest : newest + 1}, log_.committed());
}

void Core::confirm_reads() {
  if (!rounds_.in_flight()) return;
  std::map<NodeId, LogIndex> answered{{config_.self, LogIndex{rounds_.newest().value}}};
  for (const auto& [id, follower] : followers_) answered[id] = LogIndex{follower.read_echo().value};
  ReadSeq confirmed{committed_index(voters(), answered).value};
  if (config_.has(Mutant::read_without_asking)) confirmed = rounds_.newest();
  for (const auto& [asker, index] : rounds_.confirm(confirmed)) answer_read(asker, index);
  ask_for_reads();
}

void Core::answer_read(const ReadRounds::Asker& asker, LogIndex index) {
  if (asker.node == config_.self)
    confirmed_.emplace(std::max(index, asker.min_index), ReadTag{asker.id});
  else
    send(asker.node, ReadIndexResponse{asker.id, true, index});
}

void Core::forward_reads() {
  if (forwarded_.waits()) send(leader_, forwarded_.ask(time_));
}

void Core::on(NodeId from, Term, const ReadIndexRequest& request) {
  if (role_ != Role::leader || waiting_reads() >= config_.reads_most)
    return send(from, ReadIndexResponse{request.id, false, {}});
  rounds_.add({from, request.id, {}});
  ask_for_reads();
}

void Core::on(NodeId from, Term, const ReadIndexResponse& response) {
  if (role_ != Role::follower || from != leader_) return;
  for (const auto& [tag, min_index] : forwarded_.answered(response))
    if (response.granted)
      confirmed_.emplace(std::max(response.index, min_index), tag);
    else
      effects_.reads.push_back({tag, ReadAnswer::busy, {}, leader_});
  if (!forwarded_.asked_at()) forward_reads();
}

// Before anything else changes: what was asked of one leadership is never
// answered by another.
void Core::fail_reads() {
  for (const ReadRounds::Asker& asker : rounds_.clear())
    if (asker.node == config_.self)
      effects_.reads.push_back({ReadTag{asker.id}, ReadAnswer::lost, {}, {}});
  for (const auto& [tag, min_index] : forwarded_.clear())
    effects_.reads.push_back({tag, ReadAnswer::lost, {}, {}});
}

void Core::serve_applied_reads() {
  const auto end = confirmed_.upper_bound(applied());
  for (auto it = confirmed_.begin(); it != end; ++it)
    effects_.reads.push_back({it->second, ReadAnswer::ready, applied(), leader_});
  confirmed_.erase(confirmed_.begin(), end);
}

}  // namespace runink::raft
