#include "actors/workloads/worker_actor.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "actors/coroutines/coroutines.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/spawner_link.hpp"
#include "actors/messages.hpp"
#include "actors/workloads/prepared_folders.hpp"
#include "actors/workloads/publisher_actor.hpp"
#include "actors/workloads/remains.hpp"
#include "actors/workloads/slice_actor.hpp"
#include "actors/workloads/slice_folder.hpp"
#include "storage/data_folder.hpp"

namespace runink::actors {
namespace {

constexpr Duration try_again = milliseconds(100);
constexpr Duration ask_patience = seconds(5);

struct WorkerState {
  static inline const char* name = "worker_actor";
  Services* services = nullptr;
  caf::actor cluster;
  caf::actor publisher;
  std::optional<SpawnerHas> spawner;  ///< until it came, assignments wait
  std::optional<Assignments> latest;
  std::vector<std::shared_ptr<const state::Publication>>
      published;  ///< as the publisher heard last
  std::map<AttemptKey, caf::actor> slices;
  std::map<AttemptKey, bool> ending;
  enum class Remains { there, going, gone } remains = Remains::there;
  bool held_up = false;       ///< there is work that waits for a lease
  std::string lease_refused;  ///< why a lease cannot be used, as it was logged
  co::Scope scope;
};
using WorkerSelf = caf::stateful_actor<WorkerState>;

state::NodeJoined inventory(const Services& services) {
  const config::ClusterFile& file = services.config;
  state::NodeJoined body;
  body.node = file.node.name;
  body.id = file.node.id;
  body.incarnation = services.folder.identity().incarnation;
  body.voter = file.node.voter;
  body.worker = file.node.worker;
  body.capacity = {file.node.capacity.cpu, file.node.capacity.memory, file.node.capacity.disk};
  body.labels = file.node.labels;
  for (const auto& [name, volume] : file.volumes) {
    state::VolumeOffer offer;
    offer.volume = name;
    for (const auto& [herd, access] : volume.grants)
      offer.grants[herd] =
          access == config::Access::write ? state::Access::write : state::Access::read;
    body.volumes.push_back(std::move(offer));
  }
  return body;
}

void take_up(WorkerSelf* self);

/// Says each reason once, not at every renewal.
void tell_unusable(WorkerSelf* self, const Fault& fault) {
  if (fault.kind != FaultKind::corrupt || fault.what == self->state.lease_refused) return;
  self->state.lease_refused = fault.what;
  self->state.services->log.error("this node has no lease and runs nothing", {LogField(fault)});
}

/// Renews the lease until the node has to join again: the leader says so, or there is no lease any more. It is
/// the leader's, whatever is written in this node's file.
co::Task<> keep_lease(WorkerSelf* self) {
  Services* services = self->state.services;
  Duration every{services->config.lease.ns / 3};
  for (;;) {
    const Instant sent = services->clock.now();
    // An answer that takes longer leaves no time to ask again before the lease ends.
    RenewLease renew(services->config.node.name, every);
    auto asked =
        co_await co::ask<Result<LeaseGranted>>(self, self->state.cluster, every, std::move(renew));
    const auto granted = co::flatten(std::move(asked), "the leader");
    const Instant now = services->clock.now();
    if (granted) {
      every = Duration{granted->lease.ns / 3};
      // It runs from when it was asked for: how long the answer took is not part of it.
      services->spawner.renew(sent + granted->lease, now);
      if (std::exchange(self->state.held_up, false)) take_up(self);
      co_await co::sleep(self, every);
    } else {
      tell_unusable(self, granted.error());
      if (granted.error().kind == FaultKind::not_leader || !services->spawner.leased(now))
        co_return;
      co_await co::sleep(self, try_again);
    }
  }
}

/// Joins, and again whenever the leader does not take the lease; renews in between.
co::Task<> serve(WorkerSelf* self) {
  Services* services = self->state.services;
  for (;;) {
    Submit join(services->self(), state::Body(inventory(*services)));
    auto asked = co_await co::ask<Result<Submitted>>(self, self->state.cluster, ask_patience,
                                                     std::move(join));
    auto joined = co::flatten(std::move(asked), "the leader");
    if (joined && joined->outcome.verdict == state::Verdict::refused) {
      const Fault why{FaultKind::refused,
                      "The cluster does not take this node: " + joined->outcome.what};
      const bool removed = joined->outcome.refusal == state::Refusal::removed_member;
      (removed && services->removed ? services->removed : services->fatal)(why);
      co_return;
    }
    if (!joined) {
      co_await co::sleep(self, try_again);
      continue;
    }
    OpenStream open(services->config.node.name, caf::actor_cast<caf::actor>(self->ctrl()));
    self->send(self->state.cluster, std::move(open));
    co_await keep_lease(self);
    co_await co::sleep(self, try_again);
  }
}

/// Remains of attempts that were resolved while the daemon was down. Nothing is launched before it
/// is done, so that no new folder is taken for an old one.
co::Task<> clean(WorkerSelf* self, std::set<std::string> kept,
                 std::vector<SpawnerHas::Entry> slices) {
  Services* services = self->state.services;
  for (SpawnerHas::Entry& one : slices) {
    if (kept.contains(one.slice.value)) continue;
    if (!one.exited) {
      services->spawner.kill(one.slice, isolation::KillReason::superseded, true);
      // Its exit report comes to us, see below, unless it is here already.
      if (services->spawner.watch(one.slice, caf::actor_cast<caf::actor>(self->ctrl())))
        one.exited = true;
    }
    kept.insert(one.slice.value);  // its folder goes when it has ended
    if (one.exited) {
      services->spawner.acknowledge(one.slice);
      const isolation::SliceId slice = one.slice;
      auto job = [services, slice] { discard_slice(*services, slice); };
      (void)co_await co::on_disk(self, services->disk, job);
    }
  }
  const LogIndex as_of = self->state.latest->as_of;
  std::set<Digest> bundles;
  for (const auto& one : self->state.latest->attempts) bundles.insert(one->bundle);
  auto remove = [services, kept, bundles] {
    remove_remains(*services, kept);
    remove_unpacked_bundles(*services, bundles);
    (void)services->prepared.sweep();
  };
  (void)co_await co::on_disk(self, services->disk, remove);
  (void)services->disk.submit_at_leisure([services, as_of] {
    if (auto swept = sweep_artifacts(*services, as_of); !swept)
      services->log.warn(
          "artifacts that nothing names were not removed; they are at the next start",
          {LogField("why", swept.error().what)});
  });
  // A folder that cannot be made ahead is made, with its fault, when it is needed.
  const std::uint64_t incarnation = services->spawner.incarnation();
  (void)services->disk.submit_at_leisure(
      [services, incarnation] { (void)services->prepared.fill(incarnation); });
  self->state.remains = WorkerState::Remains::gone;
  take_up(self);
}

/// True when the remains are gone; starts to remove them if nobody has.
bool remains_are_gone(WorkerSelf* self) {
  WorkerState& state = self->state;
  if (state.remains == WorkerState::Remains::gone) return true;
  if (state.remains == WorkerState::Remains::there) {
    state.remains = WorkerState::Remains::going;
    std::set<std::string> kept;
    for (const auto& one : state.latest->attempts) kept.insert(slice_id_of(one->attempt).value);
    co::spawn(self, state.scope, clean, self, std::move(kept), state.spawner->slices);
  }
  return false;
}

/// Attempts that the cluster counts no more (their node was declared lost) must not go on beside
/// those that took their place. Harmless for those that are being resolved.
void end_unassigned(WorkerSelf* self) {
  WorkerState& state = self->state;
  std::set<AttemptKey> assigned;
  for (const auto& one : state.latest->attempts) assigned.insert(one->attempt);
  for (const auto& [attempt, slice] : state.slices)
    if (!assigned.contains(attempt) && !std::exchange(state.ending[attempt], true))
      self->send(slice, EndSlice{});
}

void take_up(WorkerSelf* self) {
  WorkerState& state = self->state;
  if (!state.spawner || !state.latest || !remains_are_gone(self)) return;
  const Instant now = state.services->clock.now();
  std::map<std::string, bool> spawner_has;
  for (const SpawnerHas::Entry& one : state.spawner->slices)
    spawner_has.emplace(one.slice.value, one.exited);
  for (const auto& one : state.latest->attempts) {
    const auto slice = state.slices.find(one->attempt);
    if (slice != state.slices.end()) {
      if (one->ending && !state.ending[one->attempt]) {
        state.ending[one->attempt] = true;
        self->send(slice->second, EndSlice{});
      }
      continue;
    }
    SpawnerKnows known = SpawnerKnows::nothing;
    if (const auto has = spawner_has.find(slice_id_of(one->attempt).value);
        has != spawner_has.end())
      known = has->second ? SpawnerKnows::exited : SpawnerKnows::running;
    if (known == SpawnerKnows::nothing && !state.services->spawner.leased(now)) {
      state.held_up = true;  // until the next renewal
      continue;
    }
    state.ending[one->attempt] = one->ending;
    caf::actor actor = spawn_slice(*self, *state.services, state.cluster,
                                   caf::actor_cast<caf::actor>(self->ctrl()), one, known);
    self->monitor(actor);
    state.slices.emplace(one->attempt, std::move(actor));
  }
  end_unassigned(self);
  if (state.latest->publications != state.published) {
    state.published = state.latest->publications;
    self->send(state.publisher, PublishAll(state.published));
  }
  // What the spawner had at our start is known to nobody but the slices made just now.
  state.spawner->slices.clear();
}

/// A slice_actor that died is made again at the next assignment; the spawner still has its slice.
void down(WorkerSelf* self, const caf::down_msg& message) {
  WorkerState& state = self->state;
  for (const auto& [attempt, actor] : state.slices) {
    if (actor.address() != message.source) continue;
    const AttemptKey gone = attempt;
    state.slices.erase(gone);
    if (state.services->respawn && message.reason)
      state.services->fatal({FaultKind::outside_failed,
                             "The supervisor of a slice ended by mistake. Restart the node: it "
                             "attaches to the slice again."});
    return;
  }
}

caf::behavior worker_behavior(WorkerSelf* self, Services* services, caf::actor cluster) {
  WorkerState& state = self->state;
  state.services = services;
  state.cluster = cluster;
  state.publisher = spawn_publisher(self->system(), *services, cluster);
  self->link_to(state.publisher);
  self->set_down_handler([self](caf::down_msg& message) { down(self, message); });
  co::spawn(self, state.scope, serve, self);
  return {
      [self](SpawnerHas& has) {
        if (self->state.spawner) return;  // only the first one is about an earlier daemon
        self->state.spawner.emplace(std::move(has));
        take_up(self);
      },
      [self](Assignments& all) {
        // The last word of an earlier leader, behind the first one of its successor.
        if (self->state.latest && all.as_of < self->state.latest->as_of) return;
        self->state.latest.emplace(std::move(all));
        take_up(self);
      },
      [self](const SliceDone& done) {
        WorkerState& state = self->state;
        state.slices.erase(done.attempt);
        state.ending.erase(done.attempt);
        // The set that names it may be looked at again before the next one comes.
        if (state.latest)
          std::erase_if(state.latest->attempts,
                        [&](const auto& one) { return one->attempt == done.attempt; });
      },
      // Of slices that no assignment names: killed by clean().
      [self](const SliceExited& news) {
        Services* services = self->state.services;
        services->spawner.acknowledge(news.report.slice);
        const isolation::SliceId slice = news.report.slice;
        (void)services->disk.submit([services, slice] { discard_slice(*services, slice); });
      },
      [](const SliceLaunched&) {},
      [](const SliceRefused&) {},
  };
}

}  // namespace

caf::actor spawn_worker(caf::actor_system& system, Services& services, caf::actor cluster) {
  return system.spawn(worker_behavior, &services, std::move(cluster));
}

}  // namespace runink::actors
