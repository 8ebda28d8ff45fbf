// Confinement is a list before it is a deed: one step of setting up a sandbox. Numbers and names
// never change; a failed set-up reports the number of its step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vocabulary/units.hpp"

namespace runink::isolation {

enum class StepCode : std::uint16_t {
  none = 0,
  // The spawner makes a berth.
  make_cgroups = 1,
  clone_namespaces = 2,
  write_id_maps = 3,
  join_cgroups = 4,  // by the berth itself: on v1 it may take milliseconds
  // The berth prepares itself.
  new_session = 10,
  become_inner_root = 11,
  unshare_cgroup_namespace = 12,
  set_host_name = 13,
  make_mounts_private = 14,
  attach_root = 15,
  mount_proc = 16,
  pivot_root = 17,
  detach_old_root = 18,
  mount_tmp = 19,
  seal_root = 20,
  drop_bounding_set = 21,
  drop_groups = 22,
  limit_core = 23,
  forbid_new_privileges = 24,
  start_reaper = 25,
  become_slice_user = 26,
  die_with_spawner = 27,
  hold_tools = 28,        // beneath /runink, where nearly every slice is shown something
  default_handlers = 29,  // of all signals
  // The spawner gives the berth a slice.
  open_mount = 40,
  set_cgroup_limits = 41,
  hand_over = 42,
  // The berth becomes the slice.
  hold_mounts = 50,
  attach_mount = 51,
  seal_mounts = 52,
  limit_open_files = 53,
  limit_file_size = 54,
  limit_processes = 55,
  set_streams = 56,
  enter_working_folder = 57,
  drop_capabilities = 58,
  close_descriptors = 59,
  reset_signals = 60,
  execute = 61,
};
constexpr bool known(StepCode c) {
  const auto n = static_cast<std::uint16_t>(c);
  return n <= 4 || (n >= 10 && n <= 29) || (n >= 40 && n <= 42) || (n >= 50 && n <= 61);
}
/// The stable name ("mount_proc"); "unknown" for a number that is none.
std::string_view to_string(StepCode code);

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
