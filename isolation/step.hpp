// Confinement is a list before it is a deed: one step of setting up a sandbox.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vocabulary/setup_step.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

using StepCode = SetupStep;

/// Who performs a step, and when.
enum class Performer : std::uint8_t {
  spawner_ahead = 1,
  berth_ahead = 2,
  spawner_now = 3,
  berth_now = 4
};
constexpr bool known(Performer p) {
  return p >= Performer::spawner_ahead && p <= Performer::berth_now;
}
Performer performer_of(StepCode code);

/// What the arguments mean depends on the code; plan.hpp is the only place that makes them.
struct SandboxStep {
  StepCode code = StepCode::none;
  std::vector<std::string> texts;
  std::vector<std::uint64_t> numbers;
  friend bool operator==(const SandboxStep&, const SandboxStep&) = default;
  static auto fields(auto& self) { return std::tie(self.code, self.texts, self.numbers); }
};

/// "51 attach_mount /in read_only": for people and for tests. The values of the environment are
/// not printed, only their names.
std::string to_string(const SandboxStep& step);

}  // namespace runink::isolation
