// What must be true of a whole group, each property by its number: who judges it, and how often it was.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace runink::raft::simulation {

/// Numbers are those of docs/SIMULATION.md. `own_invariant`: what one core promises of itself.
enum class Property : std::uint8_t {
  own_invariant = 0,
  election_safety = 1,
  leader_completeness = 2,
  log_matching = 3,
  state_machine_safety = 4,
  acknowledged_survives = 5,
  linearizability = 6,
  exactly_once = 7,
  monotone_reads = 8,
  no_stale_read = 9,
  reconfiguration = 10,
  quiet_outsiders = 11,
  hand_over = 12,
  snapshots = 13,
  corruption = 14,
  sick_disks = 15,
  partial_partitions = 16,
  liveness = 17,
  bounded = 18,
  versions = 19,
  clocks = 20,
  same_trace = 21,
};
inline constexpr std::size_t property_count = 22;

struct PropertyRow {
  Property property;
  std::string_view name;
  std::string_view sentence;
  std::string_view judged_by;
};

/// One row for each property, in the order of the numbers.
std::span<const PropertyRow> properties();
/// "P1", "P21"; "P0" is a core's own invariant.
std::string number_of(Property property);

/// Thrown where something is found that must never be.
struct Violation {
  Property property;
  std::string what;
};

/// How often each property was judged: one that never was proves nothing.
using Judged = std::array<std::uint64_t, property_count>;

}  // namespace runink::raft::simulation
