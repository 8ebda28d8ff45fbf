// What one slice may see and use: the daemon's wish, checked here and again by the spawner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

/// Names one slice on its node, for example "<run>.<step>.<partition>.<attempt>": 1 to 200
/// characters of [a-z0-9._-], not starting with a dot.
using SliceId = Strong<struct SliceIdTag, std::string>;

/// The whole encoded spec; it travels in one message.
inline constexpr Bytes spec_bytes_max = KiB(128);
inline constexpr std::uint32_t slice_id_bytes_max = 200;
inline constexpr std::uint32_t mounts_max = 64;

enum class MountKind : std::uint8_t {
  input = 1,   ///< the slice's input folder
  bundle = 2,  ///< the pipeline's files; programs in it may be executed
  volume = 3,  ///< a granted volume, for sources
  tool = 4,    ///< a program or library of ours; may be executed
};
constexpr bool known(MountKind k) { return k >= MountKind::input && k <= MountKind::tool; }
std::string_view to_string(MountKind kind);

/// A folder or file of the host, shown to the slice. Both paths are absolute and clean (no ".",
/// "..", "//"). `inside_path` is /in, /bundle, or anything at most three names deep beneath /in,
/// /volumes or /runink; the mount points are made.
struct Mount {
  std::string host_path;
  std::string inside_path;
  bool read_only = true;  ///< must be true: only /out and /scratch are writable
  MountKind kind = MountKind::input;
  friend bool operator==(const Mount&, const Mount&) = default;
  static auto fields(auto& self) {
    return std::tie(self.host_path, self.inside_path, self.read_only, self.kind);
  }
};

struct SliceLimits {
  MilliCpu cpu{1000};
  Bytes memory = MiB(512);   ///< includes /tmp and the page cache of what it reads; no swap
  std::uint32_t pids = 256;  ///< threads count too
  std::uint32_t open_files = 1024;
  Bytes file_size{0};  ///< of one file; 0 = no limit
  friend bool operator==(const SliceLimits&, const SliceLimits&) = default;
  static auto fields(auto& self) {
    return std::tie(self.cpu, self.memory, self.pids, self.open_files, self.file_size);
  }
};

struct SandboxSpec {
  SliceId slice;
  /// argv[0] is the program: an absolute path inside, or one relative to `cwd` ("./run"), or a bare
  /// name that is looked for in the PATH of `env`.
  std::vector<std::string> argv;
  /// The whole environment; nothing is added.
  std::map<std::string, std::string> env;
  std::string cwd = "/";
  std::vector<Mount> mounts;
  /// Host folder shown writable as /out. It belongs to the daemon, and so do the files in it.
  std::string output;
  /// Host folder shown writable as /scratch.
  std::optional<std::string> scratch;
  SliceLimits limits;
  /// From the launch; then SIGTERM, and SIGKILL `limits::kill_grace` later.
  Duration timeout = seconds(3600);
  /// From the launch or the last RenewLeases; then SIGKILL at once.
  Duration lease = seconds(60);
  friend bool operator==(const SandboxSpec&, const SandboxSpec&) = default;
  static auto fields(auto& self) {
    return std::tie(self.slice, self.argv, self.env, self.cwd, self.mounts, self.output,
                    self.scratch, self.limits, self.timeout, self.lease);
  }
};

/// `bad_input` naming the first thing that is wrong with `id`.
Result<void> check(const SliceId& id);
/// `bad_input` naming the first thing that is wrong with `spec`. Whether the host's paths exist and
/// are allowed only the spawner knows.
Result<void> check(const SandboxSpec& spec);

}  // namespace runink::isolation
