#include "scheduler/view.hpp"

#include "state/assignments.hpp"

namespace runink::scheduler {
namespace {

PartitionView partition_view(const state::Run& run, const PartitionKey& key) {
  const std::size_t place = *run.place_of(key.step);
  const pipeline::Step& step = run.plan.steps[place];
  const state::PartitionState& partition = run.stages[place].partitions[key.partition.value];
  PartitionView view;
  view.key = key;
  view.herd = run.head.herd;
  view.submitted = run.head.submitted;
  view.place = static_cast<std::uint32_t>(place);
  view.needs = step.needs;
  view.volume = state::volume_need(step);
  view.not_before = partition.not_before;
  view.lost = partition.lost;
  for (const state::EndedAttempt& ended : partition.ended) ++view.failures[ended.node];
  for (const state::InputDataset& input : state::inputs_of(run, step)) {
    Bytes size;
    for (const auto& [name, file] : input.files) size = size + file.size;
    view.input_bytes = view.input_bytes + size;
    for (const NodeName& holder : input.holders) view.held[holder] = view.held[holder] + size;
  }
  return view;
}

template <class Map, class Key>
state::Use use_in(const Map& uses, const Key& key) {
  const auto at = uses.find(key);
  return at == uses.end() ? state::Use{} : at->second;
}

}  // namespace

View view_of(const state::ClusterState& cluster) {
  const state::Uses uses = state::uses_of(cluster);
  View view;
  view.basis = cluster.applied;
  for (const PartitionKey& key : cluster.placeable)
    view.partitions.push_back(partition_view(cluster.runs.at(key.run), key));
  for (const auto& [name, node] : cluster.nodes)
    view.nodes.push_back({name, node.alive, node.joined.worker, node.joined.capacity,
                          use_in(uses.of_nodes, name), node.joined.volumes});
  for (const auto& [name, herd] : cluster.herds)
    view.herds.push_back({name, herd.quota, use_in(uses.of_herds, name)});
  return view;
}

}  // namespace runink::scheduler
