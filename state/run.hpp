// One run in live memory: its plan, its stages, their partitions and every attempt that was made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "state/commands.hpp"

namespace runink::state {

enum class RunStatus : std::uint8_t { running = 1, succeeded = 2, failed = 3, cancelled = 4 };
constexpr bool known(RunStatus s) { return s >= RunStatus::running && s <= RunStatus::cancelled; }
std::string_view to_string(RunStatus status);

enum class StageStatus : std::uint8_t {
  waiting = 1,     ///< an input is not committed yet
  ready = 2,       ///< may be placed
  running = 3,     ///< was placed at least once, and is not done
  publishing = 4,  ///< a sink: committed, its file is on the way to its target
  succeeded = 5,
  failed = 6,
  cancelled = 7,  ///< had started when its run ended without it
  skipped = 8     ///< had not started when its run ended
};
constexpr bool known(StageStatus s) {
  return s >= StageStatus::waiting && s <= StageStatus::skipped;
}
std::string_view to_string(StageStatus status);
/// Succeeded, failed, cancelled or skipped.
constexpr bool is_over(StageStatus s) { return s >= StageStatus::succeeded; }

/// Placed, and neither committed nor reported as ended: it holds its slot on its node.
struct LiveAttempt {
  NodeName node;
  WallTime placed_at;
  /// Its run ended: it is to be killed, and holds its slot until its end is reported.
  bool ending = false;
  friend bool operator==(const LiveAttempt&, const LiveAttempt&) = default;
  static auto fields(auto& self) { return std::tie(self.node, self.placed_at, self.ending); }
};

/// An attempt that ended without a commit; what `AttemptFailed` said of it.
struct EndedAttempt {
  Attempt attempt;
  NodeName node;
  WallTime placed_at;
  WallTime ended_at;
  AttemptEnd end = AttemptEnd::exited;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  SliceReason reason = SliceReason::none;
  std::uint16_t setup_step = 0;
  std::int32_t setup_errno = 0;
  Usage usage;
  Digest log;
  friend bool operator==(const EndedAttempt&, const EndedAttempt&) = default;
  static auto fields(auto& self) {
    return std::tie(self.attempt, self.node, self.placed_at, self.ended_at, self.end,
                    self.exit_code, self.signal, self.reason, self.setup_step, self.setup_errno,
                    self.usage, self.log);
  }
};

/// The one attempt whose outputs count. `outputs` are in the order of the plan.
struct Commit {
  Attempt attempt;
  NodeName node;
  LogIndex index;
  WallTime placed_at;
  WallTime at;
  std::vector<Output> outputs;
  std::vector<NodeName> holders;  ///< sorted, without repeats
  std::vector<FileRead> read;
  std::map<std::string, std::uint64_t> counters;
  Usage usage;
  Digest log;
  std::vector<QualityCount> quality;  ///< of a validate step: one for each rule, in their order
  friend bool operator==(const Commit&, const Commit&) = default;
  static auto fields(auto& self) {
    return std::tie(self.attempt, self.node, self.index, self.placed_at, self.at, self.outputs,
                    self.holders, self.read, self.counters, self.usage, self.log, self.quality);
  }
};

struct PartitionState {
  std::map<Attempt, LiveAttempt> live;
  std::vector<EndedAttempt> ended;
  std::uint32_t failures = 0;  ///< ends that count against `retry`
  std::uint32_t lost = 0;      ///< ends that were the platform's fault
  /// Not placed again before this moment of cluster time.
  WallTime not_before;
  std::optional<Commit> commit;
  friend bool operator==(const PartitionState&, const PartitionState&) = default;
  static auto fields(auto& self) {
    return std::tie(self.live, self.ended, self.failures, self.lost, self.not_before, self.commit);
  }
};

struct StageHead {
  StageStatus status = StageStatus::waiting;
  WallTime ready_at;
  WallTime started_at;  ///< first placement
  WallTime ended_at;
  /// The entry that made the stage true; 0 = not yet.
  LogIndex committed;
  /// Of a sink: where it was published, or why not.
  NodeName publisher;
  bool superseded = false;
  std::optional<PublishRefusal> refusal;
  std::int32_t refusal_errno = 0;
  /// Why a stage failed whose partitions all ended well: contract_violated. What was counted stays
  /// in their commits, which never become true.
  SliceReason reason = SliceReason::none;
  friend bool operator==(const StageHead&, const StageHead&) = default;
  static auto fields(auto& self) {
    return std::tie(self.status, self.ready_at, self.started_at, self.ended_at, self.committed,
                    self.publisher, self.superseded, self.refusal, self.refusal_errno, self.reason);
  }
};

struct Stage {
  StageHead head;
  std::vector<PartitionState> partitions;
  friend bool operator==(const Stage&, const Stage&) = default;
  static auto fields(auto& self) { return std::tie(self.head, self.partitions); }
};

struct RunHead {
  RunId id;
  RequestId request;
  Caller caller;
  WallTime submitted_at;
  LogIndex submitted;
  HerdName herd;
  PipelineName pipeline;
  Digest bundle;
  RunStatus status = RunStatus::running;
  WallTime ended_at;
  LogIndex ended;        ///< the entry that ended it; 0 = it runs
  StepName failed_step;  ///< the stage that made it fail; empty = none
  Caller cancelled_by;   ///< who cancelled it
  friend bool operator==(const RunHead&, const RunHead&) = default;
  static auto fields(auto& self) {
    return std::tie(self.id, self.request, self.caller, self.submitted_at, self.submitted,
                    self.herd, self.pipeline, self.bundle, self.status, self.ended_at, self.ended,
                    self.failed_step, self.cancelled_by);
  }
};

struct Run {
  RunHead head;
  pipeline::Plan plan;
  std::vector<Stage> stages;  ///< one for each of plan.steps, in their order
  friend bool operator==(const Run&, const Run&) = default;
  static auto fields(auto& self) { return std::tie(self.head, self.plan, self.stages); }

  /// Place of a step in the plan, or nothing.
  std::optional<std::size_t> place_of(const StepName& step) const;
  /// The partition's state, or null.
  const PartitionState* find(const StepName& step, Partition partition) const;
};

/// The datasets that a commit of this step must hold: those of the plan; of a sink exactly one that
/// bears the step's name, with exactly one file (it is published, not catalogued).
std::vector<DatasetName> expected_outputs(const pipeline::Step& step);

/// The volume that a step needs on its node and how, if it needs one.
struct VolumeNeed {
  VolumeName volume;
  Access access = Access::read;
  friend bool operator==(const VolumeNeed&, const VolumeNeed&) = default;
  static auto fields(auto& self) { return std::tie(self.volume, self.access); }
};
std::optional<VolumeNeed> volume_need(const pipeline::Step& step);

}  // namespace runink::state
