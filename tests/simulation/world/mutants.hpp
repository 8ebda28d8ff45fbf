// The deliberate defects of raft/config.hpp by name, and the weather in which each shows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "weather.hpp"

namespace runink::raft::simulation {

struct MutantRow {
  Mutant mutant;
  std::string_view name;
  std::string_view sentence;
};

std::span<const MutantRow> mutants();
std::string_view name_of(Mutant mutant);
std::optional<Mutant> mutant_named(std::string_view name);

/// With the mutant. Mostly without the cores' own invariants: it is the checker over all of them that
/// has to see it.
Weather weather_for(Mutant mutant, std::uint64_t seed);

}  // namespace runink::raft::simulation
