// Nodes that come, come back and are lost.
#include <set>

#include "state/change.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::state {
namespace {

std::optional<Problem> check(const NodeJoined& joined) {
  if (auto name = check_name("node", joined.node.value); !name)
    return Problem{Refusal::bad_name, name.error().what};
  const Capacity& has = joined.capacity;
  if (has.cpu.value > limits::cpu_largest || has.memory > limits::memory_largest ||
      has.disk > limits::memory_largest)
    return Problem{Refusal::bad_value,
                   "The node '" + joined.node.value + "' says that it has more than is possible."};
  if (joined.labels.size() > limits::parameters || joined.volumes.size() > limits::parameters * 16)
    return Problem{Refusal::bad_value,
                   "The node '" + joined.node.value + "' has too many labels or volumes."};
  for (const auto& [key, value] : joined.labels)
    if (key.size() > limits::parameter_value.value || value.size() > limits::parameter_value.value)
      return Problem{Refusal::bad_value, "A label of the node is too long."};
  std::set<VolumeName> seen;
  for (const VolumeOffer& offer : joined.volumes) {
    if (auto name = check_name("volume", offer.volume.value); !name)
      return Problem{Refusal::bad_name, name.error().what};
    if (!seen.insert(offer.volume).second)
      return Problem{Refusal::bad_value,
                     "The volume '" + offer.volume.value + "' is offered twice by one node."};
    for (const auto& [herd, access] : offer.grants)
      if (auto name = check_name("herd", herd.value); !name)
        return Problem{Refusal::bad_name, name.error().what};
  }
  return {};
}

}  // namespace

Outcome apply_one(Change& change, const NodeJoined& joined) {
  if (auto problem = check(joined)) return refuse(*problem);
  if (const auto grave = change.cluster.removed_members.find(joined.id);
      grave != change.cluster.removed_members.end())
    return refuse(Refusal::removed_member, "The node '" + joined.node.value +
                                               "' was removed from the cluster at entry " +
                                               std::to_string(grave->second.since.value) + ".");
  auto at = change.cluster.nodes.find(joined.node);
  if (at == change.cluster.nodes.end() && change.cluster.nodes.size() >= limits::nodes)
    return refuse(Refusal::too_many, "The cluster has " + std::to_string(limits::nodes) +
                                         " nodes; no more are possible.");
  if (at != change.cluster.nodes.end()) {
    const Node& known = at->second;
    if (joined.incarnation < known.joined.incarnation)
      return refuse(Refusal::stale_incarnation,
                    "The node '" + joined.node.value + "' came back in a newer incarnation (" +
                        std::to_string(known.joined.incarnation) + ") than this one (" +
                        std::to_string(joined.incarnation) + ").");
    if (known.alive && known.joined == joined) return repeat();
  }
  // Its attempts stay: the spawner outlives the daemon, and slices go on.
  Node& node = change.cluster.nodes[joined.node];
  node = {joined, true, change.index, change.now};
  change.put(node);
  change.events.push_back(NodeChanged{joined.node, true});
  return accept();
}

Outcome apply_one(Change& change, const NodeLost& lost) {
  const auto at = change.cluster.nodes.find(lost.node);
  if (at == change.cluster.nodes.end())
    return refuse(Refusal::no_such_node, "There is no node of that name.");
  Node& node = at->second;
  if (node.joined.incarnation != lost.incarnation)
    return refuse(Refusal::stale_incarnation,
                  "The node '" + lost.node.value + "' is in incarnation " +
                      std::to_string(node.joined.incarnation) + ", not " +
                      std::to_string(lost.incarnation) + ".");
  if (!node.alive) return repeat();
  node.alive = false;
  node.changed = change.index;
  node.changed_at = change.now;
  change.put(node);
  change.events.push_back(NodeChanged{lost.node, false});
  lose_attempts(change, lost.node);
  return accept();
}

void lose_attempts(Change& change, const NodeName& node) {
  const std::set<AttemptKey> before = change.cluster.live_attempts;
  for (const AttemptKey& key : before) {
    const auto found = change.cluster.runs.find(key.partition.run);
    if (found == change.cluster.runs.end()) continue;
    Run& run = found->second;
    const std::size_t step = *run.place_of(key.partition.step);
    const std::size_t partition = key.partition.partition.value;
    const auto& live = run.stages[step].partitions[partition].live;
    const auto attempt = live.find(key.attempt);
    if (attempt == live.end() || attempt->second.node != node) continue;
    EndedAttempt ended;
    ended.attempt = key.attempt;
    ended.end = AttemptEnd::lost;
    end_attempt(change, run, step, partition, ended);
  }
}

}  // namespace runink::state
