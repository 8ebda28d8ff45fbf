// Golden files of `runi test --update`.
#pragma once

#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::runi {

/// Writes `text` to `path` within `folder`; folders on the way are made. Whoever reads it sees the old
/// file or the new one: it is written under another name, synced, and renamed. A link at its place,
/// or on the way, is refused.
Result<void> write_golden(const std::string& folder, const std::string& path,
                          std::string_view text);

}  // namespace runink::runi
