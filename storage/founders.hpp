// The nodes that founded the cluster: Raft's first configuration, which must be the same on every one
// of them and for ever. The cluster file names them at each start; the data folder remembers them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::storage {

class DataFolder;

/// What every founder has alike. Addresses are not in it: a node may move.
struct Founders {
  std::string cluster;
  /// Sorted by id.
  std::vector<std::pair<NodeId, NodeName>> nodes;
  friend bool operator==(const Founders&, const Founders&) = default;
  static auto fields(auto& self) { return std::tie(self.cluster, self.nodes); }
};

/// Names a cluster to its nodes: the first 16 bytes of the SHA-256 of its founders. Two lists that
/// differ give two clusters, whose nodes refuse each other.
using ClusterId = std::array<std::uint8_t, 16>;
ClusterId cluster_id(const Founders& founders);

/// The first time it writes them down as `founders` in the data folder, durably; later it compares.
/// `empty_log`: nothing was ever agreed here. A folder with a log and without the file was written by a
/// version that knew clusters of one node only, `self`. Faults: `refused` when the list is another one,
/// `corrupt` when the file is damaged.
Result<void> keep_founders(const DataFolder& folder, const Founders& founders, NodeId self,
                           bool empty_log);

}  // namespace runink::storage
