// The mark that some programs put before UTF-8 (Unicode 16, 23.8): no part of the text.
#pragma once

#include <cstddef>
#include <string_view>

namespace runink::steps {

inline constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// How many bytes of the file come before its text: 3 or 0.
constexpr std::size_t mark_bytes(std::string_view file) {
  return file.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
}

}  // namespace runink::steps
