// The stable names of the room's enums.
#include <array>
#include <string_view>
#include <utility>

#include "state/apply.hpp"
#include "state/run_view.hpp"

namespace runink::state {

std::string_view to_string(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::exited: return "exited";
    case AttemptEnd::signalled: return "signalled";
    case AttemptEnd::out_of_memory: return "out_of_memory";
    case AttemptEnd::timed_out: return "timed_out";
    case AttemptEnd::setup_failed: return "setup_failed";
    case AttemptEnd::bad_output: return "bad_output";
    case AttemptEnd::cancelled: return "cancelled";
    case AttemptEnd::lost: return "lost";
  }
  return "unknown";
}

std::string_view to_string(PublishRefusal refusal) {
  switch (refusal) {
    case PublishRefusal::volume_missing: return "volume_missing";
    case PublishRefusal::not_granted: return "not_granted";
    case PublishRefusal::leaves_volume: return "leaves_volume";
    case PublishRefusal::disk_full: return "disk_full";
    case PublishRefusal::outside_failed: return "outside_failed";
  }
  return "unknown";
}

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::running: return "running";
    case RunStatus::succeeded: return "succeeded";
    case RunStatus::failed: return "failed";
    case RunStatus::cancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view to_string(StageStatus status) {
  switch (status) {
    case StageStatus::waiting: return "waiting";
    case StageStatus::ready: return "ready";
    case StageStatus::running: return "running";
    case StageStatus::publishing: return "publishing";
    case StageStatus::succeeded: return "succeeded";
    case StageStatus::failed: return "failed";
    case StageStatus::cancelled: return "cancelled";
    case StageStatus::skipped: return "skipped";
  }
  return "unknown";
}

std::string_view to_string(AttemptStatus status) {
  switch (status) {
    case AttemptStatus::live: return "live";
    case AttemptStatus::ending: return "ending";
    case AttemptStatus::committed: return "committed";
    case AttemptStatus::ended: return "ended";
  }
  return "unknown";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted: return "accepted";
    case Verdict::repeated: return "repeated";
    case Verdict::refused: return "refused";
  }
  return "unknown";
}

std::string_view to_string(Table table) {
  switch (table) {
    case Table::meta: return "meta";
    case Table::nodes: return "nodes";
    case Table::herds: return "herds";
    case Table::bundles: return "bundles";
    case Table::pipelines: return "pipelines";
    case Table::runs: return "runs";
    case Table::plans: return "plans";
    case Table::stages: return "stages";
    case Table::partitions: return "partitions";
    case Table::requests: return "requests";
    case Table::datasets: return "datasets";
    case Table::targets: return "targets";
    case Table::contracts: return "contracts";
    case Table::kv: return "kv";
    case Table::kv_changes: return "kv_changes";
    case Table::kv_answered: return "kv_answered";
    case Table::kv_heads: return "kv_heads";
    case Table::members: return "members";
    case Table::removed_members: return "removed_members";
    case Table::kv_sessions: return "kv_sessions";
    case Table::kv_session_results: return "kv_session_results";
    case Table::history_runs: return "history_runs";
    case Table::history_heads: return "history_heads";
    case Table::history_datasets: return "history_datasets";
    case Table::history_pipelines: return "history_pipelines";
    case Table::history_contracts: return "history_contracts";
  }
  return "unknown";
}

namespace {
struct RefusalWords {
  std::string_view name;
  FaultKind kind;
};
// In the order of the numbers.
constexpr std::array<RefusalWords, 38> refusals{{
    {"none", FaultKind::refused},
    {"unknown_version", FaultKind::bad_input},
    {"bad_name", FaultKind::bad_input},
    {"bad_value", FaultKind::bad_input},
    {"no_such_node", FaultKind::no_such_thing},
    {"stale_incarnation", FaultKind::out_of_date},
    {"no_such_herd", FaultKind::no_such_thing},
    {"herd_in_use", FaultKind::conflict},
    {"bundle_not_stored", FaultKind::conflict},
    {"request_conflict", FaultKind::conflict},
    {"wrong_run_id", FaultKind::bad_input},
    {"bad_plan", FaultKind::bad_input},
    {"volume_missing", FaultKind::no_such_thing},
    {"volume_not_granted", FaultKind::not_allowed},
    {"quota_runs", FaultKind::refused},
    {"no_such_run", FaultKind::no_such_thing},
    {"run_ended", FaultKind::conflict},
    {"no_such_partition", FaultKind::no_such_thing},
    {"not_ready", FaultKind::conflict},
    {"already_placed", FaultKind::conflict},
    {"already_committed", FaultKind::conflict},
    {"too_early", FaultKind::refused},
    {"node_not_alive", FaultKind::refused},
    {"not_a_worker", FaultKind::refused},
    {"node_full", FaultKind::refused},
    {"quota_herd", FaultKind::refused},
    {"fenced", FaultKind::out_of_date},
    {"wrong_outputs", FaultKind::bad_input},
    {"not_publishing", FaultKind::conflict},
    {"out_of_date", FaultKind::out_of_date},
    {"too_many", FaultKind::exhausted},
    {"no_such_contract", FaultKind::no_such_thing},
    {"contract_changed", FaultKind::out_of_date},
    {"policy_changed", FaultKind::out_of_date},
    {"quota_keys", FaultKind::refused},
    {"removed_member", FaultKind::conflict},
    {"member_exists", FaultKind::conflict},
    {"session_expired", FaultKind::session_expired},
}};
static_assert(static_cast<std::size_t>(Refusal::session_expired) + 1 == refusals.size());
}  // namespace

std::string_view to_string(Refusal refusal) {
  const auto number = static_cast<std::size_t>(refusal);
  return number < refusals.size() ? refusals[number].name : "unknown";
}

FaultKind fault_kind(Refusal refusal) {
  const auto number = static_cast<std::size_t>(refusal);
  return number < refusals.size() ? refusals[number].kind : FaultKind::refused;
}

std::string_view name_of(const Body& body) {
  static constexpr std::array<std::string_view, 24> names{
      "node_joined",         "node_lost",         "herd_applied",      "herd_removed",
      "bundle_stored",       "pipeline_applied",  "run_submitted",     "slices_placed",
      "partition_committed", "attempt_failed",    "sink_published",    "sink_refused",
      "run_cancelled",       "contract_applied",  "contracts_brought", "kv_transaction",
      "members_founded",     "member_added",      "member_promoted",   "member_removed",
      "leader_asked",        "cluster_recovered", "kv_session_opened", "kv_in_session"};
  static_assert(names.size() == std::variant_size_v<Body>);
  return names[body.index()];
}

}  // namespace runink::state
