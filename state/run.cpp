#include "state/run.hpp"

namespace runink::state {

std::optional<std::size_t> Run::place_of(const StepName& step) const {
  for (std::size_t at = 0; at < plan.steps.size(); ++at)
    if (plan.steps[at].name == step) return at;
  return {};
}

const PartitionState* Run::find(const StepName& step, Partition partition) const {
  const std::optional<std::size_t> at = place_of(step);
  if (!at || partition.value >= stages[*at].partitions.size()) return nullptr;
  return &stages[*at].partitions[partition.value];
}

std::vector<DatasetName> expected_outputs(const pipeline::Step& step) {
  if (std::holds_alternative<pipeline::SinkWork>(step.work)) return {DatasetName{step.name.value}};
  return step.outputs;
}

std::optional<VolumeNeed> volume_need(const pipeline::Step& step) {
  if (const auto* source = std::get_if<pipeline::SourceWork>(&step.work))
    if (source->location.volume) return VolumeNeed{*source->location.volume, Access::read};
  if (const auto* sink = std::get_if<pipeline::SinkWork>(&step.work))
    if (sink->location.volume) return VolumeNeed{*sink->location.volume, Access::write};
  return {};
}

}  // namespace runink::state
