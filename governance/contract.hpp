// A data contract as typed values: what of ODCS v3.1.0 Runink understands. It enters the log (inside
// plans and contract versions), so it holds no floating point; the YAML itself is an artifact.
// Source: Open Data Contract Standard v3.1.0, JSON schema `odcs-json-schema-v3.1.0.json`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace runink::governance {

/// An exact number: units / 10^scale. |units| < 10^18, scale <= 18, no trailing zeros.
struct Decimal {
  std::int64_t units = 0;
  std::uint8_t scale = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
  static auto fields(auto& self) { return std::tie(self.units, self.scale); }
};

enum class LogicalType : std::uint8_t {
  string = 1,
  date = 2,
  timestamp = 3,
  time = 4,
  number = 5,
  integer = 6,
  object = 7,
  array = 8,
  boolean = 9
};
constexpr bool known(LogicalType t) {
  return t >= LogicalType::string && t <= LogicalType::boolean;
}
std::string_view to_string(LogicalType type);

/// One end of a range. Numbers are written as decimals, dates and times as the contract writes them.
struct Limit {
  std::string value;
  bool exclusive = false;
  friend bool operator==(const Limit&, const Limit&) = default;
  static auto fields(auto& self) { return std::tie(self.value, self.exclusive); }
};

/// ODCS `logicalTypeOptions`; what does not belong to the property's type is empty.
struct TypeOptions {
  std::optional<std::uint64_t> min_length;  ///< characters; of arrays items, of objects properties
  std::optional<std::uint64_t> max_length;
  std::string pattern;  ///< ECMA-262, unanchored; what RE2 cannot do is a mistake of the contract
  /// Strings: email, uuid, uri, hostname, ipv4, ipv6, ...; integers: i8 to u128; numbers: f32, f64;
  /// dates and times: letters of the JDK's DateTimeFormatter.
  std::string format;
  std::optional<Limit> minimum;
  std::optional<Limit> maximum;
  std::optional<Decimal> multiple_of;  ///< above 0
  bool timezone = false;               ///< a timestamp's text carries its offset
  std::string default_timezone;        ///< empty = UTC
  bool unique_items = false;
  std::vector<std::string> required_properties;
  friend bool operator==(const TypeOptions&, const TypeOptions&) = default;
  static auto fields(auto& self) {
    return std::tie(self.min_length, self.max_length, self.pattern, self.format, self.minimum,
                    self.maximum, self.multiple_of, self.timezone, self.default_timezone,
                    self.unique_items, self.required_properties);
  }
};

enum class Metric : std::uint8_t {
  null_values = 1,
  missing_values = 2,
  invalid_values = 3,
  duplicate_values = 4,
  row_count = 5,
  sql = 6
};
constexpr bool known(Metric m) { return m >= Metric::null_values && m <= Metric::sql; }
/// ODCS's spelling: "nullValues".
std::string_view to_string(Metric metric);

/// ODCS's eight operators. `between` excludes both ends; `not_between` is its opposite.
enum class Comparison : std::uint8_t {
  is = 1,
  is_not = 2,
  greater = 3,
  at_least = 4,
  less = 5,
  at_most = 6,
  between = 7,
  not_between = 8
};
constexpr bool known(Comparison c) { return c >= Comparison::is && c <= Comparison::not_between; }
/// ODCS's spelling: "mustBeGreaterThan".
std::string_view to_string(Comparison comparison);

enum class RuleSeverity : std::uint8_t { info = 1, warning = 2, error = 3 };
constexpr bool known(RuleSeverity s) { return s >= RuleSeverity::info && s <= RuleSeverity::error; }
std::string_view to_string(RuleSeverity severity);

/// What a counted number must be. With `percent`, it is a share of the rows that were read.
struct Bound {
  Comparison comparison = Comparison::is;
  Decimal low;
  Decimal high;  ///< of the two `between`s
  bool percent = false;
  friend bool operator==(const Bound&, const Bound&) = default;
  static auto fields(auto& self) {
    return std::tie(self.comparison, self.low, self.high, self.percent);
  }
};

/// One entry of `quality` that a machine can check (types library and sql; text and custom are kept
/// in the YAML only).
struct QualityRule {
  std::string name;  ///< its id or name, or made of metric and column; unique in its schema object
  Metric metric = Metric::row_count;
  /// The columns it is about: empty for the dataset as a whole.
  std::vector<std::string> columns;
  /// `validValues` of invalidValues, `missingValues` of missingValues; nothing = NULL.
  std::vector<std::optional<std::string>> values;
  std::string pattern;  ///< of invalidValues
  std::string query;    ///< of sql, with ${table} and ${column}; gives one number
  Bound bound;
  RuleSeverity severity = RuleSeverity::error;
  std::string dimension;
  friend bool operator==(const QualityRule&, const QualityRule&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.metric, self.columns, self.values, self.pattern, self.query,
                    self.bound, self.severity, self.dimension);
  }
};

/// A foreign key: each value of `columns` that is not NULL stands in `to_columns` of `to_object`.
struct Reference {
  std::vector<std::string> columns;
  std::string to_object;
  std::vector<std::string> to_columns;
  friend bool operator==(const Reference&, const Reference&) = default;
  static auto fields(auto& self) { return std::tie(self.columns, self.to_object, self.to_columns); }
};

/// A column, or a part of one. Parts stand in one flat list after their column, by path, so that
/// nothing here is recursive: "address", "address.city", "tags", "tags[]".
struct Property {
  std::string name;  ///< the path of a part
  LogicalType type = LogicalType::string;
  bool type_given = false;    ///< false: the contract says nothing, and `type` is string
  std::string physical_type;  ///< as the contract writes it: "DECIMAL(18,2)"; may be empty
  std::string description;
  bool required = false;
  bool unique = false;
  std::uint16_t primary_key = 0;  ///< from 1; 0 = no part of the key
  std::string classification;     ///< as the contract writes it: "confidential"; may be empty
  TypeOptions options;
  friend bool operator==(const Property&, const Property&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.type, self.type_given, self.physical_type, self.description,
                    self.required, self.unique, self.primary_key, self.classification,
                    self.options);
  }
  /// False for a part of a column.
  bool is_column() const { return name.find_first_of(".[") == std::string::npos; }
};

/// One table, file or topic of a contract.
struct SchemaObject {
  std::string name;
  std::string physical_name;
  std::vector<Property> properties;  ///< in the order of the contract
  std::vector<QualityRule> quality;  ///< of the object, then those of its properties in their order
  std::vector<Reference> references;
  friend bool operator==(const SchemaObject&, const SchemaObject&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.physical_name, self.properties, self.quality, self.references);
  }
  const Property* find(std::string_view property) const {
    for (const Property& one : properties)
      if (one.name == property) return &one;
    return nullptr;
  }
};

struct Contract {
  std::uint16_t format = 1;
  std::string id;
  std::string name;
  std::string version;  ///< as its author counts: "1.4.0"
  std::string status;   ///< "active", "draft", ...
  std::vector<SchemaObject> objects;
  friend bool operator==(const Contract&, const Contract&) = default;
  static auto fields(auto& self) {
    return std::tie(self.format, self.id, self.name, self.version, self.status, self.objects);
  }
  const SchemaObject* find(std::string_view object) const {
    for (const SchemaObject& one : objects)
      if (one.name == object) return &one;
    return nullptr;
  }
};

}  // namespace runink::governance
