#include "governance/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace runink::governance {
namespace {

__extension__ typedef __int128 Wide;

constexpr int most_digits = 60;
constexpr int decimal_digits = 18;

/// 0.DIGITS * 10^exponent, with neither leading nor trailing zeros; zero has no digits.
struct Parts {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;
  bool out_of_reach = false;  ///< `exponent` is only very great or very small
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::int64_t huge = 1'000'000'000;

/// The exponent behind 'e'; one that is `huge` or more counts as very great or very small.
std::optional<std::int64_t> exponent_of(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    if (value < huge) value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

std::optional<Parts> parts_of(std::string_view text) {
  Parts parts;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  std::int64_t exponent = 0;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const auto given = exponent_of(text.substr(e + 1));
    if (!given) return std::nullopt;
    exponent = *given;
    parts.out_of_reach = exponent >= huge || exponent <= -huge;
    text = text.substr(0, e);
  }
  bool any = false, point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    any = true;
    if (!point) ++exponent;
    if (c == '0' && parts.digits.empty())
      --exponent;
    else
      parts.digits += c;
  }
  if (!any) return std::nullopt;
  while (!parts.digits.empty() && parts.digits.back() == '0') parts.digits.pop_back();
  parts.exponent = exponent;
  return parts;
}

std::optional<std::string> from_base(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return std::to_string(value);
}

/// Nothing with more than `most_digits` before or behind the point.
std::optional<std::string> plain_text(const Parts& parts) {
  if (parts.digits.empty()) return "0";
  const auto digits = static_cast<std::int64_t>(parts.digits.size());
  if (parts.exponent > most_digits || digits - parts.exponent > most_digits) return std::nullopt;
  std::string plain = parts.negative ? "-" : "";
  if (parts.exponent <= 0)
    return plain + "0." + std::string(static_cast<std::size_t>(-parts.exponent), '0') +
           parts.digits;
  if (parts.exponent >= digits)
    return plain + parts.digits +
           std::string(static_cast<std::size_t>(parts.exponent - digits), '0');
  const auto whole = static_cast<std::size_t>(parts.exponent);
  return plain + parts.digits.substr(0, whole) + "." + parts.digits.substr(whole);
}

std::strong_ordering compare_size(const Parts& a, const Parts& b) {
  if (a.digits.empty() || b.digits.empty()) return a.digits.size() <=> b.digits.size();
  if (a.exponent != b.exponent) return a.exponent <=> b.exponent;
  return a.digits.compare(b.digits) <=> 0;
}

}  // namespace

std::optional<std::string> plain_number(std::string_view spelled) {
  if (spelled.starts_with("0x")) return from_base(spelled.substr(2), 16);
  if (spelled.starts_with("0o")) return from_base(spelled.substr(2), 8);
  const auto parts = parts_of(spelled);
  return parts ? plain_text(*parts) : std::nullopt;
}

std::optional<std::string> exact_number(std::string_view spelled) {
  const auto parts = parts_of(spelled);
  if (!parts || (parts->out_of_reach && !parts->digits.empty())) return std::nullopt;
  if (auto plain = plain_text(*parts)) return plain;
  const std::string_view digits = parts->digits;
  return (parts->negative ? "-" : "") + std::string(digits.substr(0, 1)) +
         (digits.size() > 1 ? "." + std::string(digits.substr(1)) : "") + "e" +
         std::to_string(parts->exponent - 1);
}

bool beyond_binary64(std::string_view spelled) {
  const auto parts = parts_of(spelled);
  if (!parts || parts->digits.empty()) return false;
  // 2^1024 - 2^970, from which on IEEE 754 rounds to infinity, is 1.7976931348623158079...e308.
  constexpr std::string_view least_infinite = "17976931348623158079";
  constexpr std::int64_t exponent = 309;
  if (parts->exponent != exponent) return parts->exponent > exponent;
  return parts->digits.compare(least_infinite) >= 0;
}

std::optional<Decimal> to_decimal(std::string_view plain) {
  const auto parts = parts_of(plain);
  if (!parts) return std::nullopt;
  if (parts->digits.empty()) return Decimal{};
  const auto digits = static_cast<std::int64_t>(parts->digits.size());
  const std::int64_t scale = std::max<std::int64_t>(0, digits - parts->exponent);
  const std::int64_t zeros = std::max<std::int64_t>(0, parts->exponent - digits);
  if (scale > decimal_digits || digits + zeros > decimal_digits) return std::nullopt;
  std::int64_t units = 0;
  for (const char c : parts->digits) units = units * 10 + (c - '0');
  units *= power_of_ten(static_cast<std::uint8_t>(zeros));
  return Decimal{parts->negative ? -units : units, static_cast<std::uint8_t>(scale)};
}

std::string to_text(const Decimal& decimal) {
  const bool negative = decimal.units < 0;
  std::string digits = std::to_string(negative ? -decimal.units : decimal.units);
  if (digits.size() <= decimal.scale) digits.insert(0, decimal.scale + 1 - digits.size(), '0');
  if (decimal.scale > 0) digits.insert(digits.size() - decimal.scale, 1, '.');
  return negative ? "-" + digits : digits;
}

std::strong_ordering compare_plain(std::string_view a, std::string_view b) {
  const Parts left = parts_of(a).value_or(Parts{}), right = parts_of(b).value_or(Parts{});
  const bool left_negative = left.negative && !left.digits.empty();
  const bool right_negative = right.negative && !right.digits.empty();
  if (left_negative != right_negative)
    return left_negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return left_negative ? compare_size(right, left) : compare_size(left, right);
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  // |units| < 10^18 and scale <= 18: each side is below 10^36 and fits 128 bits.
  const Wide left = Wide{a.units} * power_of_ten(b.scale);
  const Wide right = Wide{b.units} * power_of_ten(a.scale);
  return left <=> right;
}

std::int64_t power_of_ten(std::uint8_t n) {
  std::int64_t power = 1;
  for (std::uint8_t i = 0; i < n && i < decimal_digits; ++i) power *= 10;
  return power;
}

}  // namespace runink::governance
