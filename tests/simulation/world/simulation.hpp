// A whole group in one thread: real cores and drivers; network, disks, clocks and crashes out of
// one seed. Rough first (nothing false may become true), then calm (everything must come to an end), as
// in TigerBeetle's VOPR; then, where the weather says so, one trouble alone and what it may cost.
//
// Library `simulation`, in this order: weather.hpp, simulated_node.hpp and disk.hpp (one node),
// world.hpp (what happens to all of them), properties.hpp and global_checker.hpp (what must be true),
// clients.hpp (who asks), fleet.hpp (many seeds).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "coverage.hpp"
#include "properties.hpp"
#include "weather.hpp"

namespace runink::raft::simulation {

struct Outcome {
  std::optional<Violation> violation;  ///< what was broken, where, when
  std::uint64_t trace = 0;             ///< hash over every event: equal for equal seeds
  std::uint64_t steps = 0;             ///< of all cores
  std::uint64_t version = 0;           ///< of the group, at the end
  Coverage coverage;
  Judged judged{};
  std::deque<std::string> lines;  ///< the last events, when asked for
};

/// `lines_kept`: how many of the last events are told in words.
Outcome simulate(std::uint64_t seed, const Weather& weather, std::size_t lines_kept = 0);

}  // namespace runink::raft::simulation
