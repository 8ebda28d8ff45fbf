// What changed in the quality rules of an object.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "governance/change_list.hpp"
#include "governance/decimal.hpp"
#include "governance/rules.hpp"

namespace runink::governance {
namespace {

using enum ChangeKind;

const QualityRule* find(const SchemaObject& object, const std::string& name) {
  for (const QualityRule& rule : object.quality)
    if (rule.name == name) return &rule;
  return nullptr;
}

bool is_error(const QualityRule& rule) { return rule.severity == RuleSeverity::error; }

/// Is every count that `inner` allows allowed by `outer`? True only where that is plain: both in the
/// same unit, and of operators whose order is known.
bool is_within(const Bound& inner, const Bound& outer) {
  const auto order = compare(inner.low, outer.low);
  const auto below = [](Comparison c) { return c == Comparison::less || c == Comparison::at_most; };
  const auto above = [](Comparison c) {
    return c == Comparison::greater || c == Comparison::at_least;
  };
  if (inner == outer) return true;
  if (inner.percent != outer.percent) return false;
  if (inner.comparison == Comparison::is) {
    switch (outer.comparison) {
      case Comparison::less: return order < 0;
      case Comparison::at_most: return order <= 0;
      case Comparison::greater: return order > 0;
      case Comparison::at_least: return order >= 0;
      case Comparison::is_not: return order != 0;
      case Comparison::between: return order > 0 && compare(inner.low, outer.high) < 0;
      default: return false;
    }
  }
  if (below(inner.comparison) && below(outer.comparison))
    return order < 0 || (order == 0 && inner.comparison == Comparison::less);
  if (above(inner.comparison) && above(outer.comparison))
    return order > 0 || (order == 0 && inner.comparison == Comparison::greater);
  if (inner.comparison == Comparison::between && outer.comparison == Comparison::between)
    return order >= 0 && compare(inner.high, outer.high) <= 0;
  if (inner.comparison == Comparison::not_between && outer.comparison == Comparison::not_between)
    return order <= 0 && compare(inner.high, outer.high) >= 0;
  return false;
}

class QualityChanges {
 public:
  QualityChanges(ChangeList& list, const QualityRule& before, const QualityRule& after)
      : list_(list), before_(before), after_(after) {}

  void compare() {
    if (before_.dimension != after_.dimension)
      add(dimension_changed, before_.dimension, after_.dimension);
    if (before_.severity != after_.severity)
      add(is_error(after_) ? severity_raised : severity_changed,
          std::string(to_string(before_.severity)), std::string(to_string(after_.severity)));
    if (before_.metric != after_.metric || before_.columns != after_.columns ||
        before_.query != after_.query || before_.pattern != after_.pattern)
      judged(quality_changed, "", "");
    if (before_.metric == after_.metric) values();
    if (before_.bound != after_.bound) bound();
  }

 private:
  void add(ChangeKind kind, std::string from, std::string to) {
    std::vector<std::string> columns = before_.columns;
    columns.insert(columns.end(), after_.columns.begin(), after_.columns.end());
    list_.add(kind, before_.name, std::move(columns), std::move(from), std::move(to));
  }
  /// A change that rejects nothing while the rule only warns.
  void judged(ChangeKind kind, std::string from, std::string to) {
    add(is_error(after_) ? kind : quality_warning_changed, std::move(from), std::move(to));
  }

  void bound() {
    const bool less = is_within(after_.bound, before_.bound);
    const bool more = is_within(before_.bound, after_.bound);
    // A rule that sets rows apart rejects them; one that is judged as a whole fails the stage.
    judged(more   ? quality_loosened
           : less ? quality_tightened
                  : quality_changed,
           to_text(before_.bound), to_text(after_.bound));
  }

  void values() {
    using Values = std::set<std::optional<std::string>>;
    const Values was(before_.values.begin(), before_.values.end());
    const Values is(after_.values.begin(), after_.values.end());
    const bool added = !std::ranges::includes(was, is), removed = !std::ranges::includes(is, was);
    if (before_.metric == Metric::missing_values) {
      if (added) judged(missing_values_added, "", "");
      if (removed) judged(missing_values_removed, "", "");
      return;
    }
    // A list of valid values where there was none, or none any more, is another rule.
    if (added && before_.values.empty()) return judged(quality_changed, "", "");
    if (removed && after_.values.empty()) return judged(quality_changed, "", "");
    if (added) judged(valid_values_added, "", "");
    if (removed) judged(valid_values_removed, "", "");
  }

  ChangeList& list_;
  const QualityRule& before_;
  const QualityRule& after_;
};

}  // namespace

void compare_quality(ChangeList& list, const SchemaObject& before, const SchemaObject& after) {
  for (const QualityRule& rule : before.quality) {
    const QualityRule* now = find(after, rule.name);
    if (now != nullptr)
      QualityChanges{list, rule, *now}.compare();
    else
      list.add(quality_removed, rule.name, rule.columns, to_text(rule.bound), "");
  }
  for (const QualityRule& rule : after.quality)
    if (find(before, rule.name) == nullptr)
      list.add(is_error(rule) ? quality_added : quality_warning_added, rule.name, rule.columns, "",
               to_text(rule.bound));
}

}  // namespace runink::governance
