#include "isolation/sandbox_spec.hpp"

#include <algorithm>
#include <string_view>

#include "vocabulary/codec.hpp"

namespace runink::isolation {
namespace {

constexpr std::uint64_t cpu_most = 1'000'000;  // a thousand cores
constexpr Bytes memory_least = MiB(4);
constexpr Bytes memory_most = GiB(1 << 14);
constexpr std::uint32_t pids_most = 100'000;
constexpr std::uint32_t open_files_least = 8;
constexpr std::uint32_t open_files_most = 1u << 20;
constexpr std::size_t inside_depth_most = 4;  // the top folder and three names beneath it

std::unexpected<Fault> bad(const SandboxSpec& spec, const std::string& why) {
  return fail(FaultKind::bad_input, "Slice " + spec.slice.value + " cannot be launched: " + why);
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

/// The names of an absolute clean path, or nothing if it is not one.
std::optional<std::vector<std::string_view>> names_of(std::string_view path) {
  if (path.size() < 2 || path.size() > limits::path_bytes || path[0] != '/') return std::nullopt;
  std::vector<std::string_view> names;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos)
      return std::nullopt;
    names.push_back(name);
    if (slash == std::string_view::npos) return names;
    path.remove_prefix(slash + 1);
  }
}

bool inside_path_allowed(std::string_view path) {
  const auto names = names_of(path);
  if (!names || names->size() > inside_depth_most) return false;
  const std::string_view top = names->front();
  if (names->size() == 1) return top == "in" || top == "bundle";
  return top == "in" || top == "volumes" || top == "runink";
}

bool beneath(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

Result<void> check_mounts(const SandboxSpec& spec) {
  if (spec.mounts.size() > mounts_max)
    return bad(spec, "it has more than " + std::to_string(mounts_max) + " mounts.");
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    const Mount& mount = spec.mounts[i];
    if (!names_of(mount.host_path))
      return bad(spec, "the mount source '" + mount.host_path +
                           "' is not an absolute path without '.', '..' and '//'.");
    if (!inside_path_allowed(mount.inside_path))
      return bad(spec, "'" + mount.inside_path +
                           "' is no place for a mount. Use /in, /bundle, or a name beneath /in, "
                           "/volumes or /runink.");
    if (!mount.read_only)
      return bad(spec,
                 "the mount " + mount.inside_path +
                     " is to be writable. Only /out and /scratch are; use output or scratch.");
    for (std::size_t k = 0; k < i; ++k)
      if (beneath(mount.inside_path, spec.mounts[k].inside_path) ||
          beneath(spec.mounts[k].inside_path, mount.inside_path))
        return bad(spec, "the mounts " + spec.mounts[k].inside_path + " and " + mount.inside_path +
                             " lie in each other.");
  }
  if (!names_of(spec.output)) return bad(spec, "its output folder is not an absolute clean path.");
  if (spec.scratch && !names_of(*spec.scratch))
    return bad(spec, "its scratch folder is not an absolute clean path.");
  return {};
}

Result<void> check_program(const SandboxSpec& spec) {
  if (spec.argv.empty() || spec.argv[0].empty()) return bad(spec, "it has no program.");
  if (spec.argv.size() > limits::arguments)
    return bad(spec, "it has more than " + std::to_string(limits::arguments) + " arguments.");
  for (const std::string& argument : spec.argv)
    if (argument.size() > limits::argument.value || has_nul(argument))
      return bad(spec, "an argument is too long or contains a zero byte.");
  for (const auto& [name, value] : spec.env)
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value) ||
        value.size() > limits::argument.value)
      return bad(spec,
                 "the environment variable '" + name + "' has a name or value that cannot be.");
  if (spec.cwd != "/" && !names_of(spec.cwd))
    return bad(spec, "its working folder is not an absolute path without '.', '..' and '//'.");
  return {};
}

Result<void> check_limits(const SandboxSpec& spec) {
  const SliceLimits& l = spec.limits;
  if (l.cpu.value == 0 || l.cpu.value > cpu_most) return bad(spec, "its cpu limit makes no sense.");
  if (l.memory < memory_least || l.memory > memory_most)
    return bad(spec, "its memory limit must be between 4Mi and 16Ti.");
  if (l.pids == 0 || l.pids > pids_most) return bad(spec, "its limit of processes makes no sense.");
  if (l.open_files < open_files_least || l.open_files > open_files_most)
    return bad(spec, "its limit of open files must be between 8 and 1048576.");
  if (spec.timeout.ns <= 0 || spec.timeout > limits::timeout_longest)
    return bad(spec, "its timeout must be positive and at most seven days.");
  if (spec.lease.ns <= 0 || spec.lease > limits::timeout_longest)
    return bad(spec, "its lease must be positive and at most seven days.");
  return {};
}

}  // namespace

std::string_view to_string(MountKind kind) {
  switch (kind) {
    case MountKind::input: return "input";
    case MountKind::bundle: return "bundle";
    case MountKind::volume: return "volume";
    case MountKind::tool: return "tool";
  }
  return "unknown";
}

Result<void> check(const SliceId& id) {
  const std::string& s = id.value;
  const bool letters = std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  if (s.empty() || s.size() > slice_id_bytes_max || !letters || s[0] == '.')
    return fail(FaultKind::bad_input,
                "A slice id is 1 to 200 characters of [a-z0-9._-] and does not start with a dot.");
  return {};
}

Result<void> check(const SandboxSpec& spec) {
  if (auto ok = check(spec.slice); !ok) return ok;
  if (auto ok = check_program(spec); !ok) return ok;
  if (auto ok = check_mounts(spec); !ok) return ok;
  if (auto ok = check_limits(spec); !ok) return ok;
  if (encode(spec).size() > spec_bytes_max.value)
    return bad(spec, "arguments, environment and mounts together pass " +
                         std::to_string(spec_bytes_max.value >> 10) +
                         " KiB. Put long texts into a file of the bundle.");
  return {};
}

}  // namespace runink::isolation
