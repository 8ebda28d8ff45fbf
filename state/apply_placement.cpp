// Placements: every guess of the scheduler is checked again.
#include "state/change.hpp"
#include "vocabulary/limits.hpp"

namespace runink::state {
namespace {

struct Target {
  Run* run = nullptr;
  std::size_t step = 0;
  std::size_t partition = 0;
};

std::optional<Problem> check_partition(Change& change, const PartitionKey& key, Target& target) {
  const auto at = change.cluster.runs.find(key.run);
  if (at == change.cluster.runs.end()) return Problem{Refusal::no_such_run, "The run is not live."};
  Run& run = at->second;
  if (run.head.status != RunStatus::running)
    return Problem{Refusal::run_ended, "The run " + key.run.value + " has ended."};
  const std::optional<std::size_t> step = run.place_of(key.step);
  if (!step || key.partition.value >= run.stages[*step].partitions.size())
    return Problem{Refusal::no_such_partition,
                   "The run " + key.run.value + " has no such step or partition."};
  target = {&run, *step, key.partition.value};
  const PartitionState& partition = run.stages[*step].partitions[key.partition.value];
  const StageStatus status = run.stages[*step].head.status;
  const std::string who = "The partition " + std::to_string(key.partition.value) +
                          " of the step '" + key.step.value + "' ";
  if (partition.commit) return Problem{Refusal::already_committed, who + "is committed."};
  if (!partition.live.empty()) return Problem{Refusal::already_placed, who + "is placed already."};
  if (status != StageStatus::ready && status != StageStatus::running)
    return Problem{Refusal::not_ready,
                   who + "cannot be placed: its stage is " + std::string(to_string(status)) + "."};
  if (change.now < partition.not_before)
    return Problem{Refusal::too_early, who + "waits for its retry time."};
  return {};
}

std::optional<Problem> check_node(const ClusterState& cluster, const NodeName& name,
                                  const Target& target) {
  const auto at = cluster.nodes.find(name);
  if (at == cluster.nodes.end())
    return Problem{Refusal::no_such_node, "There is no node of that name."};
  const Node& node = at->second;
  if (!node.alive)
    return Problem{Refusal::node_not_alive, "The node '" + name.value + "' is not alive."};
  if (!node.joined.worker)
    return Problem{Refusal::not_a_worker, "The node '" + name.value + "' is not a worker."};
  if (const auto need = volume_need(target.run->plan.steps[target.step])) {
    const VolumeAnswer answer = ask_volume(node, target.run->head.herd, *need);
    if (answer == VolumeAnswer::missing)
      return Problem{
          Refusal::volume_missing,
          "The node '" + name.value + "' does not offer the volume '" + need->volume.value + "'."};
    if (answer == VolumeAnswer::not_granted)
      return Problem{Refusal::volume_not_granted,
                     "The volume '" + need->volume.value + "' is not granted to the herd there."};
  }
  return {};
}

std::optional<Problem> check_room(const ClusterState& cluster, const NodeName& name,
                                  const Target& target, const Uses& uses) {
  const pipeline::Requires& needs = target.run->plan.steps[target.step].needs;
  const auto of = [](const auto& map, const auto& key) {
    const auto at = map.find(key);
    return at == map.end() ? Use{} : at->second;
  };
  const Use on_node = of(uses.of_nodes, name);
  const Capacity& has = cluster.nodes.at(name).joined.capacity;
  if (on_node.cpu + needs.cpu > has.cpu || on_node.memory + needs.memory > has.memory ||
      on_node.disk + needs.disk > has.disk || on_node.slices >= limits::live_slices)
    return Problem{Refusal::node_full, "The node '" + name.value + "' has no room for the slice."};
  const auto herd = cluster.herds.find(target.run->head.herd);
  if (herd == cluster.herds.end())
    return Problem{Refusal::no_such_herd, "The herd of the run is gone."};
  const Use of_herd = of(uses.of_herds, herd->first);
  const Quota& quota = herd->second.quota;
  if ((quota.cpu.value > 0 && of_herd.cpu + needs.cpu > quota.cpu) ||
      (quota.memory.value > 0 && of_herd.memory + needs.memory > quota.memory) ||
      (quota.slices > 0 && of_herd.slices >= quota.slices))
    return Problem{Refusal::quota_herd,
                   "The herd '" + herd->first.value + "' uses all that its quota allows."};
  return {};
}

void add(Use& use, const pipeline::Requires& needs) {
  use.cpu = use.cpu + needs.cpu;
  use.memory = use.memory + needs.memory;
  use.disk = use.disk + needs.disk;
  ++use.slices;
}

void place(Change& change, const Target& target, const NodeName& node) {
  Run& run = *target.run;
  Stage& stage = run.stages[target.step];
  const Attempt attempt{change.index.value};
  stage.partitions[target.partition].live[attempt] = {node, change.now, false};
  change.put_partition(run, target.step, target.partition);
  const PartitionKey key = partition_key(run, target.step, target.partition);
  if (stage.head.status == StageStatus::ready) {
    stage.head.status = StageStatus::running;
    stage.head.started_at = change.now;
    change.put_stage(run, target.step);
    change.events.push_back(StageChanged{run.head.id, key.step, StageStatus::running});
  }
  change.events.push_back(AttemptPlaced{{key, attempt}, node});
}

}  // namespace

Outcome apply_one(Change& change, const SlicesPlaced& placed) {
  if (placed.placements.empty() || placed.placements.size() > limits::placements)
    return refuse(Refusal::bad_value, "A placement command has 1 to " +
                                          std::to_string(limits::placements) + " placements.");
  Uses uses = uses_of(change.cluster);
  Outcome outcome;
  for (const Placement& one : placed.placements) {
    Target target;
    std::optional<Problem> problem = check_partition(change, one.partition, target);
    if (!problem) problem = check_node(change.cluster, one.node, target);
    if (!problem) problem = check_room(change.cluster, one.node, target, uses);
    if (problem) {
      outcome.placements.push_back({one, problem->refusal, problem->what});
      continue;
    }
    const pipeline::Requires& needs = target.run->plan.steps[target.step].needs;
    add(uses.of_nodes[one.node], needs);
    add(uses.of_herds[target.run->head.herd], needs);
    place(change, target, one.node);
  }
  if (outcome.placements.size() < placed.placements.size()) return outcome;
  outcome.verdict = Verdict::refused;
  outcome.refusal = outcome.placements.front().refusal;
  outcome.what = outcome.placements.front().what;
  return outcome;
}

}  // namespace runink::state
