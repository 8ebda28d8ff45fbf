#include "steps/follow_up.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "duckdb.h"
#include "steps/dataset_writer.hpp"
#include "steps/mask_functions.hpp"
#include "steps/vectors.hpp"

namespace runink::steps {
namespace {
using governance::Rule;
using governance::RuleReason;
using governance::RuleScope;

/// Is this row in none of the lists?
void remains(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output) {
  const auto& gone =
      *static_cast<const std::vector<bool>*>(duckdb_scalar_function_get_extra_info(info));
  const ReadColumn rows{duckdb_data_chunk_get_vector(chunk, 0)};
  auto* out = static_cast<bool*>(duckdb_vector_get_data(output));
  for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); ++i) {
    const auto row = static_cast<std::uint64_t>(rows.at<std::int64_t>(i));
    out[i] = row < gone.size() && !gone[row];
  }
}

Outcome<void> register_remains(duckdb_connection connection, const char* name,
                               std::vector<bool>& gone) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name);
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_scalar_function_add_parameter(function, number);
  duckdb_destroy_logical_type(&number);
  duckdb_logical_type result = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_scalar_function_set_return_type(function, result);
  duckdb_destroy_logical_type(&result);
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_extra_info(function, &gone, nullptr);
  duckdb_scalar_function_set_function(function, remains);
  const auto done = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (done == DuckDBSuccess) return {};
  return give_up(SliceReason::internal, std::string("DuckDB refuses the function ") + name);
}

/// Both lists as one; their rows differ.
Outcome<BrokenRows> merged(const BrokenRows& one, const BrokenRows& two,
                           const std::string& folder) {
  auto all = BrokenRows::make(folder);
  if (!all) return all;
  BrokenRows::Cursor a{one}, b{two};
  while (a.get() || b.get()) {
    BrokenRows::Cursor& first = !b.get() || (a.get() && a.get()->row < b.get()->row) ? a : b;
    all->append(first.get()->row, first.get()->rules);
    first.next();
  }
  if (!a.good() || !b.good())
    return give_up(SliceReason::internal, "the list of rejected rows cannot be read back");
  if (auto done = all->flush(); !done) return std::unexpected(done.error());
  return all;
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

}  // namespace

FollowUp::FollowUp(Engine& engine, const Job& job, const pipeline::ValidateWork& work,
                   RowFilter& filter, const InputTables& input, std::string accepted)
    : engine_(engine),
      job_(job),
      work_(work),
      filter_(filter),
      input_(input),
      accepted_(std::move(accepted)),
      gone_(filter.kept, false) {
  for (std::size_t c = 0; c < filter.pass.columns.size(); ++c)
    named_ += (c == 0 ? "c" : ", c") + std::to_string(c) + " AS " +
              identifier(filter.pass.columns[c].name);
}

Outcome<void> FollowUp::register_functions() {
  if (auto done = register_remains(engine_.connection(), "runink_stands", gone_); !done)
    return done;
  if (!work_.masks_accepted) return {};
  if (auto done = filter_.rejected.flush(); !done) return done;
  set_apart_.assign(filter_.seen, false);
  BrokenRows::Cursor row{filter_.rejected};
  for (; row.get(); row.next()) set_apart_[row.get()->row] = true;
  if (!row.good())
    return give_up(SliceReason::internal, "the list of rejected rows cannot be read back");
  return register_remains(engine_.connection(), "runink_passed", set_apart_);
}

Outcome<void> FollowUp::run() {
  auto found = BrokenRows::make(job_.places.scratch);
  if (!found) return std::unexpected(found.error());
  found_ = std::move(*found);
  if (auto done = register_functions(); !done) return done;
  std::set<std::string> viewed;
  for (const Rule& rule : filter_.pass.numbers.rules) {
    if (rule.reason != RuleReason::no_such_reference) continue;
    const DatasetName& parent = work_.references[rule.reference];
    if (viewed.insert(parent.value).second)
      if (auto made = view_input(engine_, job_, parent); !made) return made;
    if (auto done = reference(rule); !done) return done;
  }
  for (const Rule& rule : filter_.pass.numbers.rules) {
    const bool unique_rows = rule.reason == RuleReason::not_unique ||
                             rule.reason == RuleReason::duplicate_key ||
                             rule.reason == RuleReason::duplicate_value;
    if (!unique_rows || rule.scope != RuleScope::row) continue;
    if (auto done = unique(rule); !done) return done;
  }
  return removed_ > 0 ? rewrite() : Outcome<void>{};
}

bool FollowUp::is_masked(const std::vector<std::string>& paths) const {
  if (!work_.masks_accepted) return false;
  return std::ranges::any_of(paths, [&](const std::string& path) {
    const auto column = column_of(filter_.pass, path);
    return column && mask_of(work_.rejected_masks, filter_.pass.columns[*column].name) !=
                         governance::MaskMethod::keep;
  });
}

std::string FollowUp::passed(bool unmasked) const {
  std::string list;
  for (std::size_t c = 0; c < filter_.pass.columns.size(); ++c) {
    const std::string name = "c" + std::to_string(c);
    list +=
        unmasked ? ", " + name : ", " + identifier(filter_.pass.columns[c].name) + " AS " + name;
  }
  const std::string rows = unmasked ? input_.quiet + " AS input WHERE runink_passed(input.n)"
                                    : reader_of(pipeline::Format::parquet, {accepted_});
  return "(SELECT row_number() OVER () - 1 AS n" + list + " FROM " + rows + ")";
}

