// What became of the files of a folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runner/differences.hpp"

namespace runink::conformance {

struct FileReport {
  std::string file;                   ///< below the folder
  std::string what;                   ///< what was compared: "29 cases", "14 steps, each"
  std::vector<std::string> failures;  ///< FILE:LINE: what came out instead of what
  std::map<Difference, std::uint64_t> differences;  ///< wanted ones, and how often each was met
  bool passed() const { return failures.empty(); }
};

}  // namespace runink::conformance
