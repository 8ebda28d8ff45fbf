// What of the weather a failure does not need: the less there is, the shorter its trace.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "properties.hpp"
#include "weather.hpp"

namespace runink::raft::simulation {

struct Reduced {
  Weather weather;
  std::vector<std::string_view> without;  ///< what was left out
};

/// Leaves out one kind of trouble after the other, and time, as long as the seed still breaks
/// `property`.
Reduced reduce(std::uint64_t seed, const Weather& weather, Property property);

}  // namespace runink::raft::simulation
