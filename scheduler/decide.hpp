// decide: places what is ready. Order between herds: the one that uses the least cpu now goes
// first, then the older run, then the plan's order. Among nodes: most input bytes held, fewest
// earlier failures there, most left free, then the name.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/decision.hpp"
#include "scheduler/view.hpp"

namespace runink::scheduler {

/// The newest rules; a replay asks for the version that the entry names.
inline constexpr std::uint32_t decide_version = 1;

/// One decision for each partition of the view, in the order in which they were taken. `now` is
/// the time of the command that will carry the placements. An unknown `version` gives none.
std::vector<Decision> decide(const View& view, WallTime now,
                             std::uint32_t version = decide_version);

/// The placements among the decisions, ready for SlicesPlaced; at most limits::placements.
std::vector<state::Placement> placements_of(const std::vector<Decision>& decisions);

/// The earliest moment at which a waiting partition's retry time comes; nothing when none waits
/// for time.
std::optional<WallTime> next_retry(const std::vector<Decision>& decisions);

}  // namespace runink::scheduler
