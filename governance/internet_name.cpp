#include "governance/internet_name.hpp"

#include <algorithm>
#include <cstddef>

#include "governance/value_format.hpp"

namespace runink::governance {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

/// Takes off what stands before the first `mark`, and the mark; all when there is none.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// Four numbers up to 255. URIs allow one or two leading zeros in each.
bool is_dotted(std::string_view text, bool leading_zeros) {
  if (std::ranges::count(text, '.') != 3) return false;
  for (int i = 0; i < 4; ++i) {
    const std::string_view part = take_until(text, '.');
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, is_digit)) return false;
    if (!leading_zeros && part.size() > 1 && part.front() == '0') return false;
    int value = 0;
    for (const char c : part) value = value * 10 + (c - '0');
    if (value > 255) return false;
  }
  return true;
}

/// How many 16-bit groups the colon-separated `text` has, dotted tail included; -1 when it is none.
/// Empty text has none.
int groups_of(std::string_view text, bool tail, bool leading_zeros) {
  if (text.empty()) return 0;
  int groups = 0;
  for (std::size_t parts = static_cast<std::size_t>(std::ranges::count(text, ':')) + 1; parts > 0;
       --parts) {
    const std::string_view part = take_until(text, ':');
    if (parts == 1 && tail && part.find('.') != std::string_view::npos)
      return is_dotted(part, leading_zeros) ? groups + 2 : -1;
    if (part.empty() || part.size() > 4 || !std::ranges::all_of(part, is_hex)) return -1;
    ++groups;
  }
  return groups;
}

bool is_ipv6_with(std::string_view text, bool leading_zeros) {
  if (text.size() > 45) return false;
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return groups_of(text, true, leading_zeros) == 8;
  const int before = groups_of(text.substr(0, gap), false, leading_zeros);
  const int after = groups_of(text.substr(gap + 2), true, leading_zeros);
  return before >= 0 && after >= 0 && before + after <= 7;
}

/// Only characters of `set`, letters, digits and "%HH" (RFC 3986, 2.1).
bool is_made_of(std::string_view text, std::string_view set) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_alnum(text[i]) || is_one_of(text[i], set)) continue;
    if (text[i] != '%' || i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
      return false;
    i += 2;
  }
  return true;
}

constexpr std::string_view path_characters = "-._~!$&'()*+,;=:@/";
constexpr std::string_view query_characters = "-._~!$&'()*+,;=:@/?";

/// RFC 3986, 3.2.2, IP-literal without its brackets.
bool is_ip_literal(std::string_view text) {
  if (is_ipv6_with(text, true)) return true;
  if (text.empty() || (text[0] != 'v' && text[0] != 'V')) return false;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(1, dot - 1), is_hex) &&
         std::ranges::all_of(text.substr(dot + 1), [](char c) {
           return is_alnum(c) || is_one_of(c, "-._~!$&'()*+,;=:");
         });
}

/// "//user@[::1]:80/path". Without brackets, what an authority may hold is what a path may hold.
bool is_bracketed(std::string_view text) {
  text.remove_prefix(text.starts_with("//") ? 2 : 1);
  const std::size_t open = text.find('['), close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return false;
  const std::string_view user = text.substr(0, open);
  if (!user.empty() &&
      (!user.ends_with('@') || !is_made_of(user.substr(0, user.size() - 1), "-._~!$&'()*+,;=:")))
    return false;
  if (!is_ip_literal(text.substr(open + 1, close - open - 1))) return false;
  std::string_view rest = text.substr(close + 1);
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
  }
  return rest.empty() || (rest.front() == '/' && is_made_of(rest, path_characters));
}

}  // namespace

bool is_hostname(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253 || text.ends_with('.')) return false;
  while (!text.empty()) {
    const std::string_view label = take_until(text, '.');
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; })) return false;
  }
  return true;
}

bool is_ipv4(std::string_view text) { return is_dotted(text, false); }

bool is_ipv6(std::string_view text) { return is_ipv6_with(text, false); }

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || is_digit(text[0]) || !is_alnum(text[0]))
    return false;
  if (!std::ranges::all_of(text.substr(0, colon),
                           [](char c) { return is_alnum(c) || is_one_of(c, "+-."); }))
    return false;
  std::string_view rest = text.substr(colon + 1);
  const std::string_view before_fragment = take_until(rest, '#');
  if (!is_made_of(rest, query_characters)) return false;
  std::string_view query = before_fragment;
  const std::string_view path = take_until(query, '?');
  if (path.empty() || !is_made_of(query, query_characters)) return false;
  return is_made_of(path, path_characters) || (path.front() == '/' && is_bracketed(path));
}

}  // namespace runink::governance
