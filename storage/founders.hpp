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
struct Identity;

/// The id of a node that joins: made of the uuid of its data folder, and far above those of founders, so
/// that an empty folder is another member. The last 48 bits are random.
NodeId id_of_joined_node(const Identity& identity);
constexpr bool is_of_a_joined_node(NodeId id) { return id.value >> 48 == 1; }

/// Whether this data folder is that of a founder or of a node that joined is written down at its first
/// start, in the file `joined`, and never changes: its votes were given under its id. `refused` when the
/// cluster file says otherwise now. `empty_log`: nothing was ever agreed here.
Result<void> keep_way_in(const DataFolder& folder, bool joins, bool empty_log);

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
