// All is well; then one trouble alone, of which is known what it may cost at most.
#include <algorithm>

#include "names.hpp"
#include "world.hpp"

namespace runink::raft::simulation {

void World::probe() {
  const NodeId leading = leader();
  const std::size_t others = other_voters(leading).size();
  const auto which = random_.below(8);
  if (which == 0) return probe_outsider();
  if (others < 1) return;
  if (which == 1) return probe_hand_over();
  if (which == 2) return probe_full_leader();
  if (others < 2) return;
  if (which == 3) return probe_broken_link();
  if (which == 4) return probe_stalled_leader();
  if (which == 5) return probe_sleeping_leader();
  if (which == 6) return probe_sleeping_follower();
  return probe_corrupt_follower();
}

/// Living ones, but for the leader.
std::vector<NodeId> World::other_voters(NodeId leading) const {
  std::vector<NodeId> others;
  for (const NodeId id : nodes_.at(leading)->core().configuration().voters.incoming)
    if (id != leading && nodes_.at(id)->is_up()) others.push_back(id);
  return others;
}

void World::writes_go_on(Duration longest, Property property, const std::string& where) {
  judge(property);
  const std::size_t before = checker_.committed();
  const auto written = [&] {
    for (std::size_t i = before; i < checker_.committed(); ++i)
      if (checker_.committed(LogIndex{i + 1}).type == EntryType::command) return true;
    const NodeId leading = leader();
    if (leading != NodeId{} && !sleeps(leading)) propose(leading);
    return false;
  };
  if (!run_until(now_ + longest, written))
    throw Violation{property, "nothing is written for " + std::to_string(longest.ns / 1'000'000) +
                                  " ms: " + where};
}

void World::led_by_another(NodeId former, Duration longest, Property property,
                           const std::string& where) {
  const auto replaced = [&] {
    const NodeId leading = leader();
    return leading != NodeId{} && leading != former;
  };
  if (!run_until(now_ + longest, replaced))
    throw Violation{property, name(former) + " is not replaced within " +
                                  std::to_string(longest.ns / 1'000'000) + " ms: " + where};
}

/// P11: who is cut off, has no vote or was removed comes back.
void World::probe_outsider() {
  const NodeId leading = leader();
  const Configuration configuration = node(leading).core().configuration();
  std::vector<NodeId> candidates;
  for (const auto& [id, one] : nodes_)
    if (one->is_up() && id != leading &&
        (!configuration.voters.contains(id) || configuration.voters.incoming.size() > 2))
      candidates.push_back(id);
  if (candidates.empty()) return;
  count(Happens::probed_outsider);
  judge(Property::quiet_outsiders);
  const NodeId outsider = candidates[random_.below(candidates.size())];
  const Term term = node(leading).core().term();
  if (dead_.empty()) isolate(outsider);
  run_until(now_ + seconds(2));
  cut_.clear();
  run_until(now_ + seconds(1));
  if (leader() != leading || node(leading).core().term() != term)
    throw Violation{Property::quiet_outsiders, name(outsider) + " was cut off, came back, and " +
                                                   name(leading) + " does not lead term " +
                                                   std::to_string(term.value) + " any more"};
}

/// P16: of one link only, in one direction or both; a quorum is connected all the time.
void World::probe_broken_link() {
  if (!dead_.empty()) return;  // the quorum that is left needs every link
  count(Happens::probed_broken_link);
  const NodeId leading = leader();
  const auto others = other_voters(leading);
  const NodeId far = others[random_.below(others.size())];
  const auto shape = random_.below(3);
  if (shape != 1) cut_.insert({leading, far});
  if (shape != 2) cut_.insert({far, leading});
  const std::uint64_t leaders = checker_.leaders();
  writes_go_on(seconds(1), Property::partial_partitions, "one link is broken");
  run_until(now_ + seconds(3));
  writes_go_on(seconds(1), Property::partial_partitions, "one link is broken");
  if (checker_.leaders() > leaders + 1)
    throw Violation{Property::partial_partitions,
                    "the leader changes " + std::to_string(checker_.leaders() - leaders) +
                        " times because the link between " + name(leading) + " and " + name(far) +
                        " is broken"};
}

/// P12: the word that hands over is lost or doubled, or who gets it dies.
void World::probe_hand_over() {
  count(Happens::probed_hand_over);
  const NodeId leading = leader();
  const auto others = other_voters(leading);
  const NodeId heir = others[random_.below(others.size())];
  const auto shape = random_.below(others.size() > 1 && dead_.empty() ? 3 : 2);
  bool first = true;
  const auto is_it = [](const Envelope& envelope) {
    return std::holds_alternative<TimeoutNow>(envelope.message);
  };
  if (shape == 0)
    probe_loses_ = [=](const Envelope& e) mutable {
      return is_it(e) && std::exchange(first, false);
    };
  if (shape == 1)
    probe_sees_ = [this, is_it](const Envelope& e) {
      if (is_it(e)) deliver_later(e);
    };
  if (shape == 2)
    probe_sees_ = [this, is_it, heir](const Envelope& e) {
      if (is_it(e)) after(microseconds(10), [this, heir] { crash(heir, milliseconds(500)); });
    };
  node(leading).driver().transfer_leader(heir);
  writes_go_on(seconds(3), Property::hand_over, "the leadership was handed over");
}

/// P15: a disk that hangs; after ten seconds the node gives it up.
void World::probe_stalled_leader() {
  if (!dead_.empty()) return;
  count(Happens::probed_stalled_leader);
  const NodeId leading = leader();
  const bool for_long = random_.chance(25);
  stalled_until_[leading] = now_ + seconds(for_long ? 14 : 5);
  propose(leading);
  led_by_another(leading, milliseconds(2500), Property::sick_disks, "its disk hangs");
  writes_go_on(seconds(1), Property::sick_disks, "the disk of the former leader hangs");
  const std::uint64_t life = node(leading).life();
  const auto gave_up = [&] { return !node(leading).is_up() || node(leading).life() != life; };
  if (for_long && !run_until(now_ + seconds(12), gave_up))
    throw Violation{Property::sick_disks, name(leading) + " waits for its disk for ever"};
}

/// P15: a disk that is full.
void World::probe_full_leader() {
  count(Happens::probed_full_leader);
  const NodeId leading = leader();
  set_disk_space(leading, DiskSpace::none);
  led_by_another(leading, milliseconds(2500), Property::sick_disks, "its disk is full");
  writes_go_on(seconds(1), Property::sick_disks, "the disk of the former leader is full");
}

/// P9, P20: SIGSTOP; when it wakes it believes for a moment that it leads.
void World::probe_sleeping_leader() {
  if (!dead_.empty()) return;
  count(Happens::probed_sleeping_leader);
  const NodeId leading = leader();
  asleep_until_[leading] = now_ + milliseconds(2600);
  const NodeId known = leading;
  const auto replaced = [&] {
    return std::ranges::any_of(nodes_, [&](const auto& one) {
      return one.first != known && one.second->is_up() && one.second->core().role() == Role::leader;
    });
  };
  judge(Property::clocks);
  if (!run_until(now_ + milliseconds(2500), replaced))
    throw Violation{Property::clocks, name(leading) + " sleeps and is not replaced"};
  writes_go_on(milliseconds(500), Property::clocks, "the former leader sleeps");
  asleep_until_.erase(leading);
  for (int i = 0; i < 20; ++i) {
    read_at(leading);
    run_until(now_ + milliseconds(5));
  }
}

/// P18, P20: a follower sleeps while much is written; waking, it deposes nobody.
void World::probe_sleeping_follower() {
  if (!dead_.empty()) return;
  count(Happens::probed_sleeping_follower);
  judge(Property::clocks);
  judge(Property::bounded);
  const NodeId leading = leader();
  const Term term = node(leading).core().term();
  const auto others = other_voters(leading);
  const NodeId sleeper = others[random_.below(others.size())];
  asleep_until_[sleeper] = now_ + seconds(3);
  const Instant end = now_ + seconds(2);
  while (now_ < end && leader() == leading) {
    for (int i = 0; i < 4; ++i) {
      node(leading).driver().propose(ProposalTag{++asked_}, {payload(300)});
    }
    run_until(now_ + milliseconds(20));
  }
  run_until(now_ + seconds(2));
  if (leader() != leading || node(leading).core().term() != term)
    throw Violation{Property::clocks, name(sleeper) + " slept, woke, and " + name(leading) +
                                          " does not lead term " + std::to_string(term.value) +
                                          " any more"};
}

/// P14: a bit of one follower's log turns; it refuses to start, and nobody misses it.
void World::probe_corrupt_follower() {
  if (!dead_.empty()) return;
  const NodeId leading = leader();
  const auto others = other_voters(leading);
  const NodeId victim = others[random_.below(others.size())];
  if (!node(victim).disk().flip_a_bit(random_)) return;
  count(Happens::probed_corrupt_follower);
  dead_.insert(victim);
  crash(victim);
  start(victim);
  if (node(victim).is_up())
    throw Violation{Property::corruption, name(victim) + " starts on a disk with a flipped bit"};
  writes_go_on(seconds(1), Property::corruption, "a follower is gone");
}

}  // namespace runink::raft::simulation
