// Letters compared as DuckDB compares the names of columns: A to Z are a to z, all else is itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace runink::governance {

/// `text` with A to Z as a to z; no locale.
inline std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// Equal but for the case of ASCII letters.
inline bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace runink::governance
