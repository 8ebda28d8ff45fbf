#include "steps/strict_value.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>

#include "vocabulary/json_text.hpp"

namespace runink::steps {
namespace {

constexpr std::int64_t kMinute = 60'000'000, kDay = 1440 * kMinute;

template <class T>
bool integer(std::string_view text, void* data, std::size_t row) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  static_cast<T*>(data)[row] = value;
  return error == std::errc{} && end == text.data() + text.size();
}

/// std::from_chars also reads "inf", "nan" and ".5".
template <class T>
bool floating(std::string_view text, void* data, std::size_t row) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (digits.empty() || !digit(digits.front()) || !digit(digits.back())) return false;
  if (const auto point = digits.find('.');
      point != std::string_view::npos && (point + 1 == digits.size() || !digit(digits[point + 1])))
    return false;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  static_cast<T*>(data)[row] = value;
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

constexpr Int128 power_of_ten(unsigned n) {
  Int128 value = 1;
  while (n-- > 0) value *= 10;
  return value;
}

template <class T>
bool decimal(const ColumnType& type, std::string_view text, void* data, std::size_t row) {
  const auto units = decimal_units(text, type.scale);
  if (!units || (type.not_negative && *units < 0)) return false;
  const Int128 limit = power_of_ten(type.width);
  if (*units >= limit || *units <= -limit) return false;
  const T value = static_cast<T>(*units);
  // A vector of 16-byte numbers may lie at a multiple of 8.
  std::memcpy(static_cast<char*>(data) + row * sizeof(T), &value, sizeof(T));
  return true;
}

/// The common shape of amounts: few digits, which fit 64 bits.
bool decimal64(const ColumnType& type, std::string_view text, void* data, std::size_t row) {
  if (text.size() > 17) return decimal<std::int64_t>(type, text, data, row);
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative ? text.substr(1) : text;
  std::int64_t value = 0;
  unsigned after = 0;
  bool point = false;
  for (const char c : digits) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
    after += point ? 1 : 0;
  }
  if (digits.empty() || digits.front() == '.' || digits.back() == '.') return false;
  if (after > type.scale || type.scale - after + digits.size() > 18)
    return decimal<std::int64_t>(type, text, data, row);
  for (; after < type.scale; ++after) value *= 10;
  static_cast<std::int64_t*>(data)[row] = negative ? -value : value;
  return value < static_cast<std::int64_t>(power_of_ten(type.width));
}

bool boolean(std::string_view text, void* data, std::size_t row) {
  static_cast<bool*>(data)[row] = text == "true";
  return text == "true" || text == "false";
}

bool moment(const ColumnType& type, std::string_view text, void* data, std::size_t row) {
  const auto read = type.format.read(text);
  if (!read) return false;
  const std::int64_t shift = kMinute * read->offset_minutes.value_or(0);
  if (type.kind == Kind::date) static_cast<std::int32_t*>(data)[row] = read->days;
  if (type.kind == Kind::timestamp)
    static_cast<std::int64_t*>(data)[row] = read->days * kDay + read->microseconds - shift;
  if (type.kind == Kind::time)
    static_cast<std::int64_t*>(data)[row] = ((read->microseconds - shift) % kDay + kDay) % kDay;
  return true;
}

}  // namespace

std::optional<Int128> decimal_units(std::string_view text, unsigned scale) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty() || digits.front() == '.' || digits.back() == '.') return {};
  constexpr Int128 limit = power_of_ten(38);
  Int128 value = 0;
  unsigned after = 0;
  bool point = false;
  for (const char c : digits) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return {};
    if (point && after == scale) {
      if (c != '0') return {};
      continue;
    }
    after += point ? 1 : 0;
    if (value >= limit / 10) return {};
    value = value * 10 + (c - '0');
  }
  for (; after < scale; ++after) {
    if (value >= limit / 10) return {};
    value *= 10;
  }
  return negative ? -value : value;
}

bool write_value(const ColumnType& type, std::string_view text, void* data, std::size_t row) {
  switch (type.kind) {
    case Kind::text: return true;
    case Kind::boolean: return boolean(text, data, row);
    case Kind::i8: return integer<std::int8_t>(text, data, row);
    case Kind::i16: return integer<std::int16_t>(text, data, row);
    case Kind::i32: return integer<std::int32_t>(text, data, row);
    case Kind::i64: return integer<std::int64_t>(text, data, row);
    case Kind::u8: return integer<std::uint8_t>(text, data, row);
    case Kind::u16: return integer<std::uint16_t>(text, data, row);
    case Kind::u32: return integer<std::uint32_t>(text, data, row);
    case Kind::u64: return integer<std::uint64_t>(text, data, row);
    case Kind::decimal16: return decimal<std::int16_t>(type, text, data, row);
    case Kind::decimal32: return decimal<std::int32_t>(type, text, data, row);
    case Kind::decimal64: return decimal64(type, text, data, row);
    case Kind::decimal128: return decimal<Int128>(type, text, data, row);
    case Kind::f32: return floating<float>(text, data, row);
    case Kind::f64: return floating<double>(text, data, row);
    case Kind::date:
    case Kind::time:
    case Kind::timestamp: return moment(type, text, data, row);
    case Kind::object: return json_kind(text) == JsonKind::object;
    case Kind::array: return json_kind(text) == JsonKind::array;
  }
  return false;
}

}  // namespace runink::steps
