#include "steps/rule_numbers.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "steps/record_files.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::steps {
namespace {
using governance::Metric;
using governance::Rule;
using governance::RuleReason;

/// In the order of the bits.
constexpr std::array<RuleReason, 6> faults = {
    RuleReason::bad_quoting,     RuleReason::bad_utf8,         RuleReason::record_too_long,
    RuleReason::too_few_columns, RuleReason::too_many_columns, RuleReason::bad_json};
static_assert(bad_quoting == 1 && bad_utf8 == 2 && too_long == 4 && too_few_columns == 8 &&
              too_many_columns == 16 && bad_json == 32);

}  // namespace

RuleNumbers rule_numbers(const governance::SchemaObject& object,
                         const std::vector<ContractColumn>& columns) {
  RuleNumbers numbers;
  numbers.rules = governance::rules_of(object);
  numbers.type_of.resize(columns.size());
  numbers.missing.resize(columns.size());
  std::map<std::size_t, std::size_t> of_property;
  for (std::size_t c = 0; c < columns.size(); ++c) of_property[columns[c].property] = c;
  for (const Rule& rule : numbers.rules) {
    const auto fault = std::ranges::find(faults, rule.reason);
    if (fault != faults.end()) {
      numbers.of_fault[fault - faults.begin()] = rule.number;
      numbers.first_value_rule = std::max<std::uint16_t>(numbers.first_value_rule, rule.number + 1);
      continue;
    }
    if (rule.reason == RuleReason::bad_type) {
      const auto column = of_property.find(rule.property);
      if (column != of_property.end()) numbers.type_of[column->second] = rule.number;
    }
    if (rule.reason != RuleReason::missing_value) continue;
    MissingTexts missing{rule.number, {}};
    for (const auto& text : object.quality[rule.quality].values)
      if (text) missing.texts.insert(*text);
    for (const std::string& name : rule.columns) {
      const auto column = std::ranges::find(columns, name, &ContractColumn::name);
      if (column != columns.end())
        numbers.missing[static_cast<std::size_t>(column - columns.begin())].push_back(missing);
    }
  }
  return numbers;
}

}  // namespace runink::steps
