#include "raft/driver.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace runink::raft {

Driver::Driver(Config config, Recovered recovered, LogIndex applied, Ports ports)
    : core_(std::move(config), std::move(recovered), applied), ports_(ports) {}

void Driver::put(Input input) {
  inputs_.push_back(std::move(input));
  if (busy_) return;  // a port called back: its turn comes below
  busy_ = true;
  while (!inputs_.empty()) {
    Input one = std::move(inputs_.front());
    inputs_.pop_front();
    const auto* persisted = std::get_if<LogPersisted>(&one);
    const PersistSeq durable = persisted ? persisted->seq : PersistSeq{};
    if (ports_.watch) ports_.watch->before_step(core_, one);
    Effects effects = core_.step(std::move(one));
    if (ports_.watch) ports_.watch->after_step(core_, effects);
    if (core_.stopped()) waiting_.clear();
    release(durable);
    carry_out(std::move(effects));
  }
  busy_ = false;
}

// Of several acknowledgements that one sync releases, only the newest to each leader leaves: it
// says what the others say.
void Driver::release(PersistSeq seq) {
  const auto end = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const Waiting& one) { return one.seq > seq; });
  std::vector<Envelope> leaving;
  std::set<std::pair<NodeId, Term>> acknowledged;
  for (auto it = end; it != waiting_.begin();) {
    --it;
    const auto* response = std::get_if<AppendResponse>(&it->envelope.message);
    if (response && response->accepted &&
        !acknowledged.emplace(it->envelope.to, it->envelope.term).second)
      continue;
    leaving.push_back(std::move(it->envelope));
  }
  waiting_.erase(waiting_.begin(), end);
  for (auto it = leaving.rbegin(); it != leaving.rend(); ++it)
    ports_.transport.send(std::move(*it));
}

void Driver::carry_out(Effects effects) {
  if (effects.persist) ports_.log.submit(std::move(*effects.persist));
  for (Envelope& envelope : effects.send_now) ports_.transport.send(std::move(envelope));
  for (Envelope& envelope : effects.after_durable)
    waiting_.push_back({effects.after_seq, std::move(envelope)});
  if (effects.role_change) ports_.owner.role_changed(*effects.role_change);
  if (effects.configuration) ports_.owner.configuration_changed(*effects.configuration);
  if (effects.version) ports_.owner.version_changed(*effects.version);
  for (const NodeId id : effects.gave_up_joining) ports_.owner.gave_up_joining(id);
  for (const ProposalOutcome& outcome : effects.proposals) ports_.owner.proposal_done(outcome);
  for (const ReadOutcome& outcome : effects.reads) ports_.owner.read_done(outcome);
  for (const TransferOutcome& outcome : effects.transfers) ports_.owner.transfer_done(outcome);
  for (const StateDiffers& one : effects.differs) ports_.owner.state_differs(one);
  if (effects.fault) ports_.owner.must_end(*effects.fault);
  if (!effects.apply.empty()) ports_.applier.apply(std::move(effects.apply));
  carry_out_snapshots(effects);
}

// An install never comes with entries to apply: the core hands out none until it is done.
void Driver::carry_out_snapshots(const Effects& effects) {
  if (!ports_.snapshots) {
    if (effects.take_snapshot) put(SnapshotTaken{});
    if (effects.fetch) put(SnapshotFetched{effects.fetch->offer.id, std::nullopt});
    return;
  }
  if (effects.take_snapshot) ports_.snapshots->take();
  if (effects.fetch) ports_.snapshots->fetch(*effects.fetch);
  if (effects.install) ports_.snapshots->install(*effects.install);
  if (effects.discard) ports_.snapshots->discard(*effects.discard);
}

}  // namespace runink::raft
