#include "state/change.hpp"

#include "state/row_codec.hpp"

namespace runink::state {
namespace {

bool is_placeable(const Run& run, std::size_t step, const PartitionState& partition) {
  const StageStatus status = run.stages[step].head.status;
  return run.head.status == RunStatus::running &&
         (status == StageStatus::ready || status == StageStatus::running) &&
         partition.live.empty() && !partition.commit;
}

}  // namespace

PartitionKey partition_key(const Run& run, std::size_t step, std::size_t partition) {
  return {run.head.id, run.plan.steps[step].name, Partition{static_cast<std::uint32_t>(partition)}};
}

void derive(ClusterState& cluster, const Run& run, std::size_t step, std::size_t partition) {
  const PartitionKey key = partition_key(run, step, partition);
  const PartitionState& state = run.stages[step].partitions[partition];
  if (is_placeable(run, step, state))
    cluster.placeable.insert(key);
  else
    cluster.placeable.erase(key);
  auto at = cluster.live_attempts.lower_bound(AttemptKey{key, Attempt{0}});
  while (at != cluster.live_attempts.end() && at->partition == key)
    at = cluster.live_attempts.erase(at);
  for (const auto& [attempt, live] : state.live) cluster.live_attempts.insert({key, attempt});
}

void derive_all(ClusterState& cluster) {
  cluster.live_attempts.clear();
  cluster.placeable.clear();
  cluster.archived_requests.clear();
  cluster.archived_runs.clear();
  for (const auto& [id, run] : cluster.runs)
    for (std::size_t step = 0; step < run.stages.size(); ++step)
      for (std::size_t p = 0; p < run.stages[step].partitions.size(); ++p)
        derive(cluster, run, step, p);
  cluster.kv.derive();
  cluster.kv_sessions.derive();
  for (const auto& [key, request] : cluster.requests) {
    if (request.archived == LogIndex{}) continue;
    cluster.archived_requests.insert({request.archived, key});
    cluster.archived_runs.emplace(request.run, key);
  }
}

void Change::write(Table table, std::string key, std::string value) {
  rows_[{table, std::move(key)}] = std::move(value);
}
void Change::remove(Table table, std::string key) { rows_[{table, std::move(key)}] = std::nullopt; }

void Change::put(const Node& node) {
  write(Table::nodes, key_of(node.joined.node), row_value(node));
}
void Change::put(const Member& member) {
  write(Table::members, key_of(member.node), row_value(member));
}
void Change::put(const RemovedMember& removed) {
  write(Table::removed_members, key_of(removed.id), row_value(removed));
}
void Change::put(const Herd& herd) { write(Table::herds, key_of(herd.name), row_value(herd)); }
void Change::put(const BundleRow& bundle) {
  write(Table::bundles, key_of(bundle.bundle), row_value(bundle));
}
void Change::put(const PipelineRow& pipeline) {
  write(Table::pipelines, key_of(pipeline.key), row_value(pipeline));
}
void Change::put(const RequestRow& request) {
  write(Table::requests, key_of(request.key), row_value(request));
}
void Change::put(const DatasetVersion& version) {
  write(Table::datasets, key_of(version.key), row_value(version));
}
void Change::put(const SinkTarget& target) {
  write(Table::targets, key_of(target.key), row_value(target));
}
void Change::put(const ContractVersion& version) {
  write(Table::contracts, key_of(version.key, version.number), row_value(version));
}
void Change::put(const KvEntry& entry) { write(Table::kv, key_of(entry.key), row_value(entry)); }
void Change::put(const KvChanges& changes) {
  write(Table::kv_changes, key_of(changes.herd, changes.index), row_value(changes));
}
void Change::put(const KvAnswered& answered) {
  write(Table::kv_answered, key_of(answered.herd, answered.index), row_value(answered));
}
void Change::put(const KvHead& head) { write(Table::kv_heads, key_of(head.herd), row_value(head)); }
void Change::put(const KvSession& session) {
  write(Table::kv_sessions, key_of(session.id), row_value(session));
}
void Change::put(const KvSessionResult& result) {
  write(Table::kv_session_results, key_of(KvSessionKey(result.session, result.seq)),
        row_value(result));
}
void Change::put_head(const Run& run) {
  write(Table::runs, key_of(run.head.id), row_value(run.head));
}
void Change::put_plan(const Run& run) {
  write(Table::plans, key_of(run.head.id), row_value(std::pair(run.head.id, run.plan)));
}
void Change::put_stage(const Run& run, std::size_t step) {
  const StepName& name = run.plan.steps[step].name;
  write(Table::stages, key_of(run.head.id, name),
        row_value(std::pair(std::pair(run.head.id, name), run.stages[step].head)));
  for (std::size_t p = 0; p < run.stages[step].partitions.size(); ++p)
    derive(cluster, run, step, p);
}
void Change::put_partition(const Run& run, std::size_t step, std::size_t partition) {
  const PartitionKey key = partition_key(run, step, partition);
  write(Table::partitions, key_of(key),
        row_value(std::pair(key, run.stages[step].partitions[partition])));
  derive(cluster, run, step, partition);
}
void Change::put_history(const Run& run) {
  write(Table::history_runs, key_of(run.head.id), row_value(run));
  write(Table::history_heads, key_of(run.head.submitted), row_value(run.head));
}
void Change::put_history(const DatasetVersion& version) {
  write(Table::history_datasets, key_of(version.key), row_value(version));
}
void Change::put_history(const PipelineKey& pipeline, const PipelineVersion& version) {
  write(Table::history_pipelines, key_of(pipeline, version.applied), row_value(version));
}
void Change::put_history(const ContractVersion& version) {
  write(Table::history_contracts, key_of(version.key, version.applied), row_value(version));
}

std::vector<Row> Change::finish(std::string_view encoded) {
  std::string hashed;
  Encoder encoder(hashed);
  encoder(index);
  encoder(static_cast<std::uint32_t>(encoded.size()));
  hashed.append(encoded);
  std::vector<Row> rows;
  rows.reserve(rows_.size() + 1);
  for (auto& [place, value] : rows_) {
    encoder(place.first);
    encoder(place.second);
    encoder(value);
    rows.push_back({place.first, place.second, std::move(value)});
  }
  rows_.clear();
  cluster.applied = index;
  cluster.clock = now;
  cluster.hash = xxh64(hashed, cluster.hash);
  rows.push_back({Table::meta, meta_key(), row_value(Meta{index, cluster.hash, now})});
  return rows;
}

}  // namespace runink::state
