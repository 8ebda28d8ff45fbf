#include "isolation/step.hpp"

namespace runink::isolation {

std::string_view to_string(StepCode code) {
  switch (code) {
    case StepCode::none: return "none";
    case StepCode::make_cgroups: return "make_cgroups";
    case StepCode::clone_namespaces: return "clone_namespaces";
    case StepCode::write_id_maps: return "write_id_maps";
    case StepCode::join_cgroups: return "join_cgroups";
    case StepCode::new_session: return "new_session";
    case StepCode::become_inner_root: return "become_inner_root";
    case StepCode::unshare_cgroup_namespace: return "unshare_cgroup_namespace";
    case StepCode::set_host_name: return "set_host_name";
    case StepCode::make_mounts_private: return "make_mounts_private";
    case StepCode::attach_root: return "attach_root";
    case StepCode::mount_proc: return "mount_proc";
    case StepCode::pivot_root: return "pivot_root";
    case StepCode::detach_old_root: return "detach_old_root";
    case StepCode::mount_tmp: return "mount_tmp";
    case StepCode::seal_root: return "seal_root";
    case StepCode::drop_bounding_set: return "drop_bounding_set";
    case StepCode::drop_groups: return "drop_groups";
    case StepCode::limit_core: return "limit_core";
    case StepCode::forbid_new_privileges: return "forbid_new_privileges";
    case StepCode::start_reaper: return "start_reaper";
    case StepCode::become_slice_user: return "become_slice_user";
    case StepCode::die_with_spawner: return "die_with_spawner";
    case StepCode::hold_tools: return "hold_tools";
    case StepCode::default_handlers: return "default_handlers";
    case StepCode::open_mount: return "open_mount";
    case StepCode::set_cgroup_limits: return "set_cgroup_limits";
    case StepCode::hand_over: return "hand_over";
    case StepCode::hold_mounts: return "hold_mounts";
    case StepCode::attach_mount: return "attach_mount";
    case StepCode::seal_mounts: return "seal_mounts";
    case StepCode::limit_open_files: return "limit_open_files";
    case StepCode::limit_file_size: return "limit_file_size";
    case StepCode::limit_processes: return "limit_processes";
    case StepCode::set_streams: return "set_streams";
    case StepCode::enter_working_folder: return "enter_working_folder";
    case StepCode::drop_capabilities: return "drop_capabilities";
    case StepCode::close_descriptors: return "close_descriptors";
    case StepCode::reset_signals: return "reset_signals";
    case StepCode::execute: return "execute";
  }
  return "unknown";
}

Performer performer_of(StepCode code) {
  const auto n = static_cast<std::uint16_t>(code);
  if (code == StepCode::join_cgroups) return Performer::berth_ahead;
  if (n < 10) return Performer::spawner_ahead;
  if (n < 40) return Performer::berth_ahead;
  if (n < 50) return Performer::spawner_now;
  return Performer::berth_now;
}

std::string to_string(const SandboxStep& step) {
  std::string text = std::to_string(static_cast<unsigned>(step.code)) + " ";
  text += to_string(step.code);
  // The arguments of execute come first, then the environment; the values of that may be secret.
  const std::size_t open = step.code == StepCode::execute && !step.numbers.empty()
                               ? static_cast<std::size_t>(step.numbers[0])
                               : step.texts.size();
  for (std::size_t i = 0; i < step.texts.size(); ++i)
    text +=
        " " + (i < open ? step.texts[i] : step.texts[i].substr(0, step.texts[i].find('=')) + "=");
  if (step.code != StepCode::execute)
    for (const std::uint64_t number : step.numbers) text += " " + std::to_string(number);
  return text;
}

}  // namespace runink::isolation
