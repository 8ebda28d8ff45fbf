// The version of this program, as people and logs see it.
#pragma once

#include <string_view>

namespace runink {

inline constexpr std::string_view runink_version = "0.1.0";

}  // namespace runink
