// What former lives of the daemon left on the node's disk. Blocks: disk threads only.
#pragma once

#include <set>
#include <string>

#include "actors/services.hpp"

namespace runink::actors {

/// Removes the folders and pins of slices that are not in `kept`.
void remove_remains(const Services& services, const std::set<std::string>& kept);

/// Removes every artifact that no row of the state names and nobody pins.
Result<void> sweep_artifacts(const Services& services);

}  // namespace runink::actors
