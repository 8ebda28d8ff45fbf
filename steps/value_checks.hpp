// Rules on one value, whatever it is part of.
#pragma once

#include <memory>

#include "governance/contract.hpp"
#include "governance/rules.hpp"
#include "steps/column_type.hpp"
#include "steps/pattern_match.hpp"
#include "steps/row_checks.hpp"

namespace runink::steps {

/// A check made of a predicate `bool operator()(const ReadColumn&, idx_t row) const`; NULL breaks
/// only what has `sees_null`, and nothing else breaks what has `sees_only_null`.
template <class Predicate>
class CheckOf final : public Check {
 public:
  explicit CheckOf(Predicate predicate) : predicate_(std::move(predicate)) {}
  void run(const ReadColumn& column, idx_t rows, std::uint16_t rule,
           std::vector<Found>& found) const override {
    if constexpr (requires { Predicate::sees_only_null; })
      if (!column.validity) return;
    for (idx_t i = 0; i < rows; ++i) {
      if constexpr (!requires { Predicate::sees_null; })
        if (column.null(i)) continue;
      if (predicate_(column, i)) found.push_back({static_cast<std::uint32_t>(i), rule});
    }
  }

 private:
  Predicate predicate_;
};

template <class Predicate>
std::unique_ptr<Check> check_of(Predicate predicate) {
  return std::make_unique<CheckOf<Predicate>>(std::move(predicate));
}

/// The check of one rule of a property with `type`; null when the rule is no matter of single values.
/// Patterns are not checked here: their argument says whether the text matches.
Outcome<std::unique_ptr<Check>> value_check(const governance::Rule& rule,
                                            const governance::SchemaObject& object,
                                            const governance::Property& property,
                                            const ColumnType& type);

/// `inner` on every value that `path` (behind the column) leads to in the column's JSON. `inner` null:
/// the kind of JSON must fit `type`.
std::unique_ptr<Check> part_check(const std::string& path, const ColumnType& type,
                                  std::unique_ptr<Check> inner);

/// Items or members of JSON: how many there are, whether items repeat, whether members are missing.
std::unique_ptr<Check> json_check(const governance::Rule& rule,
                                  const governance::TypeOptions& options);

/// Breaks where the pattern matches nowhere in the text.
std::unique_ptr<Check> pattern_check(PatternMatch pattern);

/// Breaks where a pattern's argument is false: of patterns that DuckDB must check.
std::unique_ptr<Check> false_check();

}  // namespace runink::steps
