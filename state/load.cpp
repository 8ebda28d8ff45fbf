// Rows back into tables.
#include "state/change.hpp"
#include "state/row_codec.hpp"
#include "state/rows.hpp"

namespace runink::state {
namespace {

/// Rows come in any order, so the parts of runs are gathered first and joined at the end.
struct Loader {
  ClusterState cluster;
  std::map<RunId, RunHead> heads;
  std::map<RunId, pipeline::Plan> plans;
  std::map<std::pair<RunId, StepName>, StageHead> stages;
  std::map<PartitionKey, PartitionState> partitions;

  static std::unexpected<Fault> wrong(const Row& row, std::string_view why) {
    return fail(FaultKind::corrupt, "The row " + to_hex(row.key) + " of the table " +
                                        std::string(to_string(row.table)) + " " + std::string(why));
  }

  template <class T, class KeyOf, class Store>
  static Result<void> take(const Row& row, KeyOf key, Store store) {
    Result<T> value = decode_row<T>(*row.value, to_string(row.table));
    if (!value) return wrong(row, "cannot be read: " + value.error().what);
    if (key(*value) != row.key) return wrong(row, "holds something that belongs to another key.");
    store(std::move(*value));
    return {};
  }

  Result<void> take_run_part(const Row& row) {
    switch (row.table) {
      case Table::runs:
        return take<RunHead>(
            row, [](const auto& one) { return key_of(one.id); },
            [&](RunHead one) { heads[one.id] = std::move(one); });
      case Table::plans:
        return take<std::pair<RunId, pipeline::Plan>>(
            row, [](const auto& one) { return key_of(one.first); },
            [&](auto one) { plans[one.first] = std::move(one.second); });
      case Table::stages:
        return take<std::pair<std::pair<RunId, StepName>, StageHead>>(
            row, [](const auto& one) { return key_of(one.first.first, one.first.second); },
            [&](auto one) { stages[one.first] = std::move(one.second); });
      default:
        return take<std::pair<PartitionKey, PartitionState>>(
            row, [](const auto& one) { return key_of(one.first); },
            [&](auto one) { partitions[one.first] = std::move(one.second); });
    }
  }

  Result<void> take_kv(const Row& row) {
    switch (row.table) {
      case Table::kv:
        return take<KvEntry>(
            row, [](const auto& one) { return key_of(one.key); },
            [&](KvEntry one) { cluster.kv.entries[one.key] = std::move(one); });
      case Table::kv_changes:
        return take<KvChanges>(
            row, [](const auto& one) { return key_of(one.herd, one.index); },
            [&](KvChanges one) {
              cluster.kv.history.rows[{one.herd, one.index}] = std::move(one);
            });
      case Table::kv_sessions:
        return take<KvSession>(
            row, [](const auto& one) { return key_of(one.id); },
            [&](KvSession one) { cluster.kv_sessions.sessions[one.id] = std::move(one); });
      case Table::kv_session_results:
        return take<KvSessionResult>(
            row, [](const auto& one) { return key_of(KvSessionKey(one.session, one.seq)); },
            [&](KvSessionResult one) {
              cluster.kv_sessions.results[{one.session, one.seq}] = std::move(one);
            });
      case Table::kv_answered:
        return take<KvAnswered>(
            row, [](const auto& one) { return key_of(one.herd, one.index); },
            [&](KvAnswered one) {
              cluster.kv.answered.rows[{one.herd, one.index}] = std::move(one);
            });
      default:
        return take<KvHead>(
            row, [](const auto& one) { return key_of(one.herd); },
            [&](KvHead one) { cluster.kv.heads[one.herd] = std::move(one); });
    }
  }

