// "lake:/trades/a.csv" and "data/a.csv" as locations.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "pipeline/plan.hpp"

namespace runink::pipeline {

struct LocationMistake {
  std::string what;
  std::string hint;
};

/// A path beneath a volume ("volume:/path") or beneath the bundle ("path").
std::expected<Location, LocationMistake> parse_location(std::string_view text);

}  // namespace runink::pipeline
