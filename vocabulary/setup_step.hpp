// The steps in which a slice's sandbox is set up. Numbers and names never change: a set-up that failed
// reports the number of its step, which enters the log; isolation/ performs them.
#pragma once

#include <cstdint>
#include <string_view>

namespace runink {

enum class SetupStep : std::uint16_t {
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
constexpr bool known(SetupStep c) {
  const auto n = static_cast<std::uint16_t>(c);
  return n <= 4 || (n >= 10 && n <= 29) || (n >= 40 && n <= 42) || (n >= 50 && n <= 61);
}
/// The stable name ("mount_proc"); "unknown" for a number that is none.
std::string_view to_string(SetupStep code);

}  // namespace runink
