#include "scheduler/decide.hpp"

#include <algorithm>
#include <map>

#include "scheduler/feasible.hpp"
#include "vocabulary/limits.hpp"

namespace runink::scheduler {
namespace {

/// The decisions so far, taken into account by the next ones.
class Round {
 public:
  Round(const View& view, WallTime now) : nodes_(view.nodes), now_(now) {
    for (const HerdView& herd : view.herds) herds_.emplace(herd.name, herd);
    for (const PartitionView& partition : view.partitions)
      waiting_[partition.herd].push_back(&partition);
    for (auto& [herd, partitions] : waiting_)
      std::ranges::sort(partitions, [](const PartitionView* a, const PartitionView* b) {
        if (a->submitted != b->submitted) return a->submitted < b->submitted;
        if (a->place != b->place) return a->place < b->place;
        return a->key < b->key;
      });
  }

  std::vector<Decision> run() {
    std::vector<Decision> decisions;
    while (const PartitionView* next = take_next()) decisions.push_back(decide_one(*next));
    return decisions;
  }

 private:
  /// Of the herds that wait, the one that uses the least cpu now; ties by the older run, then the
  /// name of the herd.
  const PartitionView* take_next() {
    auto best = waiting_.end();
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at)
      if (best == waiting_.end() || goes_before(*at, *best)) best = at;
    if (best == waiting_.end()) return nullptr;
    const PartitionView* next = best->second[taken_[best->first]++];
    if (taken_[best->first] == best->second.size()) waiting_.erase(best);
    return next;
  }

  using Queue = std::pair<const HerdName, std::vector<const PartitionView*>>;
  bool goes_before(const Queue& a, const Queue& b) {
    const std::uint64_t cpu_a = cpu_of(a.first);
    const std::uint64_t cpu_b = cpu_of(b.first);
    if (cpu_a != cpu_b) return cpu_a < cpu_b;
    const LogIndex age_a = a.second[taken_[a.first]]->submitted;
    const LogIndex age_b = b.second[taken_[b.first]]->submitted;
    if (age_a != age_b) return age_a < age_b;
    return a.first < b.first;
  }
  std::uint64_t cpu_of(const HerdName& herd) const {
    const auto at = herds_.find(herd);
    return at == herds_.end() ? 0 : at->second.used.cpu.value;
  }

  Decision decide_one(const PartitionView& partition) {
    Decision decision{partition.key, {}, {}};
    for (const NodeView& node : nodes_) decision.nodes.push_back(judge(node, partition));
    decision.choice = choose(partition, decision.nodes);
    if (const Place* place = std::get_if<Place>(&decision.choice)) take(partition, place->node);
    return decision;
  }

  std::variant<Place, Wait, GiveUp> choose(const PartitionView& partition,
                                           const std::vector<NodeVerdict>& verdicts) const {
    if (partition.lost > limits::lost_attempts) return GiveUp{partition.lost};
    const auto herd = herds_.find(partition.herd);
    if (herd == herds_.end())
      return Wait{WaitReason::herd_missing, {}, {Change::apply_herd, {}, partition.herd, {}, 0}};
    const QuotaVerdict quota = judge(herd->second, partition);
    if (!quota.ever)
      return Wait{
          WaitReason::quota_too_small, {}, {quota.change, {}, partition.herd, {}, quota.lacking}};
    if (now_ < partition.not_before)
      return Wait{
          WaitReason::retry_later, partition.not_before, {Change::wait_until, {}, {}, {}, 0}};
    const NodeVerdict* best = nullptr;
    for (const NodeVerdict& one : verdicts)
      if (one.obstacle == Obstacle::none && (best == nullptr || better(one, *best))) best = &one;
    if (best == nullptr) return explain_wait(verdicts, partition);
    if (quota.change != Change::none)
      return Wait{
          WaitReason::herd_quota, {}, {quota.change, {}, partition.herd, {}, quota.lacking}};
    return Place{best->node};
  }

  void take(const PartitionView& partition, const NodeName& name) {
    const auto add = [&](state::Use& use) {
      use.cpu = use.cpu + partition.needs.cpu;
      use.memory = use.memory + partition.needs.memory;
      use.disk = use.disk + partition.needs.disk;
      ++use.slices;
    };
    add(std::ranges::find(nodes_, name, &NodeView::name)->used);
    add(herds_.at(partition.herd).used);
  }

  std::vector<NodeView> nodes_;
  WallTime now_;
  std::map<HerdName, HerdView> herds_;
  std::map<HerdName, std::vector<const PartitionView*>> waiting_;
  std::map<HerdName, std::size_t> taken_;
};

}  // namespace

std::vector<Decision> decide(const View& view, WallTime now, std::uint32_t version) {
  if (version != decide_version) return {};
  return Round(view, now).run();
}

std::vector<state::Placement> placements_of(const std::vector<Decision>& decisions) {
  std::vector<state::Placement> placements;
  for (const Decision& decision : decisions) {
    const Place* place = std::get_if<Place>(&decision.choice);
    if (place == nullptr) continue;
    if (placements.size() == limits::placements) break;
    placements.push_back({decision.partition, place->node});
  }
  return placements;
}

std::optional<WallTime> next_retry(const std::vector<Decision>& decisions) {
  std::optional<WallTime> next;
  for (const Decision& decision : decisions)
    if (const Wait* wait = std::get_if<Wait>(&decision.choice); wait != nullptr && wait->until)
      if (!next || *wait->until < *next) next = wait->until;
  return next;
}

}  // namespace runink::scheduler
