// The value rules of a contract, as functions over whole vectors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "governance/contract.hpp"
#include "steps/record_scan.hpp"
#include "steps/vectors.hpp"

namespace runink::steps {

/// A row of a chunk that breaks a rule.
struct Found {
  std::uint32_t row = 0;
  std::uint16_t rule = 0;
};

/// One rule over one argument of the filter.
class Check {
 public:
  virtual ~Check() = default;
  /// Appends the rows that break it.
  virtual void run(const ReadColumn& column, idx_t rows, std::uint16_t rule,
                   std::vector<Found>& found) const = 0;
};

/// Which rule is checked on which argument.
struct RowCheck {
  std::uint16_t rule = 0;
  bool counts_only = false;  ///< of a dataset rule: its rows stay
  std::size_t argument = 0;  ///< in `CheckPlan::arguments`
  std::size_t column = 0;    ///< which column of the contract it is about
  std::unique_ptr<Check> check;
};

/// All value rules of a contract, and the arguments that the filter needs for them: columns "c0", or
/// expressions over them.
struct CheckPlan {
  std::vector<std::string> arguments;
  std::vector<RowCheck> checks;
};

/// Rules about several rows or other datasets (unique, keys, references, duplicates) and about the
/// dataset (row counts, SQL) are left out: they are checked on what was written. `bad_literal` for a
/// limit that is no value of its column.
Outcome<CheckPlan> plan_checks(const governance::SchemaObject& object, const Pass& pass);

/// The SQL of a property by its path: its column, or the text of a part of it. Nothing for a part
/// inside of arrays, which may be there many times.
std::optional<std::string> expression_of(const Pass& pass, const std::string& path);
/// The column that a path begins with; nothing when the contract has none.
std::optional<std::size_t> column_of(const Pass& pass, const std::string& path);

}  // namespace runink::steps
