#include "governance/yaml_scalar.hpp"

#include <algorithm>

#include "governance/decimal.hpp"

namespace runink::governance {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes digits off the front; how many.
std::size_t take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  text.remove_prefix(n);
  return n;
}

void take_sign(std::string_view& text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_decimal(std::string_view text) {
  take_sign(text);
  std::size_t digits = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits(text);
  }
  if (digits == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    take_sign(text);
    if (take_digits(text) == 0) return false;
  }
  return text.empty();
}

bool is_in_base(std::string_view text, std::string_view prefix, std::string_view digits) {
  return text.starts_with(prefix) && text.size() > prefix.size() &&
         text.find_first_not_of(digits, prefix.size()) == std::string_view::npos;
}

}  // namespace

YamlKind core_kind(std::string_view plain) {
  if (is_one_of(plain, {"", "~", "null", "Null", "NULL"})) return YamlKind::null;
  if (is_one_of(plain, {"true", "True", "TRUE", "false", "False", "FALSE"}))
    return YamlKind::boolean;
  std::string_view unsigned_text = plain;
  take_sign(unsigned_text);
  if (is_one_of(unsigned_text, {".inf", ".Inf", ".INF"}) ||
      is_one_of(plain, {".nan", ".NaN", ".NAN"}))
    return YamlKind::not_finite;
  if (is_in_base(plain, "0x", "0123456789abcdefABCDEF") || is_in_base(plain, "0o", "01234567"))
    return YamlKind::number;
  if (!is_decimal(plain)) return YamlKind::text;
  return beyond_binary64(plain) ? YamlKind::not_finite : YamlKind::number;
}

bool core_true(std::string_view plain) { return is_one_of(plain, {"true", "True", "TRUE"}); }

}  // namespace runink::governance
