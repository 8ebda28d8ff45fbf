// Proposals, reads, hand-overs and changes of members, asked of whoever is there.
#include "vocabulary/codec.hpp"
#include "world.hpp"

namespace runink::raft::simulation {

void World::ask_for_something() {
  if (calm_) return;
  const NodeId whom = somebody();
  propose(whom);
  if (random_.chance(50)) read_at(anyone());
  if (random_.chance(50)) read_at(whom);
  if (random_.chance(weather_.change_percent)) change_members(whom);
  if (random_.chance(weather_.transfer_percent))
    if (SimulatedNode* one = reachable(whom))
      one->driver().transfer_leader(random_.chance(50) ? NodeId{} : anyone());
  after(up_to(milliseconds(60)), [this] { ask_for_something(); });
}

void World::read_at(NodeId whom) {
  SimulatedNode* one = reachable(whom);
  if (!one) return;
  const ReadTag tag{++asked_};
  reads_.emplace(tag, checker_.committed());
  reads_at_[whom].push_back(tag);
  one->driver().read(tag);
}

void World::propose(NodeId whom) {
  SimulatedNode* one = reachable(whom);
  if (!one) return;
  std::vector<std::string> payloads;
  const auto most = std::min<std::int64_t>(3, one->config().batch_entries_most);
  for (auto n = random_.between(1, most); n > 0; --n)
    payloads.push_back(payload(random_.below(40)));
  one->driver().propose(ProposalTag{asked_}, std::move(payloads));
}

std::string World::payload(std::size_t more) {
  std::string text = "p" + std::to_string(++asked_) + std::string(more, '.');
  if (!weather_.clients) return text;
  state::KvTransaction put;
  put.herd = simulated_herd;
  put.then = {state::KvPut{"other", std::move(text)}};
  state::Command command;
  command.at = WallTime{1'700'000'000'000'000 + now_.ns / 1'000};
  command.body = std::move(put);
  return encode(command);
}

void World::change_members(NodeId whom) {
  SimulatedNode* one = reachable(whom);
  if (!one) return;
  ChangeMembers change;
  change.tag = ProposalTag{++asked_};
  change.force = random_.chance(weather_.forced_percent);
  for (auto n = random_.between(1, 3); n > 0; --n)
    change.changes.push_back({static_cast<MemberChange::Kind>(random_.between(1, 4)), anyone()});
  one->driver().change_members(std::move(change));
}

void World::proposal_done(NodeId id, const ProposalOutcome& outcome) {
  if (outcome.answer == Answer::accepted) count(Happens::proposals);
  if (outcome.answer == Answer::busy) count(Happens::proposals_busy);
  if (outcome.answer == Answer::disk_full) count(Happens::proposals_disk_full);
  if (clients_) clients_->proposal_done(id, outcome);
}

void World::transfer_done(NodeId, const TransferOutcome& outcome) {
  if (outcome.answer == TransferAnswer::begun) count(Happens::hand_overs);
  if (outcome.answer == TransferAnswer::gave_up) count(Happens::hand_overs_given_up);
}

void World::read_done(NodeId id, const ReadOutcome& outcome) {
  if (clients_ && clients_->read_done(id, outcome)) return;
  const auto read = reads_.find(outcome.tag);
  if (read == reads_.end())
    throw Violation{Property::no_stale_read, "a read is answered twice, or was never asked"};
  const std::size_t must_see = read->second;
  reads_.erase(read);
  if (outcome.answer != ReadAnswer::ready) return count(Happens::reads_failed);
  const std::uint64_t index = outcome.index.value;
  mix(6, id, {reinterpret_cast<const char*>(&index), sizeof(index)});
  const bool leads = node(id).core().role() == Role::leader;
  count(leads ? Happens::reads_by_leaders : Happens::reads_by_followers);
  judge(Property::no_stale_read);
  if (index < must_see || node(id).machine().applied().value < must_see)
    throw Violation{Property::no_stale_read, "node " + std::to_string(id.value) +
                                                 " reads at entry " + std::to_string(index) +
                                                 ", but entry " + std::to_string(must_see) +
                                                 " was committed before the read was asked"};
}

}  // namespace runink::raft::simulation
