// Golden files of `runi test --update`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::runi {

/// Whether the node saw the file that is written.
enum class GoldenFile : std::uint8_t {
  known = 1,  ///< it was sent with the folder, and is replaced
  fresh = 2   ///< it was not: one that is there all the same is somebody's, and stays
};

/// Writes `text` to `path` within `folder`; folders on the way are made. Whoever reads it sees the old
/// file or the new one: it is written under another name, synced, and renamed. A link at its place,
/// or on the way, is refused, and so is a file that should be fresh and is not.
Result<void> write_golden(const std::string& folder, const std::string& path, std::string_view text,
                          GoldenFile kind);

}  // namespace runink::runi
