// Patterns of contracts as a table: one look-up for each byte of a text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace runink::steps {

/// Whether a pattern matches anywhere in a text, as RE2 answers (and so `regexp_matches`), for
/// patterns of literals, dots, sets of ASCII characters, \d \w \s \D \W \S, groups, alternatives,
/// repetition and the anchors ^ and $. It is a deterministic automaton over bytes (Thompson 1968:
/// subset construction), so a text is read once, whatever the pattern.
class PatternMatch {
 public:
  /// Nothing for a pattern with anything else in it, or with more than 255 states: RE2 has to do.
  static std::optional<PatternMatch> of(std::string_view pattern);

  /// `text` is UTF-8.
  bool in(std::string_view text) const {
    std::uint8_t state = first_;
    for (const char c : text) {
      state = next_[state][static_cast<unsigned char>(c)];
      if (state <= found) return state == found;
    }
    return at_end_[state];
  }

 private:
  friend class PatternTable;
  static constexpr std::uint8_t never = 0, found = 1;

  std::vector<std::array<std::uint8_t, 256>> next_;
  std::vector<bool> at_end_;  // by state: the pattern matches when the text ends here
  std::uint8_t first_ = never;
};

}  // namespace runink::steps
