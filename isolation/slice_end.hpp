// How a slice ended, judged from the facts: pure, so that the order of precedence can be tested.
#pragma once

#include <optional>

#include "isolation/berth_inside.hpp"
#include "isolation/exit_report.hpp"

namespace runink::isolation {

/// Why the spawner itself ended a slice; the first reason stays.
struct BegunKill {
  SliceEnd end = SliceEnd::killed;  ///< timed_out, lease_expired or killed
  KillReason reason = KillReason::none;
};

struct EndFacts {
  std::optional<StepFailure> setup_failure;
  std::optional<BegunKill> kill;
  std::optional<int> program_status;  ///< as of wait(2)
  std::uint64_t oom_kills = 0;
};

/// Fills `end`, `exit_code`, `signal`, `reason`, `setup_*` and `oom_kills`.
void judge_end(const EndFacts& facts, ExitReport& report);

}  // namespace runink::isolation
