#include "state/rows.hpp"

#include <algorithm>
#include <set>

#include "state/change.hpp"
#include "state/row_codec.hpp"

namespace runink::state {
namespace {

/// A text inside a key; names have no NUL, so the order is that of the texts.
void add(std::string& key, std::string_view text) {
  key.append(text);
  key.push_back('\0');
}
void add(std::string& key, std::uint64_t number, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(number >> shift));
}

}  // namespace

std::vector<Table> live_tables() {
  return {Table::meta,
          Table::nodes,
          Table::herds,
          Table::bundles,
          Table::pipelines,
          Table::runs,
          Table::plans,
          Table::stages,
          Table::partitions,
          Table::requests,
          Table::datasets,
          Table::targets,
          Table::contracts,
          Table::kv,
          Table::kv_changes,
          Table::kv_answered,
          Table::kv_heads,
          Table::members,
          Table::removed_members,
          Table::kv_sessions,
          Table::kv_session_results};
}

std::string meta_key() { return "applied"; }
std::string key_of(const NodeName& node) { return node.value; }
std::string key_of(NodeId id) {
  std::string key;
  add(key, id.value, 8);
  return key;
}
std::string key_of(const HerdName& herd) { return herd.value; }
std::string key_of(const Digest& bundle) {
  return {reinterpret_cast<const char*>(bundle.bytes.data()), bundle.bytes.size()};
}
std::string key_of(const PipelineKey& pipeline) {
  std::string key;
  add(key, pipeline.first.value);
  add(key, pipeline.second.value);
  return key;
}
std::string key_of(const RunId& run) { return run.value; }
std::string key_of(const RunId& run, const StepName& step) {
  std::string key;
  add(key, run.value);
  add(key, step.value);
  return key;
}
std::string key_of(const PartitionKey& partition) {
  std::string key = key_of(partition.run, partition.step);
  add(key, partition.partition.value, 4);
  return key;
}
std::string key_of(const RequestKey& request) {
  std::string key;
  add(key, request.first.value);
  add(key, request.second.value);
  return key;
}
std::string prefix_of(const DatasetKey& dataset) {
  std::string key;
  add(key, std::get<0>(dataset).value);
  add(key, std::get<1>(dataset).value);
  add(key, std::get<2>(dataset).value);
  return key;
}
std::string key_of(const VersionKey& version) {
  std::string key = prefix_of({version.herd, version.pipeline, version.dataset});
  add(key, version.index.value, 8);
  return key;
}
std::string key_of(const TargetKey& target) {
  std::string key;
  add(key, target.volume.value);
  add(key, target.path);
  return key;
}
std::string key_of(LogIndex index) {
  std::string key;
  add(key, index.value, 8);
  return key;
}
std::string key_of(const PipelineKey& pipeline, LogIndex index) {
  std::string key = key_of(pipeline);
  add(key, index.value, 8);
  return key;
}
std::string prefix_of(const ContractKey& contract) {
  std::string key;
  add(key, contract.first.value);
  add(key, contract.second.value);
  return key;
}
std::string key_of(const ContractKey& contract, std::uint32_t number) {
  std::string key = prefix_of(contract);
  add(key, number, 4);
  return key;
}
std::string key_of(const ContractKey& contract, LogIndex index) {
  std::string key = prefix_of(contract);
  add(key, index.value, 8);
  return key;
}
std::string key_of(const KvKey& key) {
  std::string row;
  add(row, key.first.value);
  return row + key.second;
}
std::string key_of(const HerdName& herd, LogIndex index) {
  std::string key;
  add(key, herd.value);
  add(key, index.value, 8);
  return key;
}

std::string key_of(SessionId session) {
  std::string key;
  add(key, session.value, 8);
  return key;
}
std::string key_of(const KvSessionKey& result) {
  std::string key = key_of(result.first);
  add(key, result.second, 8);
  return key;
}

Result<Meta> decode_meta(std::string_view value) { return decode_row<Meta>(value, "A meta row"); }
Result<Run> decode_run(std::string_view value) { return decode_row<Run>(value, "A run's row"); }
Result<RunHead> decode_run_head(std::string_view value) {
  return decode_row<RunHead>(value, "A run's head row");
}
Result<PartitionState> decode_partition(std::string_view value) {
  auto row = decode_row<std::pair<PartitionKey, PartitionState>>(value, "A partition's row");
  if (!row) return std::unexpected(row.error());
  return std::move(row->second);
}
Result<DatasetVersion> decode_version(std::string_view value) {
  return decode_row<DatasetVersion>(value, "A dataset version's row");
}
Result<PipelineVersion> decode_pipeline_version(std::string_view value) {
  return decode_row<PipelineVersion>(value, "A pipeline version's row");
}
Result<ContractVersion> decode_contract_version(std::string_view value) {
  return decode_row<ContractVersion>(value, "A contract version's row");
}

Result<std::uint32_t> number_of_contract_version(std::string_view value) {
  ContractKey key;
  std::uint32_t number = 0;
  const auto version = value.empty() ? 0 : static_cast<std::uint8_t>(value.front());
  Decoder head(value.substr(value.empty() ? 0 : 1));
  head(key);
  head(number);
  if (version != row_version || head.bad())
    return fail(FaultKind::corrupt, "A contract version's row cannot be read.");
  return number;
}

