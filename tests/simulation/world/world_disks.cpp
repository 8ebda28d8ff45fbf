// Syncs that take their time, fail, hang or lie; disks that fill up; snapshots that are made, fetched
// and installed.
#include "world.hpp"

namespace runink::raft::simulation {

void World::sync(NodeId id) {
  count(Happens::syncs);
  Duration wait = up_to(calm_ ? milliseconds(5) : weather_.sync_longest);
  if (!calm_ && random_.below(1000) < weather_.slow_sync_permille) {
    count(Happens::syncs_slow);
    wait = up_to(seconds(1));
  }
  if (const auto stalled = stalled_until_.find(id);
      stalled != stalled_until_.end() && now_ < stalled->second)
    wait = stalled->second - now_ + wait;
  end_sync_after(id, ++syncs_begun_[id], wait);
}

// A disk that is healed ends a sync that would have hung for longer: whoever comes first ends it.
void World::end_sync_after(NodeId id, std::uint64_t number, Duration wait) {
  in_this_life(id, wait, [this, id, number](SimulatedNode& one) {
    if (!one.syncs() || syncs_ended_[id] >= number) return;
    syncs_ended_[id] = number;
    sync_ends(one, id);
  });
}

void World::sync_ends(SimulatedNode& one, NodeId id) {
  const bool fails = !calm_ && weather_.crashes && !one.core().stopped() &&
                     random_.below(1000) < weather_.failed_write_permille;
  if (!fails) {
    const bool repeats = random_.chance(5);
    if (repeats) count(Happens::syncs_repeated);
    return one.sync_ends(repeats);
  }
  count(Happens::syncs_failed);
  judge(Property::sick_disks);
  one.sync_fails();
  if (!one.core().stopped())
    throw Violation{Property::sick_disks, "a node goes on after a write that failed"};
  crash(id);
}

void World::apply(NodeId id) {
  const Duration wait = up_to(calm_ ? milliseconds(1) : weather_.apply_longest);
  if (wait > milliseconds(10)) count(Happens::applies_late);
  in_this_life(id, wait, [](SimulatedNode& one) { one.apply_ends(); });
}

void World::take(NodeId id) {
  in_this_life(id, up_to(milliseconds(50)), [this, id](SimulatedNode& one) {
    const bool good = calm_ || !random_.chance(5);
    mix(8, id);
    count(good ? Happens::snapshots_taken : Happens::snapshots_failed);
    one.take_ends(good);
  });
}

/// Parts come one by one over a connection of its own, which breaks like any other.
void World::fetch_a_part(NodeId id, std::uint64_t life, std::uint64_t number, unsigned failures) {
  after(up_to(milliseconds(20)), [this, id, life, number, failures] {
    SimulatedNode& one = node(id);
    if (!one.is_up() || one.life() != life || fetches_[id] != number) return;
    if (sleeps(id)) return fetch_a_part(id, life, number, failures);
    const SnapshotFetch fetch = *one.fetching();
    mix(9, id);
    const SimulatedNode& from = node(fetch.from);
    const bool broken = !from.is_up() || sleeps(fetch.from) || is_cut(fetch.from, id) ||
                        is_cut(id, fetch.from) || (!calm_ && random_.chance(weather_.lost_percent));
    if (broken && failures < 10) return fetch_a_part(id, life, number, failures + 1);
    const StoredSnapshot* source = broken ? nullptr : from.disk().stored(fetch.offer.id);
    if (source && from.core().role() != Role::leader) count(Happens::fetches_from_former_leaders);
    if (source && !one.part_comes(*source)) return fetch_a_part(id, life, number, 0);
    if (!source) count(Happens::fetches_failed);
    if (source && one.resumed()) count(Happens::fetches_resumed);
    one.fetch_ends(source);
  });
}

void World::install(NodeId id) {
  in_this_life(id, up_to(milliseconds(150)), [this, id](SimulatedNode& one) {
    if (!calm_ && random_.chance(5)) {
      count(Happens::installs_failed);
      return one.install_ends(false);
    }
    one.install_switches();
    in_this_life(id, up_to(milliseconds(10)), [](SimulatedNode& same) { same.install_ends(true); });
    if (!calm_ && weather_.crashes && random_.chance(20))
      after(up_to(milliseconds(15)), [this, id] { crash(id); });
  });
}

/// Of the write that was cut off in the middle nothing is read; a record is whole or is none.
void World::tear(NodeId id, std::size_t kept) {
  const auto& writes = node(id).in_sync();
  if (kept >= writes.size()) return;
  count(Happens::records_torn);
  judge(Property::corruption);
  std::string record = record_of(writes[kept]);
  const auto whole = read_record(record);
  record.resize(random_.below(record.size()));
  if (!whole || whole->entries != writes[kept].entries || read_record(record))
    throw Violation{Property::corruption, "a torn record is read as if it were whole"};
}

void World::stall_a_disk() {
  count(Happens::disks_stalled);
  const Duration longest = random_.chance(30) ? seconds(12) : seconds(2);
  stalled_until_[anyone()] = now_ + up_to(longest);
}

void World::fill_a_disk() {
  const NodeId id = anyone();
  const bool full = random_.chance(50);
  count(full ? Happens::disks_full : Happens::disks_scarce);
  set_disk_space(id, full ? DiskSpace::none : DiskSpace::scarce);
  after(up_to(seconds(3)), [this, id] { set_disk_space(id, DiskSpace::enough); });
}

void World::set_disk_space(NodeId id, DiskSpace space) {
  disk_space_[id] = space;
  if (node(id).is_up())
    in_this_life(id, {},
                 [this, id](SimulatedNode& one) { one.driver().disk_space(disk_space_[id]); });
}

}  // namespace runink::raft::simulation
