#include "state/assignments.hpp"

#include <algorithm>
#include <iterator>

#include "state/change.hpp"

namespace runink::state {

std::vector<InputDataset> inputs_of(const Run& run, const pipeline::Step& step) {
  std::vector<InputDataset> inputs;
  for (const DatasetName& name : step.inputs) {
    const pipeline::Step* producer = run.plan.producer(name);
    if (producer == nullptr) return {};
    const auto at = static_cast<std::size_t>(producer - run.plan.steps.data());
    const Stage& stage = run.stages[at];
    if (stage.head.committed == LogIndex{}) return {};
    const auto output = static_cast<std::size_t>(std::ranges::find(producer->outputs, name) -
                                                 producer->outputs.begin());
    InputDataset input{name, version_key(run, name, stage.head.committed), {}, {}};
    for (std::size_t p = 0; p < stage.partitions.size(); ++p) {
      const Commit& commit = *stage.partitions[p].commit;
      for (const auto& [file, what] : commit.outputs[output].files)
        input.files.emplace_back(
            stage.partitions.size() == 1 ? file : "p" + std::to_string(p) + "-" + file, what);
      if (p == 0) {
        input.holders = commit.holders;
        continue;
      }
      std::vector<NodeName> both;
      std::ranges::set_intersection(input.holders, commit.holders, std::back_inserter(both));
      input.holders = std::move(both);
    }
    std::ranges::sort(input.files, {}, [](const auto& one) { return one.first; });
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::optional<Assignment> assignment_of(const ClusterState& cluster, const AttemptKey& attempt) {
  const Run* run = cluster.run(attempt.partition.run);
  if (run == nullptr) return {};
  const PartitionState* partition = run->find(attempt.partition.step, attempt.partition.partition);
  if (partition == nullptr) return {};
  const auto live = partition->live.find(attempt.attempt);
  if (live == partition->live.end()) return {};
  const pipeline::Step& step = *run->plan.find(attempt.partition.step);
  return Assignment{
      attempt, live->second.node,     run->head.herd,         run->head.pipeline, run->head.bundle,
      step,    inputs_of(*run, step), live->second.placed_at, live->second.ending};
}

std::vector<Assignment> assignments_of(const ClusterState& cluster, const NodeName& node) {
  std::vector<Assignment> assignments;
  for (const AttemptKey& key : cluster.live_attempts) {
    const Run& run = cluster.runs.at(key.partition.run);
    const PartitionState& partition = *run.find(key.partition.step, key.partition.partition);
    if (partition.live.at(key.attempt).node != node) continue;
    assignments.push_back(*assignment_of(cluster, key));
  }
  return assignments;
}

std::vector<Publication> publications_of(const ClusterState& cluster, const NodeName& node) {
  std::vector<Publication> due;
  for (const auto& [id, run] : cluster.runs)
    for (std::size_t step = 0; step < run.stages.size(); ++step) {
      const Stage& stage = run.stages[step];
      if (stage.head.status != StageStatus::publishing) continue;
      const Commit& commit = *stage.partitions.front().commit;
      if (commit.node != node) continue;
      const auto& sink = std::get<pipeline::SinkWork>(run.plan.steps[step].work);
      due.push_back({id,
                     run.plan.steps[step].name,
                     run.head.herd,
                     commit.node,
                     stage.head.committed,
                     {*sink.location.volume, sink.location.path},
                     commit.outputs.front().files.front().second,
                     commit.holders});
    }
  return due;
}

}  // namespace runink::state
