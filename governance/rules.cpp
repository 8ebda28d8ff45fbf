#include "governance/rules.hpp"

#include <algorithm>
#include <utility>

#include "governance/unique_names.hpp"
#include "governance/value_format.hpp"

namespace runink::governance {
namespace {

/// Puts the list together and keeps the names apart.
class RuleList {
 public:
  explicit RuleList(const SchemaObject& object) : object_(object) {}

  std::vector<Rule> all() {
    of_records();
    for (std::size_t i = 0; i < object_.properties.size(); ++i) of_property(i);
    of_primary_key();
    for (std::size_t i = 0; i < object_.references.size(); ++i) of_reference(i);
    for (std::size_t i = 0; i < object_.quality.size(); ++i)
      if (sets_rows_apart(object_.quality[i])) of_quality(i, RuleScope::row);
    for (std::size_t i = 0; i < object_.quality.size(); ++i)
      if (!sets_rows_apart(object_.quality[i])) of_quality(i, RuleScope::dataset);
    return std::move(rules_);
  }

 private:
  Rule& add(const std::string& name, RuleReason reason) {
    Rule rule;
    rule.number = static_cast<std::uint16_t>(rules_.size());
    rule.name = names_.unique(name);
    rule.reason = reason;
    return rules_.emplace_back(std::move(rule));
  }

  void of_records() {
    for (const RuleReason reason :
         {RuleReason::too_few_columns, RuleReason::too_many_columns, RuleReason::bad_quoting,
          RuleReason::bad_utf8, RuleReason::record_too_long, RuleReason::bad_json})
      add(std::string(to_string(reason)), reason);
  }

  void of_property(std::size_t index) {
    const Property& property = object_.properties[index];
    const auto rule = [&](std::string_view what, RuleReason reason) {
      Rule& made = add(std::string(what) + "(" + property.name + ")", reason);
      made.columns = {property.name};
      made.property = static_cast<std::uint16_t>(index);
    };
    rule("type", RuleReason::bad_type);
    if (property.required || property.primary_key > 0) rule("required", RuleReason::not_null);
    options(property, rule);
    if (property.unique) rule("unique", RuleReason::not_unique);
  }

  static void options(const Property& property, const auto& rule) {
    const TypeOptions& options = property.options;
    const bool list = property.type == LogicalType::array;
    const bool object = property.type == LogicalType::object;
    if (options.min_length)
      list     ? rule("minItems", RuleReason::too_few_items)
      : object ? rule("minProperties", RuleReason::too_few_properties)
               : rule("minLength", RuleReason::too_short);
    if (options.max_length)
      list     ? rule("maxItems", RuleReason::too_many_items)
      : object ? rule("maxProperties", RuleReason::too_many_properties)
               : rule("maxLength", RuleReason::too_long);
    if (!options.pattern.empty()) rule("pattern", RuleReason::pattern);
    if (property.type == LogicalType::string && is_checked_format(options.format))
      rule("format", RuleReason::bad_format);
    if (options.minimum)
      rule(options.minimum->exclusive ? "exclusiveMinimum" : "minimum", RuleReason::below_minimum);
    if (options.maximum)
      rule(options.maximum->exclusive ? "exclusiveMaximum" : "maximum", RuleReason::above_maximum);
    if (options.multiple_of) rule("multipleOf", RuleReason::not_multiple);
    if (options.unique_items) rule("uniqueItems", RuleReason::repeated_items);
    if (!options.required_properties.empty())
      rule("requiredProperties", RuleReason::missing_property);
  }

  void of_primary_key() {
    std::vector<const Property*> key;
    for (const Property& property : object_.properties)
      if (property.primary_key > 0) key.push_back(&property);
    if (key.empty()) return;
    std::ranges::stable_sort(key, {}, &Property::primary_key);
    Rule& rule = add("primaryKey", RuleReason::duplicate_key);
    for (const Property* property : key) rule.columns.push_back(property->name);
  }

  void of_reference(std::size_t index) {
    const Reference& reference = object_.references[index];
    const std::string first = reference.columns.empty() ? "" : reference.columns.front();
    Rule& rule = add("reference(" + first + ")", RuleReason::no_such_reference);
    rule.columns = reference.columns;
    rule.reference = static_cast<std::uint16_t>(index);
  }

  static RuleReason reason_of(Metric metric) {
    switch (metric) {
      case Metric::null_values: return RuleReason::null_value;
      case Metric::missing_values: return RuleReason::missing_value;
      case Metric::invalid_values: return RuleReason::invalid_value;
      case Metric::duplicate_values: return RuleReason::duplicate_value;
      case Metric::row_count: return RuleReason::row_count;
      case Metric::sql: return RuleReason::sql;
    }
    return RuleReason::sql;
  }

  void of_quality(std::size_t index, RuleScope scope) {
    const QualityRule& quality = object_.quality[index];
    Rule& rule = add(quality.name, reason_of(quality.metric));
    rule.scope = scope;
    rule.columns = quality.columns;
    rule.severity = quality.severity;
    rule.bound = quality.bound;
    rule.quality = static_cast<std::uint16_t>(index);
  }

  const SchemaObject& object_;
  std::vector<Rule> rules_;
  UniqueNames names_;
};

}  // namespace

bool sets_rows_apart(const QualityRule& rule) {
  const bool of_values = rule.metric != Metric::row_count && rule.metric != Metric::sql;
  return of_values && rule.severity == RuleSeverity::error &&
         rule.bound.comparison == Comparison::is && rule.bound.low.units == 0;
}

std::vector<Rule> rules_of(const SchemaObject& object) { return RuleList{object}.all(); }

}  // namespace runink::governance
