// Rules that need other rows or other datasets: checked on the rows that kept all others.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/plan.hpp"
#include "steps/broken_rows.hpp"
#include "steps/engine.hpp"
#include "steps/row_filter.hpp"
#include "steps/run_step.hpp"
#include "steps/validate_input.hpp"

namespace runink::steps {

/// What is left to check after the pass: references, then uniqueness, each among the rows that
/// stand after the rule before it. Of rows with the same key the first stays.
class FollowUp {
 public:
  /// `accepted` is the path of the rows that stayed. All outlive this, and this outlives the
  /// connection's use.
  FollowUp(Engine& engine, const Job& job, const pipeline::ValidateWork& work, RowFilter& filter,
           const InputTables& input, std::string accepted);

  /// Counts the rows that break each rule; if such rows are set apart, writes the accepted file
  /// anew without them.
  Outcome<void> run();
  /// Rows of the input that were set apart by the pass and by these rules, in one list.
  Outcome<BrokenRows> all_rejected();
  std::uint64_t removed() const { return removed_; }
  /// A table of SQL: the rows that stand in the end, under the columns' names and never masked.
  std::string accepted_rows() const;

 private:
  Outcome<void> register_functions();
  Outcome<void> reference(const governance::Rule& rule);
  Outcome<void> unique(const governance::Rule& rule);
  /// Takes the rows that `sql` names, numbers of accepted rows in ascending order.
  Outcome<void> take(const governance::Rule& rule, const std::string& sql);
  Outcome<void> rewrite();
  /// True when the rule is about a column that is masked in the accepted file.
  bool is_masked(const std::vector<std::string>& paths) const;
  /// The rows that the pass accepted: columns n, c0, ...; from the accepted file or, unmasked, from
  /// the input once more, so that no unmasked row is ever written.
  std::string passed(bool unmasked) const;
  /// Those of them that still stand.
  std::string standing(bool unmasked) const;
  Outcome<std::string> expression(const governance::Rule& rule, const std::string& path) const;

  Engine& engine_;
  const Job& job_;
  const pipeline::ValidateWork& work_;
  RowFilter& filter_;
  const InputTables& input_;
  const std::string accepted_;
  std::string named_;            // c0, c1, ... under the columns' names
  std::vector<bool> set_apart_;  // by the pass, by the number of a row of the input
  std::vector<bool> gone_;       // by the number of an accepted row
  BrokenRows found_;             // by the same number
  std::uint64_t removed_ = 0;
};

}  // namespace runink::steps
