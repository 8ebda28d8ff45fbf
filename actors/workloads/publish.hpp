// Publishing: a committed sink file reaches its place in a volume, once. Blocks: disk threads only.
#pragma once

#include <cstdint>
#include <string>

#include "actors/services.hpp"
#include "state/assignments.hpp"
#include "state/commands.hpp"

namespace runink::actors {

enum class Published : std::uint8_t {
  moved = 1,       ///< the target is replaced
  already = 2,     ///< it stands there from an earlier try
  superseded = 3,  ///< a newer publication stands there; this one is given up
  busy = 4,        ///< somebody holds the folder's lock: try again
};

struct PublishFailure {
  state::PublishRefusal reason = state::PublishRefusal::outside_failed;
  std::int32_t error = 0;  ///< errno, 0 = none
};

/// Under one lock per target folder: compares the index that stands at the target, writes the file
/// aside, syncs, renames. The index travels in the extended attribute `user.runink.index` of the
/// file itself ("<cluster> <index>"), so that content and index change in one rename. Links below
/// the volume's root are followed only as long as they stay beneath it (openat2 RESOLVE_BENEATH).
std::expected<Published, PublishFailure> publish(const Services& services,
                                                 const state::Publication& publication);

}  // namespace runink::actors
