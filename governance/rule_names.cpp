// The stable names of the words of rules.hpp.
#include <algorithm>
#include <iterator>
#include <utility>

#include "governance/rules.hpp"

namespace runink::governance {
namespace {

constexpr std::pair<RuleReason, std::string_view> reasons[] = {
    {RuleReason::too_few_columns, "too_few_columns"},
    {RuleReason::too_many_columns, "too_many_columns"},
    {RuleReason::bad_quoting, "bad_quoting"},
    {RuleReason::bad_utf8, "bad_utf8"},
    {RuleReason::record_too_long, "record_too_long"},
    {RuleReason::bad_json, "bad_json"},
    {RuleReason::bad_type, "bad_type"},
    {RuleReason::not_null, "not_null"},
    {RuleReason::not_unique, "not_unique"},
    {RuleReason::too_short, "too_short"},
    {RuleReason::too_long, "too_long"},
    {RuleReason::pattern, "pattern"},
    {RuleReason::bad_format, "bad_format"},
    {RuleReason::below_minimum, "below_minimum"},
    {RuleReason::above_maximum, "above_maximum"},
    {RuleReason::not_multiple, "not_multiple"},
    {RuleReason::too_few_items, "too_few_items"},
    {RuleReason::too_many_items, "too_many_items"},
    {RuleReason::repeated_items, "repeated_items"},
    {RuleReason::too_few_properties, "too_few_properties"},
    {RuleReason::too_many_properties, "too_many_properties"},
    {RuleReason::missing_property, "missing_property"},
    {RuleReason::duplicate_key, "duplicate_key"},
    {RuleReason::no_such_reference, "no_such_reference"},
    {RuleReason::null_value, "null_value"},
    {RuleReason::missing_value, "missing_value"},
    {RuleReason::invalid_value, "invalid_value"},
    {RuleReason::duplicate_value, "duplicate_value"},
    {RuleReason::row_count, "row_count"},
    {RuleReason::sql, "sql"},
};

const auto* find(RuleReason reason) {
  return std::ranges::find(reasons, reason, &std::pair<RuleReason, std::string_view>::first);
}

}  // namespace

bool known(RuleReason reason) { return find(reason) != std::end(reasons); }

std::string_view to_string(RuleReason reason) {
  const auto* one = find(reason);
  return one == std::end(reasons) ? "?" : one->second;
}

std::string_view to_string(RuleScope scope) { return scope == RuleScope::row ? "row" : "dataset"; }

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kept: return "kept";
    case Verdict::warned: return "warned";
    case Verdict::violated: return "violated";
  }
  return "?";
}

}  // namespace runink::governance
