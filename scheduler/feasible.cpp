#include "scheduler/feasible.hpp"

#include <algorithm>

#include "vocabulary/limits.hpp"

namespace runink::scheduler {
namespace {

/// part * 1000 / whole without overflow; all of nothing is 1000.
std::uint64_t permille(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 1000;
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(part) * 1000 / whole);
}

std::uint64_t left(std::uint64_t has, std::uint64_t used) { return has > used ? has - used : 0; }

struct Shortage {
  Obstacle obstacle = Obstacle::none;
  std::uint64_t lacking = 0;
};

Shortage shortage(std::uint64_t needs, std::uint64_t has, std::uint64_t used, Obstacle too_small,
                  Obstacle taken) {
  if (needs > has) return {too_small, needs - has};
  if (needs > left(has, used)) return {taken, needs - left(has, used)};
  return {};
}

Obstacle ask_volume(const NodeView& node, const PartitionView& partition) {
  if (!partition.volume) return Obstacle::none;
  for (const state::VolumeOffer& offer : node.volumes) {
    if (offer.volume != partition.volume->volume) continue;
    const auto grant = offer.grants.find(partition.herd);
    const bool granted =
        grant != offer.grants.end() &&
        (grant->second == state::Access::write || partition.volume->access == state::Access::read);
    return granted ? Obstacle::none : Obstacle::volume_not_granted;
  }
  return Obstacle::volume_missing;
}

Shortage find_obstacle(const NodeView& node, const PartitionView& partition) {
  if (!node.worker) return {Obstacle::not_a_worker, 0};
  if (const Obstacle volume = ask_volume(node, partition); volume != Obstacle::none)
    return {volume, 0};
  const pipeline::Requires& needs = partition.needs;
  const Shortage shortages[] = {
      shortage(needs.cpu.value, node.capacity.cpu.value, node.used.cpu.value,
               Obstacle::cpu_too_small, Obstacle::cpu_taken),
      shortage(needs.memory.value, node.capacity.memory.value, node.used.memory.value,
               Obstacle::memory_too_small, Obstacle::memory_taken),
      shortage(needs.disk.value, node.capacity.disk.value, node.used.disk.value,
               Obstacle::disk_too_small, Obstacle::disk_taken)};
  for (const Shortage& one : shortages)
    if (one.obstacle != Obstacle::none && !passes_by_itself(one.obstacle)) return one;
  if (!node.alive) return {Obstacle::not_alive, 0};
  for (const Shortage& one : shortages)
    if (one.obstacle != Obstacle::none) return one;
  if (node.used.slices >= limits::live_slices) return {Obstacle::slices_taken, 1};
  return {};
}

Score score_of(const NodeView& node, const PartitionView& partition) {
  const auto find = [&](const auto& map) {
    const auto at = map.find(node.name);
    using Value = std::remove_cvref_t<decltype(at->second)>;
    return at == map.end() ? Value{} : at->second;
  };
  Score score;
  // Without inputs every node is as near as any other.
  score.locality = permille(find(partition.held).value, partition.input_bytes.value);
  score.failures = find(partition.failures);
  const std::uint64_t cpu =
      left(left(node.capacity.cpu.value, node.used.cpu.value), partition.needs.cpu.value);
  const std::uint64_t memory =
      left(left(node.capacity.memory.value, node.used.memory.value), partition.needs.memory.value);
  score.free = std::min(permille(cpu, node.capacity.cpu.value),
                        permille(memory, node.capacity.memory.value));
  return score;
}

/// The change that removes this node's obstacle.
Unblock remedy(const NodeVerdict& verdict, const PartitionView& partition) {
  Unblock remedy;
  remedy.node = verdict.node;
  remedy.herd = partition.herd;
  if (partition.volume) remedy.volume = partition.volume->volume;
  remedy.amount = verdict.lacking;
  switch (verdict.obstacle) {
    case Obstacle::none: remedy.change = Change::none; break;
    case Obstacle::not_alive: remedy.change = Change::start_node; break;
    case Obstacle::not_a_worker: remedy.change = Change::make_worker; break;
    case Obstacle::volume_missing: remedy.change = Change::offer_volume; break;
    case Obstacle::volume_not_granted: remedy.change = Change::grant_volume; break;
    case Obstacle::cpu_too_small: remedy.change = Change::need_less_cpu; break;
    case Obstacle::memory_too_small: remedy.change = Change::need_less_memory; break;
    case Obstacle::disk_too_small: remedy.change = Change::need_less_disk; break;
    case Obstacle::cpu_taken: remedy.change = Change::free_cpu; break;
    case Obstacle::memory_taken: remedy.change = Change::free_memory; break;
    case Obstacle::disk_taken: remedy.change = Change::free_disk; break;
    case Obstacle::slices_taken: remedy.change = Change::free_slices; break;
  }
  return remedy;
}

/// Smaller is easier: slices end by themselves, a node starts again, a grant is a line in a file,
/// then what the step asks, then what the cluster is.
int effort(Obstacle obstacle) {
  if (passes_by_itself(obstacle)) return 0;
  switch (obstacle) {
    case Obstacle::not_alive: return 1;
    case Obstacle::volume_not_granted: return 2;
    case Obstacle::cpu_too_small:
    case Obstacle::memory_too_small:
    case Obstacle::disk_too_small: return 3;
    case Obstacle::volume_missing: return 4;
    default: return 5;
  }
}

}  // namespace

