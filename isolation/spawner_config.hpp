// The spawner's start-up file: what it may do, whatever it is asked. It belongs to the spawner's
// user and nobody else may write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink::isolation {

struct SpawnerConfig {
  /// The node's data folder, absolute.
  std::string data;
  /// Only this user (and root) may talk to the spawner; files of slices belong to it.
  std::uint32_t daemon_uid = 0;
  std::uint32_t daemon_gid = 0;
  /// Host ids that slices may have; nobody else on the machine may use them.
  std::uint32_t uid_base = 1'000'000;
  std::uint32_t uid_count = 65'536;
  /// Folders (or files) from which mounts may come, absolute. The data folder is always one.
  std::vector<std::string> mount_prefixes;
  /// The cgroup beneath which all slices live, from each hierarchy's root. Empty: derived from the
  /// data folder, so that two nodes on one machine never meet.
  std::string cgroup_prefix;
  /// Ready sandboxes.
  std::uint32_t berths = 4;
  /// False forces the chown fallback, for file systems that cannot be mapped.
  bool idmap = true;
  friend bool operator==(const SpawnerConfig&, const SpawnerConfig&) = default;

  std::string socket_path() const { return data + "/spawner.sock"; }
  std::string lock_path() const { return data + "/spawner.lock"; }
  std::string file_path() const { return data + "/spawner.toml"; }
  std::string log_path() const { return data + "/spawner.log"; }
  std::string root_path() const { return data + "/.spawner-root"; }
};

/// `cgroup_prefix`, or the one derived from the data folder ("runink-1a2b3c4d").
std::string effective_cgroup_prefix(const SpawnerConfig& config);

/// The file's text: TOML, one `key = value` a line, strings and lists of strings in double quotes.
std::string to_text(const SpawnerConfig& config);
/// Every mistake is `bad_input` with its line.
Result<SpawnerConfig> parse_spawner_config(std::string_view text);
/// Reads `<data>/spawner.toml`; `not_allowed` if it does not belong to this user, is not regular,
/// or others may read or write it.
Result<SpawnerConfig> load_spawner_config(const std::string& path);
/// Writes it aside and renames it into place, mode 0600.
Result<void> write_spawner_config(const SpawnerConfig& config);

}  // namespace runink::isolation
