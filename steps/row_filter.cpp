#include "steps/row_filter.hpp"

#include <algorithm>

#include "duckdb.h"

namespace runink::steps {
namespace {
using governance::RuleReason;

/// One chunk of rows through the rules.
class Filtering {
 public:
  Filtering(RowFilter& filter, duckdb_data_chunk chunk)
      : filter_(filter),
        pass_(filter.pass),
        count_(duckdb_data_chunk_get_size(chunk)),
        rows_(duckdb_data_chunk_get_vector(chunk, 0)) {
    for (idx_t c = 1; c < duckdb_data_chunk_get_column_count(chunk); ++c)
      arguments_.emplace_back(duckdb_data_chunk_get_vector(chunk, c));
  }

  void run(bool* keep) {
    if (count_ == 0) return;
    std::fill(keep, keep + count_, true);
    check_order();
    take_notes();
    for (const RowCheck& check : filter_.plan.checks) {
      auto& found = check.counts_only ? counts_only_ : found_;
      const std::size_t before = found.size();
      check.check->run(arguments_[check.argument], count_, check.rule, found);
      if (!notes_.empty()) drop_needless(found, before, check);
    }
    count_datasets();
    judge(keep);
  }

 private:
  std::uint64_t number(idx_t row) const {
    return static_cast<std::uint64_t>(rows_.at<std::int64_t>(row));
  }

  void check_order() {
    for (idx_t i = 0; i < count_; ++i) filter_.in_order &= number(i) == filter_.seen + i;
    filter_.seen += count_;
    filter_.kept += count_;
  }

  /// The reader's notes about the rows of this chunk, by row.
  void take_notes() {
    auto& notes = pass_.notes;
    if (notes.empty()) return;
    const std::uint64_t first = number(0);
    const auto after = std::partition(notes.begin(), notes.end(), [&](const Note& note) {
      return note.row <= first + count_ - 1;
    });
    for (auto note = notes.begin(); note != after; ++note) {
      filter_.in_order &= note->row >= first;
      if (note->row < first) continue;
      notes_.push_back({static_cast<std::uint32_t>(note->row - first), note->rule});
    }
    notes.erase(notes.begin(), after);
    sort(notes_);
  }

  static void sort(std::vector<Found>& found) {
    const auto key = [](const Found& f) { return std::pair{f.row, f.rule}; };
    std::ranges::sort(found, {}, key);
    const auto rest = std::ranges::unique(found, {}, key);
    found.erase(rest.begin(), rest.end());
  }

  bool noted(std::uint32_t row, std::uint16_t rule) const {
    return std::ranges::binary_search(notes_, std::pair{row, rule}, {}, [](const Found& f) {
      return std::pair{f.row, f.rule};
    });
  }
  /// The record as a whole is malformed: nothing is known of its values.
  bool malformed(std::uint32_t row) const {
    const auto first = std::ranges::lower_bound(notes_, row, {}, &Found::row);
    return first != notes_.end() && first->row == row &&
           first->rule < pass_.numbers.first_value_rule;
  }

  /// A value that is not of its type is NULL here, but it was there; and it is no valid value.
  void drop_needless(std::vector<Found>& found, std::size_t before, const RowCheck& check) {
    const RuleReason reason = pass_.numbers.rules[check.rule].reason;
    const std::uint16_t type = pass_.numbers.type_of[check.column];
    const auto needless = [&](const Found& one) {
      if (malformed(one.row)) return true;
      const bool of_null = reason == RuleReason::not_null || reason == RuleReason::null_value ||
                           reason == RuleReason::missing_value;
      return of_null && noted(one.row, type);
    };
    found.erase(
        std::remove_if(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(), needless),
        found.end());
    if (reason != RuleReason::invalid_value) return;
    for (const Found& note : notes_)
      if (note.rule == type) found.push_back({note.row, check.rule});
  }

  void count_datasets() {
    // What the reader noted for rules that only count.
    std::erase_if(notes_, [&](const Found& note) {
      const bool counts = pass_.numbers.rules[note.rule].scope == governance::RuleScope::dataset;
      if (counts) counts_only_.push_back(note);
      return counts;
    });
    sort(counts_only_);
    for (const Found& one : counts_only_) ++filter_.counted[one.rule];
  }

  void judge(bool* keep) {
    found_.insert(found_.end(), notes_.begin(), notes_.end());
    if (found_.empty()) return;
    sort(found_);
    std::vector<std::uint16_t> rules;
    for (std::size_t at = 0; at < found_.size();) {
      const std::uint32_t row = found_[at].row;
      rules.clear();
      bool unreadable = false;
      for (; at < found_.size() && found_[at].row == row; ++at) {
        rules.push_back(found_[at].rule);
        ++filter_.counted[found_[at].rule];
        unreadable |= found_[at].rule < pass_.numbers.first_value_rule ||
                      pass_.numbers.rules[found_[at].rule].reason == RuleReason::bad_type;
      }
      if (filter_.values_only_warn && !unreadable) continue;
      keep[row] = false;
      --filter_.kept;
      filter_.rejected.append(number(row), rules);
    }
  }

  RowFilter& filter_;
  Pass& pass_;
  const idx_t count_;
  const ReadColumn rows_;
  std::vector<ReadColumn> arguments_;
  std::vector<Found> notes_, found_, counts_only_;
};

void keep(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output) {
  auto& filter = *static_cast<RowFilter*>(duckdb_scalar_function_get_extra_info(info));
  Filtering{filter, chunk}.run(static_cast<bool*>(duckdb_vector_get_data(output)));
}

}  // namespace

Outcome<void> register_row_filter(duckdb_connection connection, RowFilter& filter) {
  filter.counted.assign(filter.pass.numbers.rules.size(), 0);
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "runink_keep");
  duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
  duckdb_scalar_function_set_varargs(function, any);
  duckdb_destroy_logical_type(&any);
  duckdb_logical_type result = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_scalar_function_set_return_type(function, result);
  duckdb_destroy_logical_type(&result);
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_special_handling(function);
  duckdb_scalar_function_set_extra_info(function, &filter, nullptr);
  duckdb_scalar_function_set_function(function, keep);
  const auto done = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (done == DuckDBSuccess) return {};
  return give_up(SliceReason::internal, "DuckDB refuses the function runink_keep");
}

}  // namespace runink::steps
