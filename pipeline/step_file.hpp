// What a built-in step finds at /in/.runink/step: its own step of the plan and what it may use.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "pipeline/plan.hpp"

namespace runink::pipeline {

struct StepFile {
  std::uint16_t version = 1;
  Step step;
  /// What DuckDB may use: less than `step.needs.memory`, which counts the process as a whole.
  Bytes memory_limit;
  HerdName herd;
  PipelineName pipeline;
  std::string logical_date;  ///< RFC 3339, as `ts` renders it
  friend bool operator==(const StepFile&, const StepFile&) = default;
  static auto fields(auto& self) {
    return std::tie(self.version, self.step, self.memory_limit, self.herd, self.pipeline,
                    self.logical_date);
  }
};

}  // namespace runink::pipeline
