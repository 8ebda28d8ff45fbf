#include "governance/pattern.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace runink::governance {
namespace {

constexpr std::uint32_t most_repeats = 1000;  // RE2's own limit, of nested counts together
constexpr std::size_t most_groups = 200;
constexpr std::size_t longest = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class PatternCheck {
 public:
  explicit PatternCheck(std::string_view pattern) : text_(pattern) {}

  std::optional<PatternMistake> run() {
    if (text_.size() > longest) {
      wrong(0, 1, "has more than " + std::to_string(longest) + " bytes");
      return mistake_;
    }
    groups_.emplace_back();
    while (at_ < text_.size() && !mistake_) step();
    if (!mistake_ && groups_.size() > 1)
      wrong(groups_.back().at, 1, "has a `(` that is not closed");
    return mistake_;
  }

 private:
  /// What was read last within each open group: how often it repeats inside itself.
  struct Group {
    std::size_t at = 0;
    bool has_atom = false;
    std::uint32_t last = 1;     ///< repeats nested in the last atom
    std::uint32_t deepest = 1;  ///< the most of all atoms in the group
  };

  void wrong(std::size_t at, std::size_t length, std::string what, std::string hint = {}) {
    if (!mistake_) mistake_ = PatternMistake{at, length, std::move(what), std::move(hint)};
  }
  bool next_is(std::string_view text) const { return text_.substr(at_).starts_with(text); }

  void atom(std::uint32_t repeats = 1) {
    groups_.back().has_atom = true;
    groups_.back().last = repeats;
    groups_.back().deepest = std::max(groups_.back().deepest, repeats);
  }

  void step() {
    switch (text_[at_]) {
      case '(': return open();
      case ')': return close();
      case '[': return char_class();
      case '\\': return escape(false);
      case '*':
      case '+':
      case '?': return quantifier(1, 1);
      case '{': return braces();
      case '|':
      case '^':
      case '$':
        groups_.back().has_atom = false;
        ++at_;
        return;
      default: ++at_; atom();
    }
  }

  void open() {
    if (groups_.size() > most_groups)
      return wrong(at_, 1, "nests more than " + std::to_string(most_groups) + " groups");
    const std::size_t at = at_++;
    if (next_is("?:")) {
      at_ += 2;
    } else if (next_is("?=") || next_is("?!")) {
      return wrong(at, 3, "looks ahead, which RE2 cannot do",
                   "say what the text is, not what follows");
    } else if (next_is("?<=") || next_is("?<!")) {
      return wrong(at, 4, "looks behind, which RE2 cannot do",
                   "say what the text is, not what precedes");
    } else if (next_is("?")) {
      return wrong(at, 2, "has a group that ECMA-262 and RE2 do not both know",
                   "use (...) or (?:...)");
    }
    groups_.push_back({at});
  }

  void close() {
    if (groups_.size() == 1) return wrong(at_, 1, "has a `)` that closes nothing");
    const std::uint32_t inner = groups_.back().deepest;
    groups_.pop_back();
    ++at_;
    atom(inner);
  }

  void quantifier(std::size_t length, std::uint32_t repeats) {
    Group& group = groups_.back();
    if (!group.has_atom) return wrong(at_, length, "repeats nothing here");
    const std::uint64_t all = std::uint64_t{group.last} * repeats;
    if (all > most_repeats)
      return wrong(at_, length, "repeats more than " + std::to_string(most_repeats) + " times",
                   "minLength and maxLength have no such limit");
    group.deepest = std::max(group.deepest, static_cast<std::uint32_t>(all));
    at_ += length;
    if (next_is("?")) ++at_;
    group.has_atom = false;
  }

  /// Digits at `at`, at most 5 of them counted.
  std::optional<std::uint32_t> number(std::size_t& at) const {
    const std::size_t first = at;
    std::uint32_t value = 0;
    for (; at < text_.size() && is_digit(text_[at]); ++at)
      value = std::min<std::uint32_t>(value * 10 + static_cast<std::uint32_t>(text_[at] - '0'),
                                      100'000);
    if (at == first) return std::nullopt;
    return value;
  }

  /// {n}, {n,} and {n,m}; anything else is a plain brace for both.
  void braces() {
    std::size_t at = at_ + 1;
    const auto low = number(at);
    bool counted = low.has_value();
    std::uint32_t high = low.value_or(0);
    if (counted && at < text_.size() && text_[at] == ',') {
      ++at;
      const auto given = number(at);
      high = given.value_or(std::max(high, 1u));
      if (given && *given < *low)
        return wrong(at_, at - at_ + 1, "repeats at most less than at least");
    }
    counted = counted && at < text_.size() && text_[at] == '}';
    if (!counted) {
      ++at_;
      return atom();
    }
    quantifier(at + 1 - at_, std::max({high, *low, 1u}));
  }

  void escape(bool in_class) {
    const std::size_t at = at_++;
    if (at_ == text_.size()) return wrong(at, 1, "ends with a `\\`");
    const char c = text_[at_];
    if (c >= '1' && c <= '9' && !in_class)
      return wrong(at, 2, "refers back to a group, which RE2 cannot do");
    if (c == 'k') return wrong(at, 2, "refers back to a group, which RE2 cannot do");
    ++at_;
    if (c == 'b' || c == 'B') {
      if (in_class) return wrong(at, 2, "has an escape that ECMA-262 and RE2 read differently");
      groups_.back().has_atom = false;
      return;
    }
    const bool same = std::string_view("dDwWsStnrfv").find(c) != std::string_view::npos;
    if (c == 'x') {
      if (at_ + 2 > text_.size() || !is_hex(text_[at_]) || !is_hex(text_[at_ + 1]))
        return wrong(at, 2, "has a `\\x` without two hex digits");
      at_ += 2;
    } else if ((is_letter(c) && !same) || is_digit(c) || c == '_') {
      return wrong(at, 2, "has an escape that ECMA-262 and RE2 read differently",
                   c == 'u' ? "write the character itself" : "");
    }
    if (!in_class) atom();
  }

  void char_class() {
    const std::size_t at = at_++;
    if (next_is("^")) ++at_;
    if (next_is("]")) return wrong(at, 2, "has an empty class", "escape the bracket: `\\]`");
    std::optional<char> low;
    while (at_ < text_.size() && text_[at_] != ']' && !mistake_) {
      if (next_is("[:")) return wrong(at_, 2, "has a POSIX class, which ECMA-262 does not know");
      const char first = text_[at_];
      const bool range = first == '-' && low && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
      if (range) {
        const char high = text_[at_ + 1];
        // Ends that are escapes or beyond ASCII are left to RE2.
        if (high != '\\' && static_cast<signed char>(high) >= 0 && high < *low)
          return wrong(at_ - 1, 3, "has a range that ends before it begins");
        ++at_;
        low.reset();
        if (high == '\\')
          escape(true);
        else
          ++at_;
      } else if (first == '\\') {
        escape(true);
        low.reset();
      } else {
        low = static_cast<signed char>(first) >= 0 ? std::optional(first) : std::nullopt;
        ++at_;
      }
    }
    if (mistake_) return;
    if (at_ == text_.size()) return wrong(at, 1, "has a `[` that is not closed");
    ++at_;
    atom();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Group> groups_;
  std::optional<PatternMistake> mistake_;
};

}  // namespace

std::optional<PatternMistake> why_no_pattern(std::string_view pattern) {
  return PatternCheck{pattern}.run();
}

}  // namespace runink::governance
