// The rules of one schema object, as one flat list: what a row must be, what a dataset must be. The
// number of a rule is its place in this list, and every count that a step reports and a commit
// keeps goes by it. Judging is exact: whole numbers only.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "governance/contract.hpp"

namespace runink::governance {

/// Why a row is set apart, or what of a dataset is counted. Numbers and names are for ever: they
/// stand in rejected rows and in the log.
enum class RuleReason : std::uint8_t {
  // the record as a whole
  too_few_columns = 1,
  too_many_columns = 2,
  bad_quoting = 3,
  bad_utf8 = 4,
  record_too_long = 5,
  bad_json = 6,  ///< a line that is no JSON object
  // one value
  bad_type = 10,
  not_null = 11,  ///< a value is required, and there is none
  not_unique = 12,
  too_short = 13,
  too_long = 14,
  pattern = 15,
  bad_format = 16,
  below_minimum = 17,
  above_maximum = 18,
  not_multiple = 19,
  too_few_items = 20,
  too_many_items = 21,
  repeated_items = 22,
  too_few_properties = 23,
  too_many_properties = 24,
  missing_property = 25,
  // several values
  duplicate_key = 30,
  no_such_reference = 31,
  // quality rules
  null_value = 40,
  missing_value = 41,
  invalid_value = 42,
  duplicate_value = 43,
  row_count = 44,
  sql = 45
};
bool known(RuleReason reason);
/// The stable code: "too_few_columns".
std::string_view to_string(RuleReason reason);

enum class RuleScope : std::uint8_t { row = 1, dataset = 2 };
constexpr bool known(RuleScope s) { return s == RuleScope::row || s == RuleScope::dataset; }
/// "row", "dataset".
std::string_view to_string(RuleScope scope);

/// No place in a list of the schema object.
inline constexpr std::uint16_t nowhere = std::numeric_limits<std::uint16_t>::max();

/// One rule. A row rule sets rows apart; what it counts are broken rows, and its bound is "is 0". A
/// dataset rule is a count that is judged against its bound when the stage is committed.
struct Rule {
  std::uint16_t number = 0;  ///< its index in the list
  /// Unique in the list, made of the contract alone: "required(email)", "primaryKey", or the name
  /// of the quality rule.
  std::string name;
  RuleReason reason = RuleReason::bad_type;
  RuleScope scope = RuleScope::row;
  /// What it is about: paths as `Property::name`; empty = the record or the dataset as a whole.
  std::vector<std::string> columns;
  RuleSeverity severity = RuleSeverity::error;
  Bound bound;  ///< what the count must be
  // Where the rest of it stands in the schema object; `nowhere` if there is nothing more.
  std::uint16_t property = nowhere;   ///< in `properties`
  std::uint16_t quality = nowhere;    ///< in `quality`: metric, values, pattern, query
  std::uint16_t reference = nowhere;  ///< in `references`
  friend bool operator==(const Rule&, const Rule&) = default;
  static auto fields(auto& self) {
    return std::tie(self.number, self.name, self.reason, self.scope, self.columns, self.severity,
                    self.bound, self.property, self.quality, self.reference);
  }
};

/// All rules, always in this order: of the record; of each property in turn its type, whether it is
/// required, its options, whether it is unique; the primary key; references; quality rules that set
/// rows apart; then the dataset rules. A row is rejected by the first rule that it breaks.
///
/// A quality rule sets rows apart when it is of the library, counts values (not rows), must be 0 and
/// has the severity error. All others are dataset rules. For one schema object the list is the same
/// on every node and for ever, or the numbers in the log would change their meaning.
std::vector<Rule> rules_of(const SchemaObject& object);

/// True when `rule` sets rows apart (see `rules_of`).
bool sets_rows_apart(const QualityRule& rule);

enum class Verdict : std::uint8_t { kept = 1, warned = 2, violated = 3 };
constexpr bool known(Verdict v) { return v >= Verdict::kept && v <= Verdict::violated; }
/// "kept", "warned", "violated".
std::string_view to_string(Verdict verdict);

/// Is the count within the bound? Exact for every `counted` and `of`.
/// - in rows: `counted` itself is compared;
/// - in percent: 100 * counted / of; of nothing (`of` 0) every share is 0.
/// `between` means low < x < high; `not_between` is its opposite: x <= low or x >= high.
bool holds(const Bound& bound, std::uint64_t counted, std::uint64_t of);

/// `holds`, with the rule's severity: a broken rule below `error` only warns. The number that a rule
/// of metric sql gives is counted / of (`of` = 1 for a whole number, 10^n for one with n decimals;
/// 0 is taken as 1), whatever its unit; a negative one has no such form, and the step refuses it.
Verdict judge(const Rule& rule, std::uint64_t counted, std::uint64_t of);

/// For people: "at most 5 %", "between 10 and 20 (both excluded)", "0".
std::string to_text(const Bound& bound);

}  // namespace runink::governance
