// What people see of a run, from live state and from history alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/catalog.hpp"
#include "state/quality.hpp"
#include "state/run.hpp"

namespace runink::state {

enum class AttemptStatus : std::uint8_t { live = 1, ending = 2, committed = 3, ended = 4 };
std::string_view to_string(AttemptStatus status);

struct AttemptView {
  AttemptKey key;
  NodeName node;
  AttemptStatus status = AttemptStatus::live;
  WallTime placed_at;
  WallTime ended_at;              ///< 0 while it lives
  std::optional<AttemptEnd> end;  ///< of an ended one
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  SliceReason reason = SliceReason::none;
  std::uint16_t setup_step = 0;
  std::int32_t setup_errno = 0;
  Usage usage;
  Digest log;  ///< empty = none
};

struct OutputView {
  VersionKey version;
  std::uint64_t rows = 0;
  bool rows_known = false;
  std::uint64_t content_hash = 0;
  Bytes size;
  std::vector<Column> columns;
  std::vector<std::pair<std::string, OutputFile>> files;
};

struct SinkView {
  TargetKey target;
  OutputFile file;  ///< empty digest until committed
  bool published = false;
  bool superseded = false;
  NodeName node;
  std::optional<PublishRefusal> refusal;
  std::int32_t refusal_errno = 0;
};

struct StageView {
  StepName step;
  std::string_view kind;  ///< as `pipeline::kind_of`
  StageStatus status = StageStatus::waiting;
  WallTime ready_at;
  WallTime started_at;
  WallTime ended_at;
  LogIndex committed;
  std::uint32_t partitions = 1;
  std::uint32_t partitions_done = 0;
  std::uint32_t failures = 0;
  std::uint32_t lost = 0;
  std::uint32_t attempts_allowed = 1;
  /// The earliest retry that is still ahead of a partition without a live attempt; 0 = none.
  WallTime retry_at;
  std::vector<AttemptView> attempts;  ///< by partition, then attempt
  std::vector<OutputView> outputs;    ///< once the stage is true
  std::vector<FileRead> read;
  std::map<std::string, std::uint64_t> counters;  ///< summed over partitions
  std::optional<SinkView> sink;
  std::string contract;  ///< "trades@3"; empty = it goes by none
  std::vector<QualityView> quality;
  SliceReason reason = SliceReason::none;  ///< why the stage failed, when no attempt did
};

struct RunView {
  RunHead head;
  std::map<std::string, std::string> parameters;
  WallTime logical_date;
  std::vector<StageView> stages;  ///< in the order of the plan
  /// Whole sentences: why it failed, with exit code, signal or limit; empty otherwise.
  std::string failure;
};
RunView view_of(const Run& run);

/// "The program exited with code 3", "ran past its time-out": what an end means, for people.
std::string describe_end(const AttemptView& attempt);

}  // namespace runink::state
