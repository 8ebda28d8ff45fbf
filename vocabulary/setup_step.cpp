#include "vocabulary/setup_step.hpp"

namespace runink {

std::string_view to_string(SetupStep code) {
  switch (code) {
    case SetupStep::none: return "none";
    case SetupStep::make_cgroups: return "make_cgroups";
    case SetupStep::clone_namespaces: return "clone_namespaces";
    case SetupStep::write_id_maps: return "write_id_maps";
    case SetupStep::join_cgroups: return "join_cgroups";
    case SetupStep::new_session: return "new_session";
    case SetupStep::become_inner_root: return "become_inner_root";
    case SetupStep::unshare_cgroup_namespace: return "unshare_cgroup_namespace";
    case SetupStep::set_host_name: return "set_host_name";
    case SetupStep::make_mounts_private: return "make_mounts_private";
    case SetupStep::attach_root: return "attach_root";
    case SetupStep::mount_proc: return "mount_proc";
    case SetupStep::pivot_root: return "pivot_root";
    case SetupStep::detach_old_root: return "detach_old_root";
    case SetupStep::mount_tmp: return "mount_tmp";
    case SetupStep::seal_root: return "seal_root";
    case SetupStep::drop_bounding_set: return "drop_bounding_set";
    case SetupStep::drop_groups: return "drop_groups";
    case SetupStep::limit_core: return "limit_core";
    case SetupStep::forbid_new_privileges: return "forbid_new_privileges";
    case SetupStep::start_reaper: return "start_reaper";
    case SetupStep::become_slice_user: return "become_slice_user";
    case SetupStep::die_with_spawner: return "die_with_spawner";
    case SetupStep::hold_tools: return "hold_tools";
    case SetupStep::default_handlers: return "default_handlers";
    case SetupStep::open_mount: return "open_mount";
    case SetupStep::set_cgroup_limits: return "set_cgroup_limits";
    case SetupStep::hand_over: return "hand_over";
    case SetupStep::hold_mounts: return "hold_mounts";
    case SetupStep::attach_mount: return "attach_mount";
    case SetupStep::seal_mounts: return "seal_mounts";
    case SetupStep::limit_open_files: return "limit_open_files";
    case SetupStep::limit_file_size: return "limit_file_size";
    case SetupStep::limit_processes: return "limit_processes";
    case SetupStep::set_streams: return "set_streams";
    case SetupStep::enter_working_folder: return "enter_working_folder";
    case SetupStep::drop_capabilities: return "drop_capabilities";
    case SetupStep::close_descriptors: return "close_descriptors";
    case SetupStep::reset_signals: return "reset_signals";
    case SetupStep::execute: return "execute";
  }
  return "unknown";
}

}  // namespace runink
