#include "steps/column_type.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "governance/ascii.hpp"

namespace runink::steps {
namespace {
using governance::LogicalType;

struct Named {
  std::string_view name;
  Kind kind;
};
constexpr Named integer_names[] = {
    {"TINYINT", Kind::i8},  {"SMALLINT", Kind::i16},  {"INTEGER", Kind::i32},
    {"INT", Kind::i32},     {"BIGINT", Kind::i64},    {"UTINYINT", Kind::u8},
    {"LONG", Kind::i64},    {"USMALLINT", Kind::u16}, {"UINTEGER", Kind::u32},
    {"UBIGINT", Kind::u64}, {"INT8", Kind::i64},      {"INT4", Kind::i32},
    {"INT2", Kind::i16},    {"INT32", Kind::i32},     {"INT64", Kind::i64},
    {"INT16", Kind::i16},
};
constexpr Named integer_formats[] = {{"i8", Kind::i8},   {"i16", Kind::i16}, {"i32", Kind::i32},
                                     {"i64", Kind::i64}, {"u8", Kind::u8},   {"u16", Kind::u16},
                                     {"u32", Kind::u32}, {"u64", Kind::u64}};

template <std::size_t N>
std::optional<Kind> find(const Named (&names)[N], std::string_view name) {
  for (const Named& one : names)
    if (one.name == name) return one.kind;
  return {};
}

std::string_view sql_name(Kind kind) {
  switch (kind) {
    case Kind::text:
    case Kind::object:
    case Kind::array: return "VARCHAR";
    case Kind::boolean: return "BOOLEAN";
    case Kind::i8: return "TINYINT";
    case Kind::i16: return "SMALLINT";
    case Kind::i32: return "INTEGER";
    case Kind::i64: return "BIGINT";
    case Kind::u8: return "UTINYINT";
    case Kind::u16: return "USMALLINT";
    case Kind::u32: return "UINTEGER";
    case Kind::u64: return "UBIGINT";
    case Kind::f32: return "FLOAT";
    case Kind::f64: return "DOUBLE";
    case Kind::date: return "DATE";
    case Kind::time: return "TIME";
    case Kind::timestamp: return "TIMESTAMP";
    default: return "DECIMAL";
  }
}

ColumnType decimal(unsigned width, unsigned scale) {
  ColumnType type;
  type.kind = width <= 4    ? Kind::decimal16
              : width <= 9  ? Kind::decimal32
              : width <= 18 ? Kind::decimal64
                            : Kind::decimal128;
  type.width = static_cast<std::uint8_t>(width);
  type.scale = static_cast<std::uint8_t>(scale);
  return type;
}

/// DECIMAL(18,2), NUMERIC(10): nothing when it is another type or no possible one.
std::optional<ColumnType> decimal_named(std::string_view upper) {
  const auto open = upper.find('(');
  const std::string_view name = upper.substr(0, open);
  if (name != "DECIMAL" && name != "NUMERIC" && name != "NUMBER") return {};
  if (open == std::string_view::npos) return decimal(18, 3);  // DuckDB's own default
  unsigned width = 0, scale = 0;
  const char* end = upper.data() + upper.size();
  auto got = std::from_chars(upper.data() + open + 1, end, width);
  if (got.ec != std::errc{}) return {};
  if (got.ptr < end && *got.ptr == ',') got = std::from_chars(got.ptr + 1, end, scale);
  if (got.ec != std::errc{} || got.ptr + 1 != end || *got.ptr != ')') return {};
  if (width < 1 || width > 38 || scale > width) return {};
  return decimal(width, scale);
}

/// Upper case without blanks.
std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ') out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

ColumnType of_kind(Kind kind) {
  ColumnType type;
  type.kind = kind;
  return type;
}

ColumnType integer(const governance::Property& property, const std::string& physical) {
  if (const auto named = find(integer_names, physical)) return of_kind(*named);
  if (const auto named = decimal_named(physical); named && named->scale == 0) return *named;
  const std::string& format = property.options.format;
  if (physical == "HUGEINT" || physical == "UHUGEINT" || format == "i128" || format == "u128") {
    ColumnType type = decimal(38, 0);
    type.not_negative = physical == "UHUGEINT" || (physical.empty() && format == "u128");
    return type;
  }
  return of_kind(find(integer_formats, format).value_or(Kind::i32));
}

ColumnType number(const governance::Property& property, const std::string& physical) {
  if (const auto named = decimal_named(physical)) return *named;
  if (const auto named = find(integer_names, physical)) return of_kind(*named);
  if (physical == "FLOAT" || physical == "REAL" || physical == "FLOAT4") return of_kind(Kind::f32);
  if (physical.empty() && property.options.format == "f32") return of_kind(Kind::f32);
  return of_kind(Kind::f64);
}

Outcome<ColumnType> moment(const governance::Property& property, Kind kind) {
  ColumnType type = of_kind(kind);
  auto format = DateFormat::parse(property.options.format, kind == Kind::date   ? Moments::date
                                                           : kind == Kind::time ? Moments::time
                                                                                : Moments::both);
  if (!format)
    return give_up(SliceReason::bad_literal,
                   "the format of \"" + property.name + "\" in the contract " + format.error());
  type.format = std::move(*format);
  if (kind == Kind::timestamp && property.options.timezone) type.format.require_offset();
  return type;
}

}  // namespace

Outcome<ColumnType> column_type(const governance::Property& property) {
  const std::string physical = folded(property.physical_type);
  Outcome<ColumnType> type;
  switch (property.type) {
    case LogicalType::string: break;
    case LogicalType::boolean: type = of_kind(Kind::boolean); break;
    case LogicalType::integer: type = integer(property, physical); break;
    case LogicalType::number: type = number(property, physical); break;
    case LogicalType::date: type = moment(property, Kind::date); break;
    case LogicalType::time: type = moment(property, Kind::time); break;
    case LogicalType::timestamp: type = moment(property, Kind::timestamp); break;
    case LogicalType::object: type = of_kind(Kind::object); break;
    case LogicalType::array: type = of_kind(Kind::array); break;
  }
  if (!type) return type;
  type->sql = sql_name(type->kind);
  if (type->decimal())
    type->sql += "(" + std::to_string(type->width) + "," + std::to_string(type->scale) + ")";
  return type;
}

Outcome<std::vector<ContractColumn>> contract_columns(const governance::SchemaObject& object) {
  std::vector<ContractColumn> columns;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < object.properties.size(); ++i) {
    const governance::Property& property = object.properties[i];
    if (!property.is_column()) continue;
    auto type = column_type(property);
    if (!type) return std::unexpected(type.error());
    names.push_back(governance::ascii_lower(property.name));
    columns.push_back({property.name, std::move(*type), i});
  }
  if (columns.empty())
    return give_up(
        SliceReason::unknown_column,
        "the contract's object \"" + object.name + "\" names no column; a step needs at least one");
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    return give_up(SliceReason::ambiguous, "the contract names the column \"" + *twice +
                                               "\" twice (names compare without case)");
  return columns;
}

}  // namespace runink::steps
