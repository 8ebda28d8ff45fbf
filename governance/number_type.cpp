#include "governance/number_type.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <string_view>

#include "governance/ascii.hpp"

namespace runink::governance {
namespace {

struct Named {
  std::string_view name;
  NumberType type;
};
constexpr NumberType is_signed(std::uint8_t bits) {
  return {NumberFamily::whole, static_cast<std::uint8_t>(bits - 1),
          static_cast<std::uint8_t>(bits - 1)};
}
constexpr NumberType is_unsigned(std::uint8_t bits) { return {NumberFamily::whole, 0, bits}; }
constexpr NumberType binary(std::uint8_t bits) { return {NumberFamily::binary, bits, bits}; }

constexpr Named formats[] = {
    {"i8", is_signed(8)},       {"i16", is_signed(16)},   {"i32", is_signed(32)},
    {"i64", is_signed(64)},     {"i128", is_signed(128)}, {"u8", is_unsigned(8)},
    {"u16", is_unsigned(16)},   {"u32", is_unsigned(32)}, {"u64", is_unsigned(64)},
    {"u128", is_unsigned(128)}, {"f32", binary(32)},      {"f64", binary(64)},
};
constexpr Named physical_names[] = {
    {"tinyint", is_signed(8)},     {"smallint", is_signed(16)},  {"int2", is_signed(16)},
    {"int16", is_signed(16)},      {"integer", is_signed(32)},   {"int", is_signed(32)},
    {"int4", is_signed(32)},       {"int32", is_signed(32)},     {"bigint", is_signed(64)},
    {"long", is_signed(64)},       {"int8", is_signed(64)},      {"int64", is_signed(64)},
    {"hugeint", is_signed(128)},   {"utinyint", is_unsigned(8)}, {"usmallint", is_unsigned(16)},
    {"uinteger", is_unsigned(32)}, {"ubigint", is_unsigned(64)}, {"uhugeint", is_unsigned(128)},
    {"float", binary(32)},         {"real", binary(32)},         {"float4", binary(32)},
    {"double", binary(64)},        {"float8", binary(64)},
};

template <std::size_t n>
std::optional<NumberType> find(const Named (&names)[n], std::string_view name) {
  const Named* one = std::ranges::find(names, name, &Named::name);
  return one == std::end(names) ? std::nullopt : std::optional(one->type);
}

/// "decimal(18,2)", "numeric(10)"; without numbers DuckDB's (18,3).
std::optional<NumberType> decimal_named(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  if (name != "decimal" && name != "numeric" && name != "number") return std::nullopt;
  std::uint8_t digits = 18, scale = 3;
  if (open != std::string_view::npos) {
    scale = 0;
    const char* end = text.data() + text.size();
    auto got = std::from_chars(text.data() + open + 1, end, digits);
    if (got.ec == std::errc{} && got.ptr < end && *got.ptr == ',')
      got = std::from_chars(got.ptr + 1, end, scale);
    if (got.ec != std::errc{} || got.ptr + 1 != end || *got.ptr != ')') return std::nullopt;
  }
  if (digits < 1 || digits > 38 || scale > digits) return std::nullopt;
  return NumberType{NumberFamily::decimal, static_cast<std::uint8_t>(digits - scale), scale};
}

}  // namespace

std::optional<NumberType> number_type(const Property& property) {
  const bool whole = property.type == LogicalType::integer;
  if (!whole && property.type != LogicalType::number) return std::nullopt;
  std::string physical = ascii_lower(property.physical_type);
  std::erase(physical, ' ');
  if (const auto decimal = decimal_named(physical); decimal && (!whole || decimal->high == 0))
    return decimal;
  if (const auto named = find(physical_names, physical);
      named && (!whole || named->family == NumberFamily::whole))
    return named;
  if (const auto format = find(formats, property.options.format)) return format;
  return whole ? is_signed(32) : binary(64);
}

}  // namespace runink::governance
