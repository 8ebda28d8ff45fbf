// What this machine has: the capacity of a node whose cluster file does not say it.
#pragma once

#include <string>

#include "vocabulary/units.hpp"

namespace runink::config {

struct Machine {
  MilliCpu cpu;
  Bytes memory;
  Bytes disk;
  friend bool operator==(const Machine&, const Machine&) = default;
};

/// Cores that this process may use, physical memory, and the free bytes of the file system that
/// holds `folder` (or its nearest parent that exists).
Machine this_machine(const std::string& folder);

}  // namespace runink::config
