// Patterns of contracts: ECMA-262 in the standard, RE2 where they run.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace runink::governance {

struct PatternMistake {
  std::size_t at = 0;      ///< byte of the pattern
  std::size_t length = 1;  ///< bytes
  std::string what;
  std::string hint;
};

/// The first reason why `pattern` is no regular expression that ECMA-262 and RE2 both read, and read
/// alike: look-around, back references, named groups, \u and \c escapes, classes such as [] and
/// [[:alpha:]], counts above 1000 (also when nested), and what is no expression at all. Linear time.
std::optional<PatternMistake> why_no_pattern(std::string_view pattern);

}  // namespace runink::governance
