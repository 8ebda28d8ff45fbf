// Many seeds in several processes: a broken promise ends one of them, and the seed is known.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "coverage.hpp"
#include "properties.hpp"
#include "weather.hpp"

namespace runink::raft::simulation {

struct Failure {
  std::uint64_t seed = 0;
  Property property = Property::own_invariant;
  std::string what;
};

struct Report {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;  ///< steps of cores
  double seconds = 0;
  Coverage coverage;
  Judged judged{};
  std::vector<Failure> failures;  ///< at most `failures_most`
};

struct Order {
  std::uint64_t from = 1;
  std::uint64_t seeds = 500;
  double seconds_most = 0;  ///< 0 = no limit; seeds that have begun are ended
  unsigned workers = 2;
  bool twice = true;  ///< P21: each seed two times
  std::size_t failures_most = 1;
  std::function<Weather(std::uint64_t seed)> weather = draw_weather;
  /// Called about once a second; may be empty.
  std::function<void(const Report& so_far)> progress = {};
};

/// Ends early when there are `failures_most` failures.
Report run(const Order& order);

/// Several lines: every happening and every property, by name and number.
std::string to_text(const Report& report);
/// One line.
std::string to_json(const Report& report);

}  // namespace runink::raft::simulation
