#include "actors/cluster/raft_actor.hpp"

#include <memory>

#include "actors/doors/log.hpp"
#include "actors/messages.hpp"
#include "raft/driver.hpp"
#include "raft/invariants.hpp"
#include "storage/log_writer.hpp"

namespace runink::actors {
namespace {

using tick_atom = caf::atom_constant<caf::atom("tick")>;

/// The ports of one driver: writes go to the log writer, everything else to the applier. There is
/// no transport yet: a group of one voter sends nothing.
class Carrier final : public raft::LogStorePort,
                      public raft::TransportPort,
                      public raft::ApplierPort,
                      public raft::OwnerPort {
 public:
  Carrier(caf::event_based_actor* self, Services& services, raft::Config config,
          raft::Recovered recovered, LogIndex applied, caf::actor applier)
      : self_(self),
        services_(services),
        applier_(std::move(applier)),
        driver_(std::move(config), std::move(recovered), applied,
                raft::Ports{*this, *this, *this, *this, &watch_}) {}

  raft::Driver& driver() { return driver_; }
  Instant now() const { return services_.clock.now(); }
  /// A group of one has no elections to time: it is only asked whether its disk hangs.
  Duration tick_every() const {
    return driver_.core().config().voters.size() > 1 ? milliseconds(10) : milliseconds(250);
  }

  void submit(raft::Persist write) override { services_.log_writer.submit(std::move(write)); }
  void send(raft::Envelope) override {
    services_.fatal({FaultKind::outside_failed,
                     "Raft wants to speak to another node, but this version has one voter only."});
  }
  void apply(std::vector<raft::Entry> entries) override {
    self_->send(
        applier_,
        EntriesCommitted(std::make_shared<const std::vector<raft::Entry>>(std::move(entries))));
  }
  void role_changed(const raft::RoleChange& change) override {
    self_->send(applier_, RoleChanged(change, driver_.core().log().last()));
  }
  void proposal_done(const raft::ProposalOutcome& outcome) override {
    self_->send(applier_, ProposalDone(outcome));
  }
  void must_end(const Fault& why) override { services_.fatal(why); }
  void state_differs(const raft::StateDiffers& what) override {
    services_.log.error(
        "the state of a follower differs from ours after the same entries: one of both is damaged; "
        "compare the two nodes and let the wrong one join again as a new node",
        {{"follower", static_cast<std::int64_t>(what.follower.value)}, what.index});
  }

 private:
  caf::event_based_actor* self_;
  Services& services_;
  caf::actor applier_;
  raft::InvariantWatch watch_;
  raft::Driver driver_;
};

struct RaftState {
  static inline const char* name = "raft_actor";
  std::unique_ptr<Carrier> carrier;
};

void tick(caf::stateful_actor<RaftState>* self) {
  Carrier& carrier = *self->state.carrier;
  carrier.driver().tick(carrier.now());
  self->delayed_send(self, std::chrono::microseconds(carrier.tick_every().ns / 1'000),
                     tick_atom::value);
}

caf::behavior raft_behavior(caf::stateful_actor<RaftState>* self, Services* services,
                            raft::Config config, std::shared_ptr<raft::Recovered> recovered,
                            LogIndex applied, caf::actor applier) {
  self->state.carrier = std::make_unique<Carrier>(self, *services, std::move(config),
                                                  std::move(*recovered), applied, applier);
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
      [self](const AppliedUpTo& applied) {
        self->state.carrier->driver().applied(applied.index, applied.state);
      },
  };
}

}  // namespace

caf::actor spawn_raft(caf::actor_system& system, Services& services, raft::Config config,
                      raft::Recovered recovered, LogIndex applied, caf::actor applier) {
  return system.spawn(raft_behavior, &services, std::move(config),
                      std::make_shared<raft::Recovered>(std::move(recovered)), applied,
                      std::move(applier));
}

}  // namespace runink::actors