std::vector<Row> rows_of(const ClusterState& cluster) {
  ClusterState copy = cluster;  // Change also derives, which changes nothing here
  const Caller nobody;
  Change change(copy, cluster.applied, cluster.clock, nobody);
  for (const auto& [key, one] : cluster.nodes) change.put(one);
  for (const auto& [key, one] : cluster.members) change.put(one);
  for (const auto& [key, one] : cluster.removed_members) change.put(one);
  for (const auto& [key, one] : cluster.herds) change.put(one);
  for (const auto& [key, one] : cluster.bundles) change.put(one);
  for (const auto& [key, one] : cluster.pipelines) change.put(one);
  for (const auto& [key, one] : cluster.requests) change.put(one);
  for (const auto& [key, one] : cluster.targets) change.put(one);
  for (const auto& [key, versions] : cluster.datasets)
    for (const auto& [index, one] : versions) change.put(one);
  for (const auto& [key, versions] : cluster.contracts)
    for (const auto& [number, one] : versions) change.put(one);
  for (const auto& [key, one] : cluster.kv.entries) change.put(one);
  for (const auto& [key, one] : cluster.kv.history.rows) change.put(one);
  for (const auto& [key, one] : cluster.kv.answered.rows) change.put(one);
  for (const auto& [key, one] : cluster.kv.heads) change.put(one);
  for (const auto& [id, one] : cluster.kv_sessions.sessions) change.put(one);
  for (const auto& [key, one] : cluster.kv_sessions.results) change.put(one);
  for (const auto& [id, run] : cluster.runs) {
    change.put_head(run);
    change.put_plan(run);
    for (std::size_t step = 0; step < run.stages.size(); ++step) {
      change.put_stage(run, step);
      for (std::size_t p = 0; p < run.stages[step].partitions.size(); ++p)
        change.put_partition(run, step, p);
    }
  }
  std::vector<Row> rows = change.finish({});
  rows.back().value = row_value(Meta{cluster.applied, cluster.hash, cluster.clock});
  std::rotate(rows.begin(), rows.end() - 1, rows.end());
  return rows;
}

namespace {

void each_of(const Commit& commit, const std::function<void(const Digest&)>& each) {
  for (const Output& output : commit.outputs)
    for (const auto& [name, file] : output.files) each(file.digest);
  if (!commit.log.empty()) each(commit.log);
}
void each_of(const PartitionState& partition, const std::function<void(const Digest&)>& each) {
  if (partition.commit) each_of(*partition.commit, each);
  for (const EndedAttempt& ended : partition.ended)
    if (!ended.log.empty()) each(ended.log);
}
void each_of(const Run& run, const std::function<void(const Digest&)>& each) {
  each(run.head.bundle);
  for (const Stage& stage : run.stages)
    for (const PartitionState& partition : stage.partitions) each_of(partition, each);
}
void each_of(const DatasetVersion& version, const std::function<void(const Digest&)>& each) {
  each(version.bundle);
  for (const VersionPart& part : version.parts)
    for (const auto& [name, file] : part.files) each(file.digest);
}
void each_of(const BundleRow& bundle, const std::function<void(const Digest&)>& each) {
  each(bundle.bundle);
}
void each_of(const PipelineRow& row, const std::function<void(const Digest&)>& each) {
  for (const PipelineVersion& one : row.versions) each(one.bundle);
}
void each_of(const PipelineVersion& one, const std::function<void(const Digest&)>& each) {
  each(one.bundle);
}
void each_of(const ContractVersion& one, const std::function<void(const Digest&)>& each) {
  each(one.document);
}
void each_of(const RunHead& head, const std::function<void(const Digest&)>& each) {
  each(head.bundle);
}
void each_of(const SinkTarget& target, const std::function<void(const Digest&)>& each) {
  each(target.file.digest);
}
void each_of(const std::pair<PartitionKey, PartitionState>& row,
             const std::function<void(const Digest&)>& each) {
  each_of(row.second, each);
}

template <class T>
Result<void> each_in(const Row& row, const std::function<void(const Digest&)>& each) {
  Result<T> value = decode_row<T>(*row.value, to_string(row.table));
  if (!value) return std::unexpected(value.error());
  each_of(*value, each);
  return {};
}

}  // namespace

Result<void> artifacts_of(const Row& row, const std::function<void(const Digest&)>& each) {
  if (!row.value) return {};
  switch (row.table) {
    case Table::bundles: return each_in<BundleRow>(row, each);
    case Table::pipelines: return each_in<PipelineRow>(row, each);
    case Table::runs:
    case Table::history_heads: return each_in<RunHead>(row, each);
    case Table::partitions: return each_in<std::pair<PartitionKey, PartitionState>>(row, each);
    case Table::datasets:
    case Table::history_datasets: return each_in<DatasetVersion>(row, each);
    case Table::targets: return each_in<SinkTarget>(row, each);
    case Table::history_runs: return each_in<Run>(row, each);
    case Table::history_pipelines: return each_in<PipelineVersion>(row, each);
    case Table::contracts:
    case Table::history_contracts: return each_in<ContractVersion>(row, each);
    default: return {};
  }
}

std::vector<Digest> reachable_artifacts(const ClusterState& cluster) {
  std::set<Digest> found;
  const std::function<void(const Digest&)> each = [&](const Digest& one) { found.insert(one); };
  for (const auto& [key, one] : cluster.bundles) each_of(one, each);
  for (const auto& [key, one] : cluster.pipelines) each_of(one, each);
  for (const auto& [key, one] : cluster.runs) each_of(one, each);
  for (const auto& [key, one] : cluster.targets) each_of(one, each);
  for (const auto& [key, versions] : cluster.datasets)
    for (const auto& [index, one] : versions) each_of(one, each);
  for (const auto& [key, versions] : cluster.contracts)
    for (const auto& [number, one] : versions) each_of(one, each);
  return {found.begin(), found.end()};
}

}  // namespace runink::state
