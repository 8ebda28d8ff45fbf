// Herds, bundles and pipelines: what has to be there before a run.
#include <algorithm>

#include "state/change.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::state {
namespace {

std::optional<Problem> check_policy(const HerdName& herd, const governance::HerdPolicy& policy) {
  for (const auto* rules : {&policy.masking.by_classification, &policy.masking.by_field}) {
    if (rules->size() > limits::masking_rules)
      return Problem{Refusal::bad_value, "The masking policy of the herd '" + herd.value +
                                             "' has more than " +
                                             std::to_string(limits::masking_rules) + " rules."};
    for (const auto& [name, method] : *rules)
      if (name.empty() || name.size() > limits::contract_name_bytes)
        return Problem{Refusal::bad_value, "The masking policy of the herd '" + herd.value +
                                               "' has a rule without a name, or with too long a "
                                               "one."};
  }
  return {};
}

}  // namespace

Outcome no_such_herd(const HerdName& herd) {
  return refuse(Refusal::no_such_herd,
                "There is no herd '" + herd.value.substr(0, 80) + "'; apply its herd file first.");
}

Outcome apply_one(Change& change, const HerdApplied& applied) {
  if (auto name = check_name("herd", applied.herd.value); !name)
    return refuse(Refusal::bad_name, name.error().what);
  if (applied.description.size() > limits::parameter_value.value)
    return refuse(Refusal::bad_value,
                  "The description of the herd '" + applied.herd.value + "' is longer than 4 KiB.");
  if (auto problem = check_policy(applied.herd, applied.policy)) return refuse(*problem);
  const Quota& quota = applied.quota;
  if (quota.cpu.value > limits::cpu_largest * limits::nodes ||
      quota.memory.value > limits::memory_largest.value * limits::nodes)
    return refuse(Refusal::bad_value,
                  "A quota of the herd '" + applied.herd.value + "' is more than is possible.");
  const auto at = change.cluster.herds.find(applied.herd);
  if (at == change.cluster.herds.end()) {
    if (change.cluster.herds.size() >= limits::herds)
      return refuse(Refusal::too_many, "The cluster has as many herds as are possible.");
  } else if (at->second.description == applied.description && at->second.quota == quota &&
             at->second.policy == applied.policy) {
    return repeat();
  }
  Herd& herd = change.cluster.herds[applied.herd];
  herd = {applied.herd, applied.description, quota, applied.policy, change.index, change.now};
  change.put(herd);
  return accept();
}

Outcome apply_one(Change& change, const HerdRemoved& removed) {
  if (!change.cluster.herds.contains(removed.herd)) return no_such_herd(removed.herd);
  for (const auto& [id, run] : change.cluster.runs)
    if (run.head.herd == removed.herd)
      return refuse(Refusal::herd_in_use, "The herd '" + removed.herd.value +
                                              "' has live runs; cancel them or wait for them.");
  change.cluster.herds.erase(removed.herd);
  change.remove(Table::herds, key_of(removed.herd));
  auto& pipelines = change.cluster.pipelines;
  for (auto at = pipelines.begin(); at != pipelines.end();) {
    if (at->first.first != removed.herd) {
      ++at;
      continue;
    }
    for (const PipelineVersion& one : at->second.versions) change.put_history(at->first, one);
    change.remove(Table::pipelines, key_of(at->first));
    at = pipelines.erase(at);
  }
  remove_contracts(change, removed.herd);
  remove_keys(change, removed.herd);
  return accept();
}

Outcome apply_one(Change& change, const BundleStored& stored) {
  if (stored.bundle.empty()) return refuse(Refusal::bad_value, "A bundle must have a digest.");
  if (stored.size > limits::bundle)
    return refuse(Refusal::bad_value,
                  "A bundle has at most " + std::to_string(limits::bundle.value) + " bytes.");
  if (stored.holders.empty() || stored.holders.size() > limits::nodes)
    return refuse(Refusal::bad_value, "A stored bundle must have a node that holds it.");
  for (const NodeName& holder : stored.holders)
    if (!change.cluster.nodes.contains(holder))
      return refuse(Refusal::no_such_node, "A holder of the bundle is not a node of the cluster.");
  const auto at = change.cluster.bundles.find(stored.bundle);
  if (at == change.cluster.bundles.end()) {
    if (change.cluster.bundles.size() >= limits::bundles_stored)
      return refuse(Refusal::too_many, "The cluster has as many bundles as are possible.");
    BundleRow& row = change.cluster.bundles[stored.bundle];
    row = {stored.bundle,
           stored.size,
           {stored.holders.begin(), stored.holders.end()},
           change.index,
           change.now};
    change.put(row);
    return accept();
  }
  BundleRow& row = at->second;
  if (row.size != stored.size)
    return refuse(Refusal::bad_value, "The bundle is known with another size.");
  const std::size_t before = row.holders.size();
  row.holders.insert(stored.holders.begin(), stored.holders.end());
  if (row.holders.size() == before) return repeat();
  change.put(row);
  return accept();
}

Outcome apply_one(Change& change, const PipelineApplied& applied) {
  return apply_with(change, applied, {});
}

Outcome apply_with(Change& change, const PipelineApplied& applied,
                   const std::vector<ContractApplied>& contracts) {
  if (auto name = check_name("pipeline", applied.pipeline.value); !name)
    return refuse(Refusal::bad_name, name.error().what);
  if (!change.cluster.herds.contains(applied.herd)) return no_such_herd(applied.herd);
  if (!change.cluster.bundles.contains(applied.bundle))
    return refuse(Refusal::bundle_not_stored,
                  "The bundle of the pipeline '" + applied.pipeline.value + "' is not stored.");
  const auto brought = number_contracts(change.cluster, contracts);
  if (!brought) return refuse(brought.error());
  if (auto problem = check_contracts(change.cluster, applied.herd, applied.contracts, *brought))
    return refuse(*problem);
  const PipelineKey key{applied.herd, applied.pipeline};
  const auto at = change.cluster.pipelines.find(key);
  if (at == change.cluster.pipelines.end()) {
    if (change.cluster.pipelines.size() >= limits::pipelines_stored)
      return refuse(Refusal::too_many, "The cluster has as many pipelines as are possible.");
  } else if (at->second.versions.back().bundle == applied.bundle &&
             at->second.versions.back().contracts == applied.contracts) {
    if (std::ranges::all_of(*brought, &NumberedContract::known)) return repeat();
    put_contracts(change, *brought);
    return accept();
  }
  put_contracts(change, *brought);
  PipelineRow& row = change.cluster.pipelines[key];
  row.key = key;
  row.versions.push_back(
      {applied.bundle, change.index, change.now, change.caller, applied.contracts});
  if (row.versions.size() > limits::pipeline_versions) {
    change.put_history(key, row.versions.front());
    row.versions.erase(row.versions.begin());
  }
  change.put(row);
  return accept();
}

}  // namespace runink::state
