// What former lives of the daemon left on the node's disk. Blocks: disk threads only.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "actors/services.hpp"
#include "vocabulary/digest.hpp"

namespace runink::actors {

/// How the pins of the doors of one life of the daemon begin.
std::string door_pins_of(std::uint64_t incarnation);

/// Removes the folders and pins of slices that are not in `kept` and are no analysis of this life of
/// the daemon, and the pins of the doors of former lives: what they asked for is in applied state by
/// now, or never will be.
void remove_remains(const Services& services, const std::set<std::string>& kept);

/// Removes the unpacked bundles that no slice in `used` (digests) reads: they are unpacked again when
/// they are needed. Nothing is launched meanwhile.
void remove_unpacked_bundles(const Services& services, const std::set<Digest>& used);

/// Removes every artifact that no row of the state names and nobody pins. The rows on disk may be
/// behind the log, so it waits until they show entry `as_of`, and does nothing if they do not.
Result<void> sweep_artifacts(const Services& services, LogIndex as_of);

}  // namespace runink::actors
