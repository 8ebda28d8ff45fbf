// What breaks, when, and how all is mended again.
#include <algorithm>

#include "world.hpp"

namespace runink::raft::simulation {

void World::break_something() {
  if (calm_) return;
  if (weather_.replacements && random_.chance(30)) lose_a_disk();
  break_one_thing();
  after(up_to(weather_.between_faults * 2), [this] { break_something(); });
}

// What this weather does not know is passed over: other things happen the more seldom.
void World::break_one_thing() {
  switch (random_.below(14)) {
    case 0:
    case 1:
      if (weather_.crashes) crash(anyone());
      break;
    case 2:
      if (weather_.crashes && random_.chance(30)) fail_power();
      break;
    case 3:
      if (weather_.partitions) cut_in_two();
      break;
    case 4:
      if (weather_.partitions) cut_one_way();
      break;
    case 5:
      if (weather_.crashes) start_a_duel();
      break;
    case 6:
      if (weather_.partitions) cut_off_the_leader();
      break;
    case 7:
      if (weather_.partitions) {
        count(Happens::links_cut);
        cut_both(anyone(), anyone());
      }
      break;
    case 8:
      if (weather_.partitions) {
        count(Happens::nodes_isolated);
        cut_.clear();
        isolate(anyone());
      }
      break;
    case 9:
      if (weather_.pauses) put_to_sleep(anyone(), seconds(2));
      if (weather_.clock_jumps) jump_a_clock();
      break;
    case 10:
      if (weather_.clogs) clog();
      break;
    case 11:
      if (weather_.stalls) stall_a_disk();
      if (weather_.full_disks) fill_a_disk();
      break;
    default: cut_.clear();
  }
}

void World::fail_power() {
  count(Happens::power_cuts);
  for (auto& [id, one] : nodes_) crash(id);
}

/// The leader's process dies, everybody sees it at once, and several want its place.
void World::start_a_duel() {
  count(Happens::duels);
  for (auto& [id, one] : nodes_) {
    if (!one->is_up() || sleeps(id)) continue;
    if (one->core().role() == Role::leader) {
      crash(id, milliseconds(random_.chance(50) ? 2 : 1500));
      continue;
    }
    one->driver().forget_leader();
    if (random_.chance(80)) one->driver().campaign();
  }
}

/// SIGSTOP: what comes meanwhile waits at its door.
void World::put_to_sleep(NodeId id, Duration longest) {
  if (!node(id).is_up() || sleeps(id)) return;
  count(Happens::pauses);
  asleep_until_[id] = now_ + up_to(longest);
  tell([&] { return "node " + std::to_string(id.value) + " sleeps"; });
}

/// Also backwards, which no boot clock does: the core must not mind.
void World::jump_a_clock() {
  count(Happens::clock_jumps);
  clocks_[anyone()].offset += random_.between(-seconds(3).ns, seconds(30).ns);
}

/// Only when all is well otherwise: the group survives the loss of one disk, not of two.
bool World::can_lose_a_disk() const {
  const NodeId leading = leader();
  if (leading == NodeId{}) return false;
  const Configuration& configuration = nodes_.at(leading)->core().configuration();
  if (configuration.voters.incoming.size() < weather_.nodes) return false;
  return std::ranges::all_of(configuration.members(), [&](NodeId id) {
    const SimulatedNode& one = *nodes_.at(id);
    return one.is_up() && !one.disk().lies() && one.core().configuration() == configuration &&
           one.core().configurations().newest_index() <= one.core().log().committed();
  });
}

void World::lose_a_disk() {
  if (!can_lose_a_disk()) return;
  const NodeId victim = anyone();
  if (!node(leader()).core().configuration().voters.contains(victim)) return;
  mix(7, victim);
  if (weather_.lying_disks && random_.chance(40)) return lie_for_a_while(victim);
  crash(victim);
  if (random_.chance(50) && node(victim).disk().flip_a_bit(random_)) {
    count(Happens::records_corrupt);
    start(victim);  // it looks at its disk and refuses
    if (node(victim).is_up())
      throw Violation{Property::corruption, "a node starts on a disk with a flipped bit"};
  }
  replace(victim);
}

/// It goes on as if all were well; what that was worth shows when it starts again.
void World::lie_for_a_while(NodeId victim) {
  node(victim).disk().begin_to_lie();
  after(up_to(seconds(1)), [this, victim] {
    crash(victim);
    if (weather_.liar_is_noticed) replace(victim);
  });
}

void World::replace(NodeId victim) {
  count(Happens::disks_lost);
  count(Happens::nodes_replaced);
  node(victim).disk().lose();
  start(add_node(newcomer_));
}

/// What an operator does: the dead node out, the new one in. Goes on in calm weather.
void World::mend_membership() {
  after(milliseconds(300), [this] { mend_membership(); });
  const NodeId leading = leader();
  if (leading == NodeId{} || sleeps(leading)) return;
  const Configuration& configuration = node(leading).core().configuration();
  ChangeMembers change;
  change.tag = ProposalTag{++asked_};
  for (const NodeId id : configuration.members())
    if (node(id).disk_lost() && !dead_.contains(id))
      change.changes = {{MemberChange::Kind::remove, id}};
  if (change.changes.empty() && configuration.members().size() < weather_.nodes)
    change.changes = {{MemberChange::Kind::voter, NodeId{nodes_.size()}}};
  if (!change.changes.empty()) node(leading).driver().change_members(std::move(change));
}

void World::heal() {
  calm_ = true;
  if (clients_) clients_->finish();
  cut_.clear();
  clogged_until_.clear();
  stalled_until_.clear();
  probe_loses_ = nullptr;
  probe_sees_ = nullptr;
  ++ticking_;  // no tick is late any more
  for (auto& [id, one] : nodes_) {
    asleep_until_.erase(id);
    if (one->is_up()) tick_later(id);
    if (disk_space_.contains(id)) set_disk_space(id, DiskSpace::enough);
    if (one->is_up() && one->syncs()) end_sync_after(id, syncs_begun_[id], milliseconds(5));
    if (one->disk().lies() && one->is_up()) crash(id);
  }
  if (weather_.minority_dies)
    while (dead_.size() < (weather_.nodes - 1) / 2) {
      const NodeId id{1 + random_.below(weather_.nodes)};
      if (!dead_.insert(id).second) continue;
      count(Happens::minorities_lost);
      crash(id);
    }
  for (auto& [id, one] : nodes_) {
    if (!one->is_up() && may_return(id)) start(id);
    if (!weather_.upgrades || one->config().versions.most.value == newest_version) continue;
    // One after the other gets the newest program.
    upgrade(id, Version{newest_version});
    if (!one->is_up()) continue;
    ++restarts_to_come_;
    after(up_to(seconds(2)), [this, id] {
      --restarts_to_come_;
      crash(id, milliseconds(100));
    });
  }
}

}  // namespace runink::raft::simulation
