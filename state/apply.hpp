// apply: one committed entry in; its outcome, the rows that changed and the events of it out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "state/cluster_state.hpp"
#include "state/commands.hpp"
#include "state/refusal.hpp"
#include "state/rows.hpp"
#include "vocabulary/fault.hpp"

namespace runink::state {

enum class Verdict : std::uint8_t {
  accepted = 1,
  repeated = 2,  ///< it was true already; harmless
  refused = 3    ///< nothing was done; `refusal` and `what` say why
};
constexpr bool known(Verdict v) { return v >= Verdict::accepted && v <= Verdict::refused; }
std::string_view to_string(Verdict verdict);

struct RefusedPlacement {
  Placement placement;
  Refusal refusal = Refusal::none;
  std::string what;
  friend bool operator==(const RefusedPlacement&, const RefusedPlacement&) = default;
};

struct Outcome {
  Verdict verdict = Verdict::accepted;
  Refusal refusal = Refusal::none;
  std::string what;  ///< a whole sentence when refused
  /// Of SlicesPlaced: those that were not possible. It is refused when none was.
  std::vector<RefusedPlacement> placements;
  /// Of PartitionCommitted: the run had ended, so the attempt is over and its outputs were not
  /// taken.
  bool discarded = false;
  /// Of ContractApplied, unless refused: the number of the version that holds its document.
  std::uint32_t contract_version = 0;
  /// Of KvTransaction and KvInSession, unless refused.
  std::optional<KvResult> kv = {};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// ---- what watchers hear, in the order it became true
struct RunChanged {
  RunId run;
  RunStatus status = RunStatus::running;
  friend bool operator==(const RunChanged&, const RunChanged&) = default;
};
struct StageChanged {
  RunId run;
  StepName step;
  StageStatus status = StageStatus::waiting;
  friend bool operator==(const StageChanged&, const StageChanged&) = default;
};
struct AttemptPlaced {
  AttemptKey attempt;
  NodeName node;
  friend bool operator==(const AttemptPlaced&, const AttemptPlaced&) = default;
};
/// The run ended: the node has to kill this attempt and report its end.
struct AttemptEnding {
  AttemptKey attempt;
  NodeName node;
  friend bool operator==(const AttemptEnding&, const AttemptEnding&) = default;
};
/// Over without a commit; its slot is free.
struct AttemptOver {
  AttemptKey attempt;
  NodeName node;
  AttemptEnd end = AttemptEnd::exited;
  friend bool operator==(const AttemptOver&, const AttemptOver&) = default;
};
struct PartitionDone {
  AttemptKey attempt;
  NodeName node;
  friend bool operator==(const PartitionDone&, const PartitionDone&) = default;
};
/// The partition may be placed again from `at` on: a timer of its run.
struct RetryDue {
  PartitionKey partition;
  WallTime at;
  friend bool operator==(const RetryDue&, const RetryDue&) = default;
};
/// A sink's file is committed: see publications_on in assignments.hpp.
struct PublishDue {
  RunId run;
  StepName step;
  NodeName node;
  LogIndex index;
  friend bool operator==(const PublishDue&, const PublishDue&) = default;
};
/// All of the run is over and it moved to history.
struct RunArchived {
  RunId run;
  friend bool operator==(const RunArchived&, const RunArchived&) = default;
};
struct NodeChanged {
  NodeName node;
  bool alive = false;
  friend bool operator==(const NodeChanged&, const NodeChanged&) = default;
};
/// Keys of the herd are others since the entry `index`; what they are stands in the history of
/// ClusterState::kv.
struct KvChanged {
  HerdName herd;
  LogIndex index;
  friend bool operator==(const KvChanged&, const KvChanged&) = default;
};
using Event =
    std::variant<RunChanged, StageChanged, AttemptPlaced, AttemptEnding, AttemptOver, PartitionDone,
                 RetryDue, PublishDue, RunArchived, NodeChanged, KvChanged>;

struct Applied {
  Outcome outcome;
  /// Put or remove these in this order, in one batch; the last one is the `meta` row.
  std::vector<Row> rows;
  std::vector<Event> events;
  friend bool operator==(const Applied&, const Applied&) = default;
};

/// Applies the entry at `index`, whose bytes are `encoded`. Never fails: a bad command is refused.
/// An index that was applied before changes nothing and gives no rows.
Applied apply(ClusterState& cluster, LogIndex index, const Command& command,
              std::string_view encoded);
/// The same for an entry that is Raft's own (a new leader's first, a configuration).
Applied apply_nothing(ClusterState& cluster, LogIndex index);

/// A command out of the log. `corrupt` when a newer version wrote it, or it is damaged: the node
/// stops, with the version to install in the sentence.
Result<Command> decode_command(std::string_view encoded);
/// It may make the tables of members others.
bool is_about_members(const Body& body);
/// "run_submitted"
std::string_view name_of(const Body& body);

}  // namespace runink::state
