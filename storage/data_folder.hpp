// The data folder of a node: who may use it, which format it has, who the node is.
//
//   LOCK        flock(2)ed by the daemon that uses it; holds that daemon's process id
//   VERSION     the format of everything below, and the oldest runink that understands it
//   identity    node uuid and incarnation
//   founders    the nodes that founded the cluster (founders.hpp)
//   joined      there when this node is none of them
//   removed     there when the cluster has removed it (removal.hpp)
//   starts      its starts that other nodes were told of (lives.hpp)
//   peers/      those of the other nodes, as they told them
//   raft/  state/  artifacts/  staging/  slices/  prepared/  bundles/  keys/  archive/
//   snapshots/
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::storage {

/// The format that this program reads and writes.
inline constexpr std::uint32_t data_format = 3;

/// Who this node is. A wiped disk comes back under a new uuid, never under the old one.
struct Identity {
  std::array<std::uint8_t, 16> uuid{};  ///< random, made once
  std::uint64_t incarnation = 0;        ///< how often the folder was opened; 1 = the first time
  friend bool operator==(const Identity&, const Identity&) = default;
  static auto fields(auto& self) { return std::tie(self.uuid, self.incarnation); }
};

/// "8d3c…-…" as in RFC 4122.
std::string uuid_text(const Identity& identity);

/// An open data folder; the lock is held as long as it lives.
class DataFolder {
 public:
  /// Makes the folder (mode 0700) and what belongs into it, or opens what is there. Faults:
  /// `conflict` when another daemon holds it (named by process id), `refused` when a newer runink
  /// wrote it (names the version to install) or a build that was never released, `corrupt` when
  /// VERSION or identity is damaged or missing. The incarnation is one higher than ever before,
  /// durably, when this returns.
  static Result<DataFolder> open(const std::string& path);

  const std::string& path() const { return path_; }
  /// A descriptor of the folder, for open_beneath.
  int fd() const { return folder_.get(); }
  const Identity& identity() const { return identity_; }
  /// This is the first time that the folder is used.
  bool fresh() const { return identity_.incarnation == 1; }

  std::string raft() const { return path_ + "/raft"; }
  std::string state() const { return path_ + "/state"; }
  std::string slices() const { return path_ + "/slices"; }
  std::string prepared() const { return path_ + "/prepared"; }
  std::string bundles() const { return path_ + "/bundles"; }
  /// One file for each herd, NAME.key, mode 0600.
  std::string keys() const { return path_ + "/keys"; }

 private:
  DataFolder() = default;
  std::string path_;
  OwnedFd folder_;
  OwnedFd lock_;
  Identity identity_;
};

}  // namespace runink::storage
