#include "actors/cluster/raft_actor.hpp"

#include <memory>
#include <set>
#include <vector>

#include "actors/cluster/membership.hpp"
#include "actors/cluster/snapshot_port.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/messages.hpp"
#include "raft/driver.hpp"
#include "raft/invariants.hpp"
#include "storage/log_writer.hpp"
#include "storage/state_store.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

using tick_atom = caf::atom_constant<caf::atom("tick")>;

/// Of changes of members; the state_actor counts its proposals from 1.
constexpr raft::ProposalTag members_tag{~std::uint64_t{0}};
/// Between two attempts to bring the group to what is wanted.
constexpr Duration members_every = milliseconds(100);
/// Who was too slow to catch up gets as much time before it is asked to again.
constexpr Duration joins_again_after = seconds(10);

/// The ports of one driver: writes go to the log writer, messages to the links, everything else to the
/// applier.
class Carrier final : public raft::LogStorePort,
                      public raft::TransportPort,
                      public raft::ApplierPort,
                      public raft::OwnerPort {
 public:
  Carrier(caf::event_based_actor* self, Services& services, raft::Config config,
          raft::Recovered recovered, LogIndex applied, caf::actor applier, PeerLinks* links)
      : self_(self),
        services_(services),
        applier_(std::move(applier)),
        links_(links),
        snapshots_(services.snapshots == nullptr
                       ? nullptr
                       : std::make_unique<SnapshotPort>(self, services, applier_)),
        driver_(std::move(config), std::move(recovered), applied,
                raft::Ports{*this, *this, *this, *this, &watch_, snapshots_.get()}) {
    if (snapshots_) snapshots_->serve(driver_);
  }

  raft::Driver& driver() { return driver_; }
  /// Only what it asked for itself comes back to it.
  SnapshotPort& snapshots() { return *snapshots_; }
  void tick() {
    driver_.tick(now());
    if (snapshots_) snapshots_->let_time_pass(now());
  }
  void applied(const AppliedUpTo& news) {
    driver_.applied(news.index, news.state);
    if (snapshots_) snapshots_->applied();
  }
  Instant now() const { return services_.clock.now(); }
  /// A group of one has no elections to time: it is only asked whether its disk hangs.
  Duration tick_every() const { return links_ ? milliseconds(10) : milliseconds(250); }

  void submit(raft::Persist write) override {
    // What a power cut would take of state.db must be in the log.
    ENSURE(!write.base || write.base->index <= services_.state_store.flushed_index());
    services_.log_writer.submit(std::move(write));
  }
  void send(raft::Envelope envelope) override {
    ENSURE(links_ != nullptr);  // a group of one has nobody to speak to
    links_->send(envelope);
  }
  void apply(std::vector<raft::Entry> entries) override {
    self_->send(
        applier_,
        EntriesCommitted(std::make_shared<const std::vector<raft::Entry>>(std::move(entries))));
  }
  void role_changed(const raft::RoleChange& change) override {
    services_.leader->store(change.leader.value);
    if (links_) links_->led_by(change.leader);
    if (change.role != raft::Role::leader) handed_over();
    if (snapshots_) snapshots_->leader_changed(change.leader);
    if (change.leader != NodeId{} && std::exchange(last_leader_, change.leader) != change.leader)
      ++leader_changes_;
    if (change.leader != NodeId{} && change.leader != driver_.core().config().self)
      transferred(change.leader);
    self_->send(applier_, RoleChanged(change, driver_.core().log().last()));
  }
  void proposal_done(const raft::ProposalOutcome& outcome) override {
    if (outcome.tag == members_tag) return members_answered(outcome.answer);
    self_->send(applier_, ProposalDone(outcome));
  }
  void read_done(const raft::ReadOutcome& outcome) override {
    self_->send(applier_, ReadDone(outcome));
  }

  void transfer_done(const raft::TransferOutcome& outcome) override {
    if (outcome.answer == raft::TransferAnswer::begun) return;
    handed_over();
    const bool late = outcome.answer == raft::TransferAnswer::gave_up;
    transferred(fail(
        outcome.answer == raft::TransferAnswer::not_leader ? FaultKind::not_leader
        : late                                             ? FaultKind::out_of_time
                                                           : FaultKind::conflict,
        late ? "The node did not take over in time: it may be far behind, or cannot be "
               "reached. This node leads on."
             : "Nobody can take over (" + std::string(raft::to_string(outcome.answer)) + "): " +
                   (outcome.to == NodeId{} ? "no other voter lives."
                                           : "the node asked for does not vote.")));
  }
  caf::response_promise transfer(NodeId to) {
    auto promise = self_->make_response_promise();
    if (!transfers_.empty() && transfer_to_ != to) {
      promise.deliver(Result<NodeId>(
          fail(FaultKind::conflict,
               "Another transfer of the leadership is under way. Try again when it is over.")));
      return promise;
    }
    transfer_to_ = to;
    transfers_.push_back(promise);
    if (driver_.core().role() == raft::Role::leader)
      driver_.transfer_leader(to);
    else
      transferred(fail(FaultKind::not_leader, "This node does not lead."));
    return promise;
  }
  void gave_up_joining(NodeId node) override {
    slow_[node] = now() + joins_again_after;
    services_.log.warn("a node that joins is too slow to catch up; it is tried again",
                       {LogField("id", static_cast<std::int64_t>(node.value))});
  }
  void want(std::shared_ptr<const WantedMembers> wanted) {
    wanted_ = std::move(wanted);
    members_at_ = now();
  }
  /// While this node leads: one step from the group that is there to the one that is wanted.
  void bring_members_nearer() {
    const raft::Core& core = driver_.core();
    if (!wanted_ || core.role() != raft::Role::leader || now() < members_at_) return;
    members_at_ = now() + members_every;
    std::erase_if(slow_, [&](const auto& one) { return one.second <= now(); });
    std::set<NodeId> not_now;
    for (const auto& [id, until] : slow_) not_now.insert(id);
    const auto change = next_change(*wanted_, core.configuration(), core.config().self, not_now);
    if (!change) return;
    driver_.change_members({members_tag, {change->first}, std::nullopt, change->second});
  }
  caf::response_promise hand_over() {
    handing_over_ = self_->make_response_promise();
    const caf::response_promise promise = handing_over_;
    driver_.transfer_leader();
    return promise;
  }

  void receive(std::vector<raft::Envelope>& messages) {
    for (raft::Envelope& one : messages)
      if (may_take(one)) driver_.receive(std::move(one));
    messages.clear();
  }
  /// Below what the log needs, the core takes no command, and another node is to lead.
  void disk_level_changed(DiskLevel level) {
    disk_full_ = level == DiskLevel::full;
    driver_.disk_space(disk_full_ ? raft::DiskSpace::none : raft::DiskSpace::enough);
  }
  /// A leader whose process has ended will not lead again in this term: nobody need wait for its lease.
  void gone(NodeId node) {
    if (driver_.core().leader() == node) driver_.forget_leader();
  }
  RaftStatus status() const;
  void must_end(const Fault& why) override { services_.fatal(why); }
  void state_differs(const raft::StateDiffers& what) override {
    services_.log.error(
        "the state of a follower differs from ours after the same entries: one of both is damaged; "
        "compare the two nodes and let the wrong one join again as a new node",
        {{"follower", static_cast<std::int64_t>(what.follower.value)}, what.index});
  }

 private:
  /// Entries that find no room would end this node: they count as lost on their way, and come again. Without
  /// them it answers, votes, and may be led.
  bool may_take(const raft::Envelope& message) const {
    const auto* append = std::get_if<raft::Append>(&message.message);
    return !disk_full_ || append == nullptr || append->entries.empty();
  }

  caf::event_based_actor* self_;
  Services& services_;
  caf::actor applier_;
  bool disk_full_ = false;
  void members_answered(raft::Answer answer) {
    if (answer == raft::Answer::accepted) {
      members_at_ = now();
      services_.log.info("the members of the cluster change");
    } else if (answer != std::exchange(members_refused_, answer)) {
      services_.log.warn("the members cannot be changed yet; it is tried again",
                         {LogField("answer", raft::to_string(answer))});
    }
    members_refused_ = answer;
  }
  void transferred(Result<NodeId> outcome) {
    for (caf::response_promise& one : std::exchange(transfers_, {})) one.deliver(outcome);
  }
  void handed_over() {
    if (handing_over_.pending()) handing_over_.deliver(caf::unit);
  }

  PeerLinks* links_;
  caf::response_promise handing_over_;
  std::vector<caf::response_promise> transfers_;
  NodeId transfer_to_;  ///< of those that wait
  std::shared_ptr<const WantedMembers> wanted_;
  Instant members_at_;  ///< not before
  raft::Answer members_refused_ = raft::Answer::accepted;
  std::map<NodeId, Instant> slow_;
  NodeId last_leader_;
  std::uint64_t leader_changes_ = 0;
  raft::InvariantWatch watch_;
  std::unique_ptr<SnapshotPort> snapshots_;
  raft::Driver driver_;
};

