#include "state/cluster_state.hpp"

namespace runink::state {

const Run* ClusterState::run(const RunId& id) const {
  const auto at = runs.find(id);
  return at == runs.end() ? nullptr : &at->second;
}

const DatasetVersion* ClusterState::version(const VersionKey& key) const {
  const auto dataset = datasets.find({key.herd, key.pipeline, key.dataset});
  if (dataset == datasets.end()) return nullptr;
  const auto at = dataset->second.find(key.index);
  return at == dataset->second.end() ? nullptr : &at->second;
}

const ContractVersion* ClusterState::contract(const ContractKey& key) const {
  const auto at = contracts.find(key);
  return at == contracts.end() ? nullptr : &at->second.rbegin()->second;
}

Uses uses_of(const ClusterState& cluster) {
  Uses uses;
  const auto add = [](Use& use, const pipeline::Requires& needs) {
    use.cpu = use.cpu + needs.cpu;
    use.memory = use.memory + needs.memory;
    use.disk = use.disk + needs.disk;
    ++use.slices;
  };
  for (const AttemptKey& key : cluster.live_attempts) {
    const Run& run = cluster.runs.at(key.partition.run);
    const std::size_t step = *run.place_of(key.partition.step);
    const PartitionState& partition = run.stages[step].partitions[key.partition.partition.value];
    const pipeline::Requires& needs = run.plan.steps[step].needs;
    add(uses.of_nodes[partition.live.at(key.attempt).node], needs);
    add(uses.of_herds[run.head.herd], needs);
  }
  return uses;
}

VolumeAnswer ask_volume(const Node& node, const HerdName& herd, const VolumeNeed& need) {
  for (const VolumeOffer& offer : node.joined.volumes) {
    if (offer.volume != need.volume) continue;
    const auto grant = offer.grants.find(herd);
    const bool granted = grant != offer.grants.end() &&
                         (grant->second == Access::write || need.access == Access::read);
    return granted ? VolumeAnswer::granted : VolumeAnswer::not_granted;
  }
  return VolumeAnswer::missing;
}

VolumeAnswer ask_volume(const ClusterState& cluster, const HerdName& herd, const VolumeNeed& need) {
  VolumeAnswer best = VolumeAnswer::missing;
  for (const auto& [name, node] : cluster.nodes) {
    const VolumeAnswer answer = ask_volume(node, herd, need);
    if (answer == VolumeAnswer::granted) return answer;
    if (answer == VolumeAnswer::not_granted) best = answer;
  }
  return best;
}

std::uint32_t running_runs(const ClusterState& cluster, const HerdName& herd) {
  std::uint32_t count = 0;
  for (const auto& [id, run] : cluster.runs)
    if (run.head.herd == herd && run.head.status == RunStatus::running) ++count;
  return count;
}

std::optional<std::string> quota_of_runs_reached(const ClusterState& cluster, const HerdName& herd,
                                                 std::uint32_t coming) {
  const auto at = cluster.herds.find(herd);
  if (at == cluster.herds.end()) return std::nullopt;
  const std::uint32_t most = at->second.quota.runs;
  if (most == 0 || running_runs(cluster, herd) + coming < most) return std::nullopt;
  return "The herd '" + herd.value + "' has " + std::to_string(most) +
         " live runs, which is all that its quota allows. Wait for one to end, or raise "
         "quota.runs.";
}

}  // namespace runink::state
