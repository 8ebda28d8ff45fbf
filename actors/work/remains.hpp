// What former lives of the daemon left on the node's disk. Blocks: disk threads only.
#pragma once

#include <set>
#include <string>

#include "actors/services.hpp"

namespace runink::actors {

/// Removes the folders and pins of slices that are not in `kept` and are no analysis of this life of
/// the daemon.
void remove_remains(const Services& services, const std::set<std::string>& kept);

/// Removes every artifact that no row of the state names and nobody pins. The rows on disk may be
/// behind the log, so it waits until they show entry `as_of`, and does nothing if they do not.
Result<void> sweep_artifacts(const Services& services, LogIndex as_of);

}  // namespace runink::actors