  Result<void> take_row(const Row& row) {
    switch (row.table) {
      case Table::meta:
        return take<Meta>(
            row, [](const auto&) { return meta_key(); },
            [&](Meta one) {
              cluster.applied = one.applied;
              cluster.hash = one.hash;
              cluster.clock = one.clock;
            });
      case Table::nodes:
        return take<Node>(
            row, [](const auto& one) { return key_of(one.joined.node); },
            [&](Node one) { cluster.nodes[one.joined.node] = std::move(one); });
      case Table::members:
        return take<Member>(
            row, [](const auto& one) { return key_of(one.node); },
            [&](Member one) { cluster.members[one.node] = std::move(one); });
      case Table::removed_members:
        return take<RemovedMember>(
            row, [](const auto& one) { return key_of(one.id); },
            [&](RemovedMember one) { cluster.removed_members[one.id] = std::move(one); });
      case Table::herds:
        return take<Herd>(
            row, [](const auto& one) { return key_of(one.name); },
            [&](Herd one) { cluster.herds[one.name] = std::move(one); });
      case Table::bundles:
        return take<BundleRow>(
            row, [](const auto& one) { return key_of(one.bundle); },
            [&](BundleRow one) { cluster.bundles[one.bundle] = std::move(one); });
      case Table::pipelines:
        return take<PipelineRow>(
            row, [](const auto& one) { return key_of(one.key); },
            [&](PipelineRow one) { cluster.pipelines[one.key] = std::move(one); });
      case Table::requests:
        return take<RequestRow>(
            row, [](const auto& one) { return key_of(one.key); },
            [&](RequestRow one) { cluster.requests[one.key] = std::move(one); });
      case Table::datasets:
        return take<DatasetVersion>(
            row, [](const auto& one) { return key_of(one.key); },
            [&](DatasetVersion one) {
              const DatasetKey key{one.key.herd, one.key.pipeline, one.key.dataset};
              cluster.datasets[key][one.key.index] = std::move(one);
            });
      case Table::contracts:
        return take<ContractVersion>(
            row, [](const auto& one) { return key_of(one.key, one.number); },
            [&](ContractVersion one) { cluster.contracts[one.key][one.number] = std::move(one); });
      case Table::targets:
        return take<SinkTarget>(
            row, [](const auto& one) { return key_of(one.key); },
            [&](SinkTarget one) { cluster.targets[one.key] = std::move(one); });
      case Table::kv:
      case Table::kv_changes:
      case Table::kv_answered:
      case Table::kv_heads:
      case Table::kv_sessions:
      case Table::kv_session_results: return take_kv(row);
      default: return take_run_part(row);
    }
  }

  Result<void> join() {
    for (auto& [id, head] : heads) {
      const auto plan = plans.find(id);
      if (plan == plans.end())
        return fail(FaultKind::corrupt, "The run " + id.value + " has no row for its plan.");
      Run& run = cluster.runs[id];
      run.head = std::move(head);
      run.plan = std::move(plan->second);
      for (const pipeline::Step& step : run.plan.steps) {
        const auto stage = stages.find({id, step.name});
        if (stage == stages.end())
          return fail(FaultKind::corrupt, "The run " + id.value + " has no row for the stage '" +
                                              step.name.value + "'.");
        Stage& joined = run.stages.emplace_back();
        joined.head = std::move(stage->second);
        for (std::uint32_t p = 0; p < step.partitions; ++p) {
          const auto part = partitions.find({id, step.name, Partition{p}});
          if (part == partitions.end())
            return fail(FaultKind::corrupt,
                        "The run " + id.value + " has no row for the partition " +
                            std::to_string(p) + " of the stage '" + step.name.value + "'.");
          joined.partitions.push_back(std::move(part->second));
        }
      }
    }
    for (const auto& [key, one] : cluster.kv_sessions.results)
      if (!cluster.kv_sessions.sessions.contains(key.first))
        return fail(FaultKind::corrupt, "A client's session " + std::to_string(key.first.value) +
                                            " has results, but no row of its own.");
    return {};
  }
};

}  // namespace

Result<ClusterState> load(const std::vector<Row>& rows) {
  Loader loader;
  for (const Row& row : rows) {
    if (!row.value || is_history(row.table)) continue;
    if (!known(row.table))
      return fail(FaultKind::corrupt, "There is a row of the unknown table " +
                                          std::to_string(static_cast<int>(row.table)) +
                                          "; install the version that wrote it.");
    if (Result<void> taken = loader.take_row(row); !taken) return std::unexpected(taken.error());
  }
  if (Result<void> joined = loader.join(); !joined) return std::unexpected(joined.error());
  derive_all(loader.cluster);
  return std::move(loader.cluster);
}

}  // namespace runink::state