NodeVerdict judge(const NodeView& node, const PartitionView& partition) {
  const Shortage found = find_obstacle(node, partition);
  NodeVerdict verdict{node.name, found.obstacle, found.lacking, {}};
  if (verdict.obstacle == Obstacle::none) verdict.score = score_of(node, partition);
  return verdict;
}

bool better(const NodeVerdict& a, const NodeVerdict& b) {
  if (a.score.locality != b.score.locality) return a.score.locality > b.score.locality;
  if (a.score.failures != b.score.failures) return a.score.failures < b.score.failures;
  if (a.score.free != b.score.free) return a.score.free > b.score.free;
  return a.node < b.node;
}

QuotaVerdict judge(const HerdView& herd, const PartitionView& partition) {
  const auto check = [](std::uint64_t needs, std::uint64_t quota, std::uint64_t used,
                        Change change) -> QuotaVerdict {
    if (quota == 0 || needs <= left(quota, used)) return {};
    if (needs > quota) return {change, needs - quota, false};
    return {change, needs - left(quota, used), true};
  };
  const QuotaVerdict verdicts[] = {
      check(partition.needs.cpu.value, herd.quota.cpu.value, herd.used.cpu.value,
            Change::raise_quota_cpu),
      check(partition.needs.memory.value, herd.quota.memory.value, herd.used.memory.value,
            Change::raise_quota_memory),
      check(1, herd.quota.slices, herd.used.slices, Change::raise_quota_slices)};
  for (const QuotaVerdict& one : verdicts)
    if (!one.ever) return one;
  for (const QuotaVerdict& one : verdicts)
    if (one.change != Change::none) return one;
  return {};
}

Wait explain_wait(const std::vector<NodeVerdict>& verdicts, const PartitionView& partition) {
  if (verdicts.empty()) return {WaitReason::no_node_ever, {}, {Change::add_node, {}, {}, {}, 0}};
  const auto easiest = std::ranges::min_element(verdicts, [](const auto& a, const auto& b) {
    const int effort_a = effort(a.obstacle);
    const int effort_b = effort(b.obstacle);
    if (effort_a != effort_b) return effort_a < effort_b;
    if (a.obstacle != b.obstacle) return a.obstacle < b.obstacle;
    if (a.lacking != b.lacking) return a.lacking < b.lacking;
    return a.node < b.node;
  });
  Wait wait;
  wait.unblock = remedy(*easiest, partition);
  if (passes_by_itself(easiest->obstacle))
    wait.reason = WaitReason::nodes_full;
  else if (easiest->obstacle == Obstacle::not_alive)
    wait.reason = WaitReason::no_node_alive;
  else
    wait.reason = WaitReason::no_node_ever;
  return wait;
}

}  // namespace runink::scheduler
