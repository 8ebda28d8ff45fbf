#include "tools/runi/ignore_rules.hpp"

#include <utility>

namespace runink::runi {
namespace {

/// "[abc]", "[a-z]", "[!x]" at the beginning of `pattern`: whether it fits `byte`, and its length (0
/// when there is no closing bracket: then it is an ordinary character).
std::pair<bool, std::size_t> class_fits(std::string_view pattern, char byte) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  for (std::size_t first = at; at < pattern.size(); ++at) {
    if (pattern[at] == ']' && at > first) return {byte != '/' && found != negated, at + 1};
    char low = pattern[at];
    char high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      high = pattern[at + 2];
      at += 2;
    }
    found = found || (low <= byte && byte <= high);
  }
  return {false, 0};
}

}  // namespace

bool glob_fits(std::string_view pattern, std::string_view path) {
  // Iterative matching with one place to go back to for "*" and one for "**": linear in practice,
  // quadratic at worst, never exponential.
  constexpr std::size_t none = std::string_view::npos;
  std::size_t p = 0, s = 0, star_p = none, star_s = 0, deep_p = none, deep_s = 0;
  while (s < path.size() || p < pattern.size()) {
    if (p < pattern.size()) {
      if (pattern.substr(p, 2) == "**") {
        deep_p = p;
        deep_s = s;
        star_p = none;
        p += 2;
        if (p < pattern.size() && pattern[p] == '/') ++p;  // "**/" fits nothing at all, too
        continue;
      }
      if (pattern[p] == '*') {
        star_p = p++;
        star_s = s;
        continue;
      }
      if (s < path.size()) {
        const auto [fits, length] =
            pattern[p] == '[' ? class_fits(pattern.substr(p), path[s]) : std::pair(false, 0ul);
        if (length > 0 ? fits : (pattern[p] == '?' ? path[s] != '/' : pattern[p] == path[s])) {
          p += length > 0 ? length : 1;
          ++s;
          continue;
        }
      }
    }
    if (star_p != none && star_s < path.size() && path[star_s] != '/') {
      s = ++star_s;
      p = star_p + 1;
      continue;
    }
    if (deep_p == none || deep_s >= path.size()) return false;
    // "**/" goes on at the beginning of a name, "**" alone anywhere.
    const bool whole_names = deep_p + 2 < pattern.size() && pattern[deep_p + 2] == '/';
    deep_s = whole_names ? path.find('/', deep_s) : deep_s + 1;
    if (deep_s == none) return false;
    if (whole_names) ++deep_s;
    s = deep_s;
    p = deep_p + (whole_names ? 3 : 2);
    star_p = none;
  }
  return true;
}

IgnoreRules::IgnoreRules(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
      line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    if (line.front() == '!') {
      rule.takes_back = true;
      line.remove_prefix(1);
    } else if (line.starts_with("\\#") || line.starts_with("\\!")) {
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.folders_only = true;
      line.remove_suffix(1);
    }
    rule.bound = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    rule.pattern = line;
    if (!line.empty()) rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  const auto slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    if (glob_fits(rule->pattern, rule->bound ? path : name)) return !rule->takes_back;
  }
  return false;
}

}  // namespace runink::runi
