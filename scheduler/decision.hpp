// Decisions with their reasons as values, and the words for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "state/commands.hpp"

namespace runink::scheduler {

/// Why a node cannot take a partition. Numbers and names are for ever.
enum class Obstacle : std::uint8_t {
  none = 0,
  not_alive = 1,
  not_a_worker = 2,
  volume_missing = 3,
  volume_not_granted = 4,
  cpu_too_small = 5,  ///< even when it is idle
  memory_too_small = 6,
  disk_too_small = 7,
  cpu_taken = 8,  ///< now, by other slices
  memory_taken = 9,
  disk_taken = 10,
  slices_taken = 11
};
constexpr bool known(Obstacle o) { return o <= Obstacle::slices_taken; }
std::string_view to_string(Obstacle obstacle);
/// True when slices that end make it go away.
constexpr bool passes_by_itself(Obstacle o) { return o >= Obstacle::cpu_taken; }

/// Compared in this order; all are thousandths or counts.
struct Score {
  std::uint64_t locality = 0;  ///< permille of the input bytes that lie there
  std::uint32_t failures = 0;  ///< ended attempts of this partition there; fewer is better
  std::uint64_t free = 0;      ///< permille that stays free of the scarcer of cpu and memory
  friend bool operator==(const Score&, const Score&) = default;
  static auto fields(auto& self) { return std::tie(self.locality, self.failures, self.free); }
};

struct NodeVerdict {
  NodeName node;
  Obstacle obstacle = Obstacle::none;
  std::uint64_t lacking = 0;  ///< millicpu, bytes or slices that are missing, as the obstacle says
  Score score;                ///< of a feasible node
  friend bool operator==(const NodeVerdict&, const NodeVerdict&) = default;
  static auto fields(auto& self) {
    return std::tie(self.node, self.obstacle, self.lacking, self.score);
  }
};

enum class WaitReason : std::uint8_t {
  retry_later = 1,    ///< its retry time is ahead; `until` says when
  herd_quota = 2,     ///< the herd uses all that it may
  nodes_full = 3,     ///< a node will do as soon as slices end there
  no_node_alive = 4,  ///< every node that could ever take it is not alive
  no_node_ever = 5,   ///< no node can ever take it as the cluster is
  herd_missing = 6,
  quota_too_small = 7  ///< it needs more than the whole quota of its herd
};
constexpr bool known(WaitReason r) {
  return r >= WaitReason::retry_later && r <= WaitReason::quota_too_small;
}
std::string_view to_string(WaitReason reason);

/// The smallest change that would let it be placed.
enum class Change : std::uint8_t {
  none = 0,
  wait_until = 1,   ///< nothing to do but wait
  free_cpu = 2,     ///< `amount` millicpu on `node`
  free_memory = 3,  ///< `amount` bytes on `node`
  free_disk = 4,
  free_slices = 5,
  raise_quota_cpu = 6,  ///< of `herd` by `amount`; or slices of the herd end
  raise_quota_memory = 7,
  raise_quota_slices = 8,
  need_less_cpu = 9,  ///< the step asks `amount` more than `node`, the nearest, has
  need_less_memory = 10,
  need_less_disk = 11,
  start_node = 12,  ///< `node`
  make_worker = 13,
  offer_volume = 14,  ///< `volume` on a living worker
  grant_volume = 15,  ///< `volume` to `herd` on `node`
  apply_herd = 16,
  add_node = 17
};
constexpr bool known(Change c) { return c <= Change::add_node; }
std::string_view to_string(Change change);

struct Unblock {
  Change change = Change::none;
  NodeName node;
  HerdName herd;
  VolumeName volume;
  std::uint64_t amount = 0;
  friend bool operator==(const Unblock&, const Unblock&) = default;
  static auto fields(auto& self) {
    return std::tie(self.change, self.node, self.herd, self.volume, self.amount);
  }
};

struct Place {
  NodeName node;
  friend bool operator==(const Place&, const Place&) = default;
  static auto fields(auto& self) { return std::tie(self.node); }
};
struct Wait {
  WaitReason reason = WaitReason::nodes_full;
  std::optional<WallTime> until;
  Unblock unblock;
  friend bool operator==(const Wait&, const Wait&) = default;
  static auto fields(auto& self) { return std::tie(self.reason, self.until, self.unblock); }
};
/// The platform lost it too often. `apply` fails the stage by itself at that entry.
struct GiveUp {
  std::uint32_t lost = 0;
  friend bool operator==(const GiveUp&, const GiveUp&) = default;
  static auto fields(auto& self) { return std::tie(self.lost); }
};

struct Decision {
  PartitionKey partition;
  std::variant<Place, Wait, GiveUp> choice;
  std::vector<NodeVerdict> nodes;  ///< every node, by name
  friend bool operator==(const Decision&, const Decision&) = default;
  static auto fields(auto& self) { return std::tie(self.partition, self.choice, self.nodes); }
};

/// For people, a few lines: what was decided, each node's verdict, what would unblock it.
std::string render(const Decision& decision);
/// The unblocking change as one sentence; empty for none.
std::string render(const Unblock& unblock);

}  // namespace runink::scheduler
