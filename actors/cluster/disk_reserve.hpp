// New work is refused while the disk of the data folder is nearly full, so that what goes on can still
// be ended, and the log never meets a failed write.
#pragma once

#include <optional>

#include "state/commands.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

struct Services;

/// Why `body` must not enter the log with `available` bytes left on the disk: `exhausted`, and nothing was
/// done. Below `limits::disk_reserve` that is what makes new work; below `limits::disk_least` everything.
std::optional<Fault> no_room_for(const state::Body& body, Bytes available);

/// What is left on the disk of the data folder, as its gauge knows; without a gauge the disk is asked, which may
/// block, and one that cannot be asked has all the room there is: it will say itself what is wrong.
Bytes disk_room(const Services& services);

/// The same with what is left on the disk of the data folder, as its gauge knows.
std::optional<Fault> no_room_for(const state::Body& body, const Services& services);

/// Why `more` bytes of an artifact must not come from another node now: `exhausted` when they would leave less
/// than `limits::disk_reserve`. Blocks.
std::optional<Fault> no_room_for_bytes(Bytes more, const Services& services);

}  // namespace runink::actors
