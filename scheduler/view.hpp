// What the scheduler looks at: small, comparable, encodable.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "state/cluster_state.hpp"

namespace runink::scheduler {

/// One partition that waits for a placement.
struct PartitionView {
  PartitionKey key;
  HerdName herd;
  LogIndex submitted;       ///< of its run: the older goes first
  std::uint32_t place = 0;  ///< of its step in the plan
  pipeline::Requires needs;
  std::optional<state::VolumeNeed> volume;
  WallTime not_before;
  std::uint32_t lost = 0;
  /// Ended attempts of this partition by node.
  std::map<NodeName, std::uint32_t> failures;
  Bytes input_bytes;
  /// Input bytes that each node holds.
  std::map<NodeName, Bytes> held;
  friend bool operator==(const PartitionView&, const PartitionView&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.herd, self.submitted, self.place, self.needs, self.volume,
                    self.not_before, self.lost, self.failures, self.input_bytes, self.held);
  }
};

struct NodeView {
  NodeName name;
  bool alive = false;
  bool worker = false;
  state::Capacity capacity;
  state::Use used;
  std::vector<state::VolumeOffer> volumes;
  friend bool operator==(const NodeView&, const NodeView&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.alive, self.worker, self.capacity, self.used, self.volumes);
  }
};

struct HerdView {
  HerdName name;
  state::Quota quota;
  state::Use used;
  friend bool operator==(const HerdView&, const HerdView&) = default;
  static auto fields(auto& self) { return std::tie(self.name, self.quota, self.used); }
};

struct View {
  LogIndex basis;                         ///< the applied index that it shows
  std::vector<PartitionView> partitions;  ///< by key
  std::vector<NodeView> nodes;            ///< by name
  std::vector<HerdView> herds;            ///< by name
  friend bool operator==(const View&, const View&) = default;
  static auto fields(auto& self) {
    return std::tie(self.basis, self.partitions, self.nodes, self.herds);
  }
};

/// The view of a state (the projection, when the leader decides).
View view_of(const state::ClusterState& cluster);

}  // namespace runink::scheduler
