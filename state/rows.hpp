// The state as rows: what `state.db` holds. Each value begins with a version byte; keys sort as
// their parts do (texts end in NUL, numbers are big-endian).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/cluster_state.hpp"
#include "vocabulary/fault.hpp"

namespace runink::state {

/// Numbers are for ever: they are on disk.
enum class Table : std::uint8_t {
  meta = 1,
  nodes = 2,
  herds = 3,
  bundles = 4,
  pipelines = 5,
  runs = 6,        ///< RunHead
  plans = 7,       ///< Plan, written once
  stages = 8,      ///< StageHead
  partitions = 9,  ///< PartitionState
  requests = 10,
  datasets = 11,
  targets = 12,
  contracts = 13,           ///< herd, name, number: ContractVersion
  kv = 14,                  ///< herd, key: KvEntry
  kv_changes = 15,          ///< herd, index: KvChanges
  kv_answered = 16,         ///< herd, index: KvAnswered
  kv_heads = 17,            ///< herd: KvHead
  members = 18,             ///< by name
  removed_members = 19,     ///< by id
  kv_sessions = 20,         ///< by id: KvSession
  kv_session_results = 21,  ///< session, number: KvSessionResult
  // History: not loaded into memory.
  history_runs = 32,       ///< by run id: Run, whole
  history_heads = 33,      ///< by index of submission: RunHead
  history_datasets = 34,   ///< as `datasets`
  history_pipelines = 35,  ///< herd, pipeline, index: PipelineVersion
  history_contracts = 36,  ///< herd, name, index: ContractVersion
};
constexpr bool known(Table t) {
  return (t >= Table::meta && t <= Table::kv_session_results) ||
         (t >= Table::history_runs && t <= Table::history_contracts);
}
constexpr bool is_history(Table t) { return t >= Table::history_runs; }
std::string_view to_string(Table table);
/// Every table of the live state, in the order of the numbers.
std::vector<Table> live_tables();

/// The version byte of every row value that this build writes.
inline constexpr std::uint8_t row_version = 1;

struct Row {
  Table table = Table::meta;
  std::string key;
  std::optional<std::string> value;  ///< nothing: the row is removed
  friend bool operator==(const Row&, const Row&) = default;
};

// ---- keys
std::string meta_key();
std::string key_of(const NodeName& node);
std::string key_of(NodeId id);
std::string key_of(const HerdName& herd);
std::string key_of(const Digest& bundle);
std::string key_of(const PipelineKey& pipeline);
std::string key_of(const RunId& run);
std::string key_of(const RunId& run, const StepName& step);
std::string key_of(const PartitionKey& partition);
std::string key_of(const RequestKey& request);
std::string key_of(const VersionKey& version);
std::string key_of(const TargetKey& target);
std::string key_of(LogIndex index);
std::string key_of(const PipelineKey& pipeline, LogIndex index);
std::string key_of(const ContractKey& contract, std::uint32_t number);
std::string key_of(const ContractKey& contract, LogIndex index);
std::string key_of(const KvKey& key);
std::string key_of(const HerdName& herd, LogIndex index);
std::string key_of(SessionId session);
std::string key_of(const KvSessionKey& result);
/// The keys of all versions of one contract, live or history, begin with this.
std::string prefix_of(const ContractKey& contract);
/// The keys of all versions of one dataset begin with this.
std::string prefix_of(const DatasetKey& dataset);

// ---- values that others read by themselves; a wrong version or damage is `corrupt`
struct Meta {
  LogIndex applied;
  std::uint64_t hash = 0;
  WallTime clock;
  friend bool operator==(const Meta&, const Meta&) = default;
  static auto fields(auto& self) { return std::tie(self.applied, self.hash, self.clock); }
};
Result<Meta> decode_meta(std::string_view value);
/// Of `history_runs`.
Result<Run> decode_run(std::string_view value);
/// Of `runs` and `history_heads`.
Result<RunHead> decode_run_head(std::string_view value);
/// Of `partitions`.
Result<PartitionState> decode_partition(std::string_view value);
/// Of `datasets` and `history_datasets`.
Result<DatasetVersion> decode_version(std::string_view value);
/// Of `history_pipelines`.
Result<PipelineVersion> decode_pipeline_version(std::string_view value);
/// Of `contracts` and `history_contracts`.
Result<ContractVersion> decode_contract_version(std::string_view value);
/// Its number alone, without reading the contract behind it.
Result<std::uint32_t> number_of_contract_version(std::string_view value);

/// The whole live state as rows, ordered by table and key, `meta` first.
std::vector<Row> rows_of(const ClusterState& cluster);

/// The state that these rows (of live tables, in any order) say; history rows are passed over.
/// `corrupt`, naming table and key, when they do not fit together. No rows: an empty state.
Result<ClusterState> load(const std::vector<Row>& rows);

/// Calls `each` with every artifact that a row of any table, live or history, names: what must be
/// kept. Nothing is dropped by policy yet. `corrupt` when the row cannot be read.
Result<void> artifacts_of(const Row& row, const std::function<void(const Digest&)>& each);
/// The same for the whole live state; sorted, without repeats.
std::vector<Digest> reachable_artifacts(const ClusterState& cluster);

}  // namespace runink::state
