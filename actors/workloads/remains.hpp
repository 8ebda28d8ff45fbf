// What former lives of the daemon left on the node's disk. Blocks: disk threads only.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "actors/services.hpp"
#include "storage/artifact_store.hpp"
#include "vocabulary/digest.hpp"

namespace runink::actors {

/// How the pins of the doors of one life of the daemon begin.
std::string door_pins_of(std::uint64_t incarnation);

/// Who pins here what another node asked to keep for `owner`, in one life of the daemon here. For a slice there:
/// the copies stay until its attempt is over in applied state; for a door there: until this node has started
/// twice, since a request does not wait so long. Both are looked at when this node starts.
storage::PinOwner copy_pins_of(std::uint64_t incarnation, const std::string& owner);

/// Removes the folders and pins of slices that are not in `kept` and are no analysis of this life of
/// the daemon, and the pins of the doors of former lives: what they asked for is in applied state by
/// now, or never will be. Copies for other nodes stay.
void remove_remains(const Services& services, const std::set<std::string>& kept);

/// Removes the unpacked bundles that no slice in `used` (digests) reads: they are unpacked again when
/// they are needed. Nothing is launched meanwhile.
void remove_unpacked_bundles(const Services& services, const std::set<Digest>& used);

/// Removes the pins of copies that no command will name any more, and every artifact that no row of the state
/// names and nobody pins. The rows on disk may be behind the log, so it waits until they show entry `as_of`
/// and does nothing if they do not; `as_of` is one that was applied by a leader after this node has started.
Result<void> sweep_artifacts(const Services& services, LogIndex as_of);

}  // namespace runink::actors