RaftStatus Carrier::status() const {
  const raft::Core& core = driver_.core();
  RaftStatus status;
  status.role = {core.term(), core.role(), core.leader()};
  status.first = core.log().first();
  status.last = core.log().last();
  status.durable = core.log().durable();
  status.committed = core.log().committed();
  status.applied = core.applied();
  if (core.snapshot()) status.snapshot = core.snapshot()->index;
  for (const auto& [id, follower] : core.followers())
    status.followers.push_back(
        {id, follower.match(), follower.status().applied, core.time() - follower.heard_at()});
  status.configuration = core.configuration();
  status.configuration_index = core.configurations().newest_index();
  status.configuration_committed = status.configuration_index <= core.log().committed();
  status.persist_age = core.persist_age();
  status.leader_changes = leader_changes_;
  return status;
}

struct RaftState {
  static inline const char* name = "raft_actor";
  std::unique_ptr<Carrier> carrier;
};

void tick(caf::stateful_actor<RaftState>* self) {
  Carrier& carrier = *self->state.carrier;
  carrier.tick();
  carrier.bring_members_nearer();
  self->delayed_send(self, std::chrono::microseconds(carrier.tick_every().ns / 1'000),
                     tick_atom::value);
}

caf::behavior raft_behavior(caf::stateful_actor<RaftState>* self, Services* services,
                            raft::Config config, std::shared_ptr<raft::Recovered> recovered,
                            LogIndex applied, caf::actor applier, PeerLinks* links) {
  self->state.carrier = std::make_unique<Carrier>(self, *services, std::move(config),
                                                  std::move(*recovered), applied, applier, links);
  self->state.carrier->driver().start(services->clock.now());
  self->send(self, tick_atom::value);
  return {
      [self](tick_atom) { tick(self); },
      [self](const ProposeEntries& propose) {
        self->state.carrier->driver().propose(propose.tag, std::move(*propose.payloads));
      },
      [self](const WritePersisted& write) {
        self->state.carrier->driver().persisted(write.seq, write.term, write.index);
      },
      [self](const AppliedUpTo& applied) { self->state.carrier->applied(applied); },
      [self](const DiskLevelChanged& news) { self->state.carrier->disk_level_changed(news.level); },
      [self](const SnapshotDrafted& news) { self->state.carrier->snapshots().drafted(news); },
      [self](const SnapshotTaken& news) { self->state.carrier->snapshots().taken(news); },
      [self](const SnapshotArrived& news) { self->state.carrier->snapshots().arrived(news); },
      [self](const SnapshotInstalled& news) { self->state.carrier->snapshots().installed(news); },
      [self](const AskRead& ask) { self->state.carrier->driver().read(ask.tag); },
      [self](const PeerSaid& said) { self->state.carrier->receive(*said.messages); },
      [self](const PeerUnreachable& lost) {
        self->state.carrier->driver().peer_unreachable(lost.node);
      },
      [self](const PeerGone& gone) { self->state.carrier->gone(gone.node); },
      [self](HandOver) { return self->state.carrier->hand_over(); },
      [self](const TransferLeadership& asked) { return self->state.carrier->transfer(asked.to); },
      [self](const MembersWanted& members) { self->state.carrier->want(members.wanted); },
      [self](AskRaft) { return self->state.carrier->status(); },
  };
}

}  // namespace

caf::actor spawn_raft(caf::actor_system& system, Services& services, raft::Config config,
                      raft::Recovered recovered, LogIndex applied, caf::actor applier,
                      PeerLinks* links) {
  // What the next leader waits before it calls a node lost is made of this (limits.hpp).
  ENSURE(config.check_quorum <= limits::check_quorum);
  return system.spawn(raft_behavior, &services, std::move(config),
                      std::make_shared<raft::Recovered>(std::move(recovered)), applied,
                      std::move(applier), links);
}

}  // namespace runink::actors
