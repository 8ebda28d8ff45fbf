#include "world.hpp"

#include <algorithm>

#include "names.hpp"
#include "vocabulary/codec.hpp"

namespace runink::raft::simulation {

World::World(std::uint64_t seed, const Weather& weather, std::size_t lines_kept)
    : random_(seed),
      weather_(weather),
      trace_(lines_kept),
      checker_(nodes_, weather.look_inside, outcome_.coverage, outcome_.judged) {
  if (weather_.clients) clients_.emplace(4, *this, checker_, outcome_.coverage, outcome_.judged);
  Config config = configured(seed);
  for (unsigned i = 1; i <= weather_.nodes; ++i) config.voters.insert(NodeId{i});
  for (unsigned i = 1; i <= weather_.learners; ++i)
    config.learners.insert(NodeId{weather_.nodes + i});
  for (unsigned i = 1; i <= weather_.nodes + weather_.learners; ++i) add_node(config);
  config.voters.clear();
  config.learners.clear();
  newcomer_ = config;
  for (unsigned i = 1; i <= weather_.spares; ++i) add_node(config);
}

Config World::configured(std::uint64_t seed) const {
  Config config;
  config.mutant = weather_.mutant;
  config.seed = seed * 31;
  if (weather_.snapshots) {
    config.log_most = Bytes{1000};
    config.log_trailing = Bytes{200};
    config.snapshot_again = milliseconds(200);
  }
  if (weather_.batch_entries_most) config.batch_entries_most = weather_.batch_entries_most;
  if (weather_.window_messages) config.window_messages = weather_.window_messages;
  if (weather_.uncommitted_bytes_most)
    config.uncommitted_most = Bytes{weather_.uncommitted_bytes_most};
  if (weather_.unapplied_most) config.unapplied_most = weather_.unapplied_most;
  return config;
}

Outcome World::run() {
  try {
    rough_then_calm();
  } catch (const Violation& violation) {
    outcome_.violation = violation;
    outcome_.violation->what += " (at " + std::to_string(now_.ns / 1'000) + " us)";
    tell([&] { return number_of(violation.property) + " is broken: " + violation.what; });
  }
  if (const NodeId leading = leader(); leading != NodeId{})
    outcome_.version = node(leading).core().version().value;
  outcome_.trace = trace_.hash();
  outcome_.lines = trace_.lines();
  return outcome_;
}

void World::rough_then_calm() {
  for (auto& [id, node] : nodes_) start(id);
  after({}, [this] { ask_for_something(); });
  if (clients_) clients_->start();
  if (weather_.replacements) after(milliseconds(300), [this] { mend_membership(); });
  if (weather_.nodes > 1 || weather_.crashes)
    after(weather_.between_faults, [this] { break_something(); });
  if (weather_.damage)
    after(seconds(2), [this] {
      count(Happens::states_damaged);
      node(anyone()).damage_machine();
    });
  run_until(Instant{} + weather_.rough);
  heal();
  settle();
  last_requests();
  if (!weather_.probes) return;
  probe();
  heal();
  settle();
}

// P17: within ten election timeouts.
void World::settle() {
  const Instant end = now_ + Config{}.election_longest * 10;
  const bool settled = run_until(end, [this] {
    return restarts_to_come_ == 0 && !checker_.unsettled(dead_) &&
           (!clients_ || clients_->all_answered());
  });
  if (!settled) {
    const auto why = checker_.unsettled(dead_);
    throw Violation{Property::liveness, why ? *why
                                        : restarts_to_come_ > 0
                                            ? "a node does not come back"
                                            : "a client is not answered in calm weather"};
  }
  checker_.nothing_is_lost(dead_);
  checker_.look_at_all();
}

// Once all is well, what is asked is done.
void World::last_requests() {
  const NodeId leading = leader();
  const auto members = node(leading).core().configuration().members();
  propose(leading);
  for (const NodeId id : members) read_at(id);
  const bool done = run_until(now_ + seconds(1), [&] {
    return !checker_.unsettled(dead_) && std::ranges::all_of(members, [&](NodeId id) {
      return std::ranges::none_of(reads_at_[id], [&](ReadTag tag) { return reads_.contains(tag); });
    });
  });
  if (!done) {
    const auto why = checker_.unsettled(dead_);
    throw Violation{Property::liveness, why ? *why : "a read is not answered in calm weather"};
  }
  checker_.nothing_is_lost(dead_);
  if (clients_) clients_->judge(node(leading).machine().cluster());
}

// ---- time

void World::run_until(Instant end) {
  while (events_.is_due(end)) {
    now_ = events_.next();
    happen(events_.take());
  }
  now_ = end;
}

bool World::run_until(Instant end, const std::function<bool()>& good) {
  constexpr Duration between_looks = milliseconds(20);
  while (now_ < end) {
    run_until(std::min(end, now_ + between_looks));
    if (good()) return true;
  }
  return false;
}

void World::happen(Task task) {
  if (auto* delivery = std::get_if<Delivery>(&task))
    deliver(std::move(delivery->envelope));
  else if (const auto* due = std::get_if<TickDue>(&task))
    tick(*due);
  else
    std::get<Closure>(task)();
}

Instant World::local_now(NodeId id) const {
  const LocalClock& clock = clocks_.at(id);
  return {clock.offset + now_.ns / 100 * clock.rate_percent};
}

Duration World::up_to(Duration longest) {
  const auto least = microseconds(20).ns;
  return {random_.between(least, std::max(least, longest.ns))};
}

// ---- nodes

NodeId World::add_node(Config config) {
  config.self = NodeId{nodes_.size() + 1};
  config.seed += config.self.value;
  nodes_[config.self] = std::make_unique<SimulatedNode>(config, *this, weather_.clients,
                                                        weather_.apply_longest > Duration{});
  const auto skew = static_cast<std::int64_t>(weather_.clock_skew_percent);
  clocks_[config.self] = {random_.between(0, seconds(1000).ns),
                          random_.between(100 - skew, 100 + skew)};
  return config.self;
}

void World::start(NodeId id) {
  mix(1, id);
  tell([&] { return name(id) + " starts"; });
  if (weather_.upgrades && random_.chance(25))
    upgrade(id, Version(static_cast<std::uint16_t>(random_.between(1, newest_version))));
  asleep_until_.erase(id);
  if (!node(id).start(local_now(id))) {
    tell([&] { return name(id) + " does not start: its disk cannot be trusted"; });
    judge(Property::corruption);
    node(id).disk().lose();
    return;
  }
  if (const auto space = disk_space_.find(id); space != disk_space_.end())
    node(id).driver().disk_space(space->second);
  tick_later(id);
}

void World::upgrade(NodeId id, Version most) {
  count(Happens::upgrades);
  node(id).upgrade(most);
}

void World::tick_later(NodeId id) {
  Duration wait{random_.between(milliseconds(8).ns, milliseconds(12).ns)};
  if (!calm_ && weather_.pauses && random_.below(500) == 0) {
    count(Happens::late_ticks);
    wait = up_to(seconds(2));
  }
  events_.put(now_ + wait, TickDue{id, node(id).life(), ticking_});
}

void World::tick(const TickDue& due) {
  SimulatedNode& one = node(due.node);
  if (!one.is_up() || one.life() != due.life || due.clock != ticking_) return;
  if (sleeps(due.node)) return events_.put(asleep_until_[due.node], due);
  one.driver().tick(local_now(due.node));
  tick_later(due.node);
}

void World::crash(NodeId id, Duration down_longest) {
  SimulatedNode& one = node(id);
  if (!one.is_up()) return;
  mix(2, id);
  count(Happens::crashes);
  if (one.installs()) count(Happens::installs_interrupted);
  const std::size_t kept = random_.below(one.in_sync().size() + 1);
  tell([&] {
    return name(id) + " crashes; of " + std::to_string(one.in_sync().size()) +
           " writes being synced " + std::to_string(kept) + " stay";
  });
  tear(id, kept);
  one.crash(kept, random_.chance(50));
  if (one.disk().lies()) {  // what it acknowledged since then is not there
    count(Happens::disks_lied);
    if (weather_.liar_is_noticed) one.disk().lose();
  }
  for (const ReadTag tag : std::exchange(reads_at_[id], {})) reads_.erase(tag);
  if (clients_) clients_->crashed(id);
  const bool counts = calm_ && may_return(id);
  restarts_to_come_ += counts;
  after(up_to(down_longest), [this, id, counts] {
    restarts_to_come_ -= counts;
    if (!node(id).is_up() && may_return(id)) start(id);
  });
}

/// At the worst moment, and it comes back at once. Will it?
bool World::crash_soon(NodeId id, unsigned percent, Happens what) {
  if (calm_ || !weather_.crashes || percent == 0 || !random_.chance(percent)) return false;
  after(up_to(microseconds(500)), [this, id, what] {
    count(what);
    crash(id, milliseconds(2));
  });
  return true;
}

/// A leader sends before it writes: what a follower holds it may lose itself. When nobody else got it, and
/// the follower is not there, it leads again without, and whatever it was told before must not count.
void World::crash_before_sync(const Envelope& acknowledgement, LogIndex match) {
  const NodeId id = acknowledgement.to;
  const SimulatedNode* leading = reachable(id);
  if (leading && leading->core().role() == Role::leader &&
      leading->core().term() == acknowledgement.term && leading->core().log().durable() < match &&
      crash_soon(id, weather_.crash_before_sync_percent, Happens::crashes_before_sync) &&
      weather_.partitions)
    isolate(acknowledgement.from);
}

// ---- what nodes tell

void World::begins(NodeId id, Chore chore) {
  switch (chore) {
    case Chore::sync: return sync(id);
    case Chore::take: return take(id);
    case Chore::fetch: return fetch_a_part(id, node(id).life(), ++fetches_[id], 0);
    case Chore::install: return install(id);
    case Chore::apply: return apply(id);
  }
}

void World::looks_before(NodeId id, const Core& core, const Input& input) {
  checker_.before_step(id, core, input);
}

void World::looks_after(NodeId id, const Core& core, const Effects& effects) {
  checker_.after_step(id, core, effects);
  constexpr std::uint64_t between_looks = 256;
  if (++outcome_.steps % between_looks == 0) checker_.look_at_all();
  if (effects.role_change)
    tell([&] {
      return name(id) + " is " + std::string(to_string(effects.role_change->role)) + " in term " +
             std::to_string(effects.role_change->term.value);
    });
  if (!effects.persist) return;
  bytes_.clear();
  Encoder{bytes_}(effects.persist->entries);
  mix(4, id, bytes_);
  // One write may wait for each message of a window of each follower; many more would be a leak.
  constexpr std::size_t writes_most = 4096;
  constexpr std::size_t messages_most = 16384;
  if (node(id).writes_waiting() > writes_most ||
      node(id).driver().waiting_messages() > messages_most)
    throw Violation{Property::bounded,
                    name(id) + " has " + std::to_string(node(id).writes_waiting()) +
                        " writes and " + std::to_string(node(id).driver().waiting_messages()) +
                        " messages that wait for its disk"};
}

void World::applies(NodeId id, const Entry& entry, const Machine& after,
                    const std::optional<state::Outcome>& outcome) {
  mix(5, id);
  checker_.applied(id, entry, after);
  // From here on its proposer may have been told that it is done.
  const Core& core = node(id).core();
  if (core.role() == Role::leader && entry.term == core.term()) checker_.acknowledged(entry.index);
  if (clients_) clients_->applied(id, entry, outcome);
}

void World::installed(NodeId id, const SnapshotMeta& meta, const Machine& content) {
  mix(10, id);
  tell([&] { return name(id) + " installs snapshot " + std::to_string(meta.id.value); });
  count(Happens::snapshots_installed);
  if (node(id).core().snapshot()) count(Happens::snapshots_over_snapshots);
  checker_.installed(id, meta, content);
}

void World::differs(const StateDiffers& what) {
  count(Happens::states_differ);
  if (!weather_.damage)
    throw Violation{Property::state_machine_safety,
                    "the states of two nodes differ at entry " + std::to_string(what.index.value)};
}

// Only a disk that hangs ends a process; the next one begins with a disk that does not.
void World::must_end(NodeId id, const Fault& why) {
  tell([&] { return name(id) + " must end: " + why.what; });
  if (why.kind != FaultKind::outside_failed) throw Violation{Property::versions, why.what};
  judge(Property::sick_disks);
  count(Happens::ends_by_stall);
  stalled_until_.erase(id);
  in_this_life(id, microseconds(50), [this, id](SimulatedNode&) { crash(id); });
}

SimulatedNode* World::reachable(NodeId id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || !found->second->is_up() || sleeps(id)) return nullptr;
  return found->second.get();
}

NodeId World::somebody() {
  NodeId whom = anyone();
  if (random_.chance(80) && node(whom).is_up() && nodes_.contains(node(whom).core().leader()))
    whom = node(whom).core().leader();
  return whom;
}

Outcome simulate(std::uint64_t seed, const Weather& weather, std::size_t lines_kept) {
  return World(seed, weather, lines_kept).run();
}

}  // namespace runink::raft::simulation
