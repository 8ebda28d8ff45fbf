// A spec becomes a list of steps. Pure: it asks nothing of the machine, prints the same everywhere.
#pragma once

#include <string>
#include <vector>

#include "isolation/cgroup_limits.hpp"
#include "isolation/sandbox_spec.hpp"
#include "isolation/step.hpp"

namespace runink::isolation {

/// What this machine and this user allow.
struct Confinement {
  bool rootless = false;
  /// Empty: no cgroup limits.
  CgroupLayout cgroups;
  /// Where the berth attaches its root, in its own mount namespace, before that becomes "/": a
  /// folder that every system has and every user can reach.
  std::string root_path = "/usr";
};

/// The steps that a berth performs before it knows its slice.
std::vector<SandboxStep> berth_steps(const Confinement& confinement);
/// The steps that the berth performs when it becomes the slice; they travel to it as bytes.
std::vector<SandboxStep> slice_steps(const SandboxSpec& spec, const Confinement& confinement);
/// All steps in order, the spawner's own included. `spec` must have passed `check`.
std::vector<SandboxStep> plan(const SandboxSpec& spec, const Confinement& confinement);

/// The mounts of a spec in the order in which their descriptors travel: its own, /out, /scratch.
struct PlannedMount {
  std::string host_path;
  std::string inside_path;
  bool writable = false;
  bool executable = false;
  /// Shown as if it belonged to the slice's user, whose files are the daemon's on disk.
  bool mapped = true;
};
std::vector<PlannedMount> planned_mounts(const SandboxSpec& spec);

}  // namespace runink::isolation