std::string FollowUp::standing(bool unmasked) const {
  const std::string rows = passed(unmasked);
  return removed_ == 0 ? rows : "(SELECT * FROM " + rows + " WHERE runink_stands(n))";
}

std::string FollowUp::accepted_rows() const {
  if (!work_.masks_accepted) return reader_of(pipeline::Format::parquet, {accepted_});
  return "(SELECT " + named_ + " FROM " + standing(true) + ")";
}

Outcome<std::string> FollowUp::expression(const Rule& rule, const std::string& path) const {
  if (auto found = expression_of(filter_.pass, path)) return *found;
  return give_up(SliceReason::unknown_column, "the contract's rule \"" + rule.name +
                                                  "\" is about \"" + path +
                                                  "\", which is no column and no member of one");
}

Outcome<void> FollowUp::reference(const Rule& rule) {
  const governance::Reference& reference = work_.rules.references[rule.reference];
  if (reference.columns.size() != reference.to_columns.size())
    return give_up(SliceReason::bad_literal,
                   "the contract's reference \"" + rule.name +
                       "\" has other numbers of columns on its two sides");
  std::vector<std::string> keys, there, parents, known;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const auto key = expression(rule, reference.columns[i]);
    if (!key) return std::unexpected(key.error());
    const auto column = column_of(filter_.pass, reference.columns[i]);
    const bool whole = key->find('(') == std::string::npos;
    const std::string type = whole ? filter_.pass.columns[*column].type.sql : "VARCHAR";
    keys.push_back(*key);
    there.push_back(*key + " IS NOT NULL");
    parents.push_back("TRY_CAST(" + identifier(reference.to_columns[i]) + " AS " + type + ")");
    known.push_back(parents.back() + " IS NOT NULL");
  }
  const bool one = keys.size() == 1;
  const std::string parent = identifier(work_.references[rule.reference].value);
  return take(rule, "SELECT n FROM " + standing(is_masked(reference.columns)) + " WHERE " +
                        joined(there, " AND ") + " AND " +
                        (one ? keys[0] : "row(" + joined(keys, ", ") + ")") + " NOT IN (SELECT " +
                        (one ? parents[0] : "row(" + joined(parents, ", ") + ")") + " FROM " +
                        parent + " WHERE " + joined(known, " AND ") + ") ORDER BY n");
}

Outcome<void> FollowUp::unique(const Rule& rule) {
  std::vector<std::string> keys, there;
  for (const std::string& path : rule.columns) {
    const auto key = expression(rule, path);
    if (!key) return std::unexpected(key.error());
    keys.push_back(*key);
    there.push_back(*key + " IS NOT NULL");
  }
  if (keys.empty())
    return give_up(SliceReason::unknown_column,
                   "the contract's rule \"" + rule.name + "\" names no column");
  return take(rule, "SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY " +
                        joined(keys, ", ") + " ORDER BY n) AS again FROM " +
                        standing(is_masked(rule.columns)) + " WHERE " + joined(there, " AND ") +
                        ") WHERE again > 1 ORDER BY n");
}

Outcome<void> FollowUp::take(const Rule& rule, const std::string& sql) {
  auto found = BrokenRows::make(job_.places.scratch);
  if (!found) return std::unexpected(found.error());
  std::uint64_t count = 0;
  const auto done = engine_.numbers(sql, [&](std::int64_t row) {
    found->append(static_cast<std::uint64_t>(row), {&rule.number, 1});
    ++count;
  });
  if (!done) return done;
  if (auto flushed = found->flush(); !flushed) return flushed;
  filter_.counted[rule.number] += count;
  if (count == 0 || filter_.values_only_warn) return {};
  for (BrokenRows::Cursor row{*found}; row.get(); row.next()) gone_[row.get()->row] = true;
  if (auto flushed = found_.flush(); !flushed) return flushed;
  auto all = merged(found_, *found, job_.places.scratch);
  if (!all) return std::unexpected(all.error());
  found_ = std::move(*all);
  removed_ += count;
  return {};
}

Outcome<void> FollowUp::rewrite() {
  const std::string anew = accepted_ + ".anew";
  if (auto done = write_rows(engine_, "SELECT " + named_ + " FROM " + standing(false), anew,
                             pipeline::Format::parquet);
      !done)
    return done;
  std::error_code error;
  std::filesystem::rename(anew, accepted_, error);
  if (error) return give_up(SliceReason::internal, anew + " cannot be renamed: " + error.message());
  return {};
}

Outcome<BrokenRows> FollowUp::all_rejected() {
  if (auto done = filter_.rejected.flush(); !done) return std::unexpected(done.error());
  if (removed_ == 0) return std::move(filter_.rejected);
  // The n-th row that stayed is the n-th of the input without those that the pass set apart.
  auto numbered = BrokenRows::make(job_.places.scratch);
  if (!numbered) return numbered;
  BrokenRows::Cursor apart{filter_.rejected};
  std::uint64_t before = 0;
  BrokenRows::Cursor row{found_};
  for (; row.get(); row.next()) {
    while (apart.get() && apart.get()->row <= row.get()->row + before) {
      ++before;
      apart.next();
    }
    numbered->append(row.get()->row + before, row.get()->rules);
  }
  if (!row.good() || !apart.good())
    return give_up(SliceReason::internal, "the list of rejected rows cannot be read back");
  if (auto done = numbered->flush(); !done) return std::unexpected(done.error());
  return merged(filter_.rejected, *numbered, job_.places.scratch);
}

}  // namespace runink::steps
