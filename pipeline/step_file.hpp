// What a built-in step finds at /in/.runink/step: its own step of the plan and what it may use.
// Beside it lies /in/.runink/key when `needs_key(step.work)`: the herd's key, `key_bytes` raw bytes.
// A step that used the key says so with the counter "key_id": the first 8 bytes, big-endian, of
// HMAC-SHA256(key, "runink key id"), so that tokens of different keys can be told apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "pipeline/plan.hpp"

namespace runink::pipeline {

inline constexpr std::size_t key_bytes = 32;
/// Of its form: a step reads its own version only, for daemon and step are installed together.
inline constexpr std::uint16_t step_file_version = 4;

struct StepFile {
  std::uint16_t version = step_file_version;
  Step step;
  /// What DuckDB may use: less than `step.needs.memory`, which counts the process as a whole.
  Bytes memory_limit;
  HerdName herd;
  PipelineName pipeline;
  friend bool operator==(const StepFile&, const StepFile&) = default;
  static auto fields(auto& self) {
    return std::tie(self.version, self.step, self.memory_limit, self.herd, self.pipeline);
  }
};

}  // namespace runink::pipeline
