#include "isolation/plan.hpp"

#include <algorithm>
#include <set>

namespace runink::isolation {
namespace {

/// Made in every berth: a mount of a file system of one's own is too dear for the moment of launch.
constexpr const char* tools_holder = "/runink";

/// The folder above nested mounts ("/volumes" for "/volumes/lake"), or nothing for "/in" itself.
std::string holder_of(const std::string& inside_path) {
  const auto second = inside_path.find('/', 1);
  return second == std::string::npos ? std::string() : inside_path.substr(0, second);
}

std::vector<SandboxStep> spawner_steps_ahead(const Confinement& confinement) {
  std::vector<SandboxStep> steps;
  const bool cgroups = !confinement.cgroups.places.empty();
  if (cgroups) steps.push_back({StepCode::make_cgroups, {}, {}});
  steps.push_back(
      {StepCode::clone_namespaces, {"user", "pid", "mnt", "net", "ipc", "uts", "cgroup"}, {}});
  steps.push_back({StepCode::write_id_maps, {}, {}});
  if (confinement.cgroups.any_v1()) steps.push_back({StepCode::join_cgroups, {}, {}});
  return steps;
}

std::vector<SandboxStep> spawner_steps_now(const SandboxSpec& spec,
                                           const Confinement& confinement) {
  std::vector<SandboxStep> steps;
  for (const PlannedMount& mount : planned_mounts(spec))
    steps.push_back({StepCode::open_mount,
                     {mount.host_path, mount.writable ? "writable" : "read_only",
                      mount.executable ? "exec" : "noexec"},
                     {}});
  SandboxStep limit{StepCode::set_cgroup_limits, {}, {}};
  for (const CgroupValue& value : cgroup_values(spec.limits, confinement.cgroups))
    limit.texts.push_back(value.file + "=" + value.value);
  if (!limit.texts.empty()) steps.push_back(limit);
  steps.push_back({StepCode::hand_over, {spec.slice.value}, {}});
  return steps;
}

}  // namespace

std::vector<PlannedMount> planned_mounts(const SandboxSpec& spec) {
  std::vector<PlannedMount> mounts;
  for (const Mount& mount : spec.mounts) {
    const bool program = mount.kind == MountKind::bundle || mount.kind == MountKind::tool;
    mounts.push_back(
        {mount.host_path, mount.inside_path, false, program, mount.kind != MountKind::tool});
  }
  mounts.push_back({spec.output, "/out", true, false, true});
  if (spec.scratch) mounts.push_back({*spec.scratch, "/scratch", true, false, true});
  return mounts;
}

std::vector<SandboxStep> berth_steps(const Confinement& confinement) {
  std::vector<SandboxStep> steps;
  const auto add = [&](StepCode code, std::vector<std::string> texts = {}) {
    steps.push_back({code, std::move(texts), {}});
  };
  add(StepCode::new_session);
  if (!confinement.rootless) add(StepCode::become_inner_root);
  // With CLONE_INTO_CGROUP the namespace is made in the right group; otherwise after the attach.
  if (confinement.cgroups.any_v1() || !confinement.cgroups.any_v2())
    add(StepCode::unshare_cgroup_namespace);
  add(StepCode::set_host_name, {"slice"});
  add(StepCode::make_mounts_private);
  add(StepCode::attach_root, {confinement.root_path});
  add(StepCode::mount_proc);  // while the host's /proc is still visible
  add(StepCode::pivot_root);
  add(StepCode::detach_old_root);
  add(StepCode::mount_tmp);
  add(StepCode::seal_root);
  add(StepCode::drop_bounding_set);  // needs CAP_SETPCAP: before the change of user
  if (!confinement.rootless) add(StepCode::drop_groups);
  add(StepCode::limit_core);
  add(StepCode::forbid_new_privileges);
  add(StepCode::start_reaper);
  if (!confinement.rootless) add(StepCode::become_slice_user);
  add(StepCode::die_with_spawner);            // after the change of user, which clears it
  add(StepCode::hold_tools, {tools_holder});  // by the slice's user, who makes mount points in it
  add(StepCode::default_handlers);
  return steps;
}

std::vector<SandboxStep> slice_steps(const SandboxSpec& spec, const Confinement& confinement) {
  std::vector<SandboxStep> steps;
  const auto mounts = planned_mounts(spec);
  std::set<std::string> holders;
  for (const PlannedMount& mount : mounts)
    if (const std::string holder = holder_of(mount.inside_path); !holder.empty())
      holders.insert(holder);
  holders.insert(tools_holder);
  for (const std::string& holder : holders)
    if (holder != tools_holder) steps.push_back({StepCode::hold_mounts, {holder}, {}});
  for (std::size_t i = 0; i < mounts.size(); ++i)
    steps.push_back({StepCode::attach_mount, {mounts[i].inside_path}, {i}});
  for (const std::string& holder : holders) steps.push_back({StepCode::seal_mounts, {holder}, {}});
  steps.push_back({StepCode::limit_open_files, {}, {spec.limits.open_files}});
  if (spec.limits.file_size.value > 0)
    steps.push_back({StepCode::limit_file_size, {}, {spec.limits.file_size.value}});
  // Without a pids cgroup the limit per user namespace stands in; one more for the reaper.
  if (!confinement.cgroups.find(Controller::pids))
    steps.push_back({StepCode::limit_processes, {}, {std::uint64_t{spec.limits.pids} + 1}});
  steps.push_back({StepCode::set_streams, {}, {}});
  steps.push_back({StepCode::drop_capabilities, {}, {}});
  steps.push_back({StepCode::enter_working_folder, {spec.cwd}, {}});
  steps.push_back({StepCode::close_descriptors, {}, {}});
  steps.push_back({StepCode::reset_signals, {}, {}});
  SandboxStep execute{StepCode::execute, spec.argv, {spec.argv.size()}};
  for (const auto& [name, value] : spec.env) execute.texts.push_back(name + "=" + value);
  steps.push_back(std::move(execute));
  return steps;
}

std::vector<SandboxStep> plan(const SandboxSpec& spec, const Confinement& confinement) {
  std::vector<SandboxStep> steps = spawner_steps_ahead(confinement);
  for (auto& part : {berth_steps(confinement), spawner_steps_now(spec, confinement),
                     slice_steps(spec, confinement)})
    steps.insert(steps.end(), part.begin(), part.end());
  return steps;
}

}  // namespace runink::isolation
