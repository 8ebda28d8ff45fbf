// `runink_keep(row, ...)`: which rows of a pass stay. The rest is remembered with its rules.
#pragma once

#include <cstdint>
#include <vector>

#include "steps/broken_rows.hpp"
#include "steps/row_checks.hpp"

namespace runink::steps {

struct RowFilter {
  Pass& pass;
  CheckPlan plan;
  /// True: rows that break a rule about a value stay, and are only counted (on_violation = "warn").
  bool values_only_warn = false;
  BrokenRows rejected;
  /// Rows that broke each rule, by the rule's number; a row with a fault breaks no further rule.
  std::vector<std::uint64_t> counted;
  std::uint64_t seen = 0, kept = 0;
  /// The row that must come next: a row that comes twice or not at all is a defect of ours.
  bool in_order = true;
};

/// Makes the function known: its first argument is the row's number, then those of
/// `filter.plan.arguments`. Rows must come in order, each once. `filter` outlives the connection's
/// use.
Outcome<void> register_row_filter(_duckdb_connection* connection, RowFilter& filter);

}  // namespace runink::steps
