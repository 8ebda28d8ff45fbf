// A validate step: every record of the input is accepted, with the contract's types, or rejected, with
// the rules that it broke and the text as it was read.
#include <algorithm>

#include "governance/ascii.hpp"
#include "steps/dataset_rules.hpp"
#include "steps/dataset_writer.hpp"
#include "steps/follow_up.hpp"
#include "steps/mapped_file.hpp"
#include "steps/mask_functions.hpp"
#include "steps/reject_scan.hpp"
#include "steps/row_filter.hpp"
#include "steps/run_step.hpp"
#include "steps/validate_input.hpp"

namespace runink::steps {
namespace {
using governance::MaskMethod;

/// Rules beyond this many are reported only when they count something.
constexpr std::size_t kRulesReported = 4'096;

class Validation {
 public:
  Validation(const Job& job, const pipeline::ValidateWork& work) : job_(job), work_(work) {}

  Outcome<void> run() {
    const auto key = key_of(job_);
    if (!key) return std::unexpected(key.error());
    auto opened = open_engine(job_, {});
    if (!opened) return std::unexpected(opened.error());
    Engine& engine = opened->get();
    if (auto done = register_mask_functions(engine.connection(), *key); !done) return done;
    auto input = open_validate_input(engine, job_, work_, pass_);
    if (!input) return std::unexpected(input.error());
    auto done = all(engine, *input);
    // DuckDB tells only the text of what our reader said.
    if (!done && pass_.failure && !job_.watch.cancelled()) return std::unexpected(*pass_.failure);
    return done;
  }

 private:
  Outcome<void> all(Engine& engine, const InputTables& input) {
    const auto& outputs = job_.file.step.outputs;
    if (outputs.size() != 2 || work_.references.size() != work_.rules.references.size())
      return give_up(SliceReason::internal,
                     "a validate step makes two datasets, and knows a "
                     "dataset for each reference of its contract");
    for (const DatasetName& dataset : outputs) {
      const auto folder = output_folder(job_, dataset.value);
      if (!folder) return std::unexpected(folder.error());
      paths_.push_back(*folder + "/part-0.parquet");
    }
    auto plan = plan_checks(work_.rules, pass_);
    if (!plan) return std::unexpected(plan.error());
    auto rejected = BrokenRows::make(job_.places.scratch);
    if (!rejected) return std::unexpected(rejected.error());
    RowFilter filter{.pass = pass_,
                     .plan = std::move(*plan),
                     .values_only_warn = work_.on_violation == pipeline::OnViolation::warn,
                     .rejected = std::move(*rejected)};
    if (auto done = register_row_filter(engine.connection(), filter); !done) return done;
    if (auto done = pass_over(engine, input, filter); !done) return done;
    FollowUp follow{engine, job_, work_, filter, input, paths_[0]};
    job_.watch.phase(600, 750);
    if (auto done = follow.run(); !done) return done;
    const auto counts = count_rules(engine, work_, filter, input, follow.accepted_rows(),
                                    filter.seen, filter.kept - follow.removed());
    if (!counts) return std::unexpected(counts.error());
    auto all_rejected = follow.all_rejected();
    if (!all_rejected) return std::unexpected(all_rejected.error());
    if (auto done = write_rejected(engine, input, *all_rejected); !done) return done;
    return report(engine, filter, *counts);
  }

  /// The one pass over the input.
  Outcome<void> pass_over(Engine& engine, const InputTables& input, RowFilter& filter) {
    std::uint64_t bytes = 0;
    for (const InputFile& file : pass_.files) {
      auto map = MappedFile::open(file.path, file.name);
      if (map) bytes += map->bytes().size();
    }
    const bool text = pass_.format != pipeline::Format::parquet;
    job_.watch.phase(0, 600, text ? bytes : 0);
    pass_.progress = [&](std::uint64_t read) { job_.watch.advance(read); };
    std::string list, arguments = "n";
    for (std::size_t c = 0; c < pass_.columns.size(); ++c)
      list +=
          (c == 0 ? "" : ", ") + accepted_column(c) + " AS " + identifier(pass_.columns[c].name);
    for (const std::string& argument : filter.plan.arguments) arguments += ", " + argument;
    const std::string select =
        "SELECT " + list + " FROM " + input.typed + " WHERE runink_keep(" + arguments + ")";
    if (auto done = write_rows(engine, select, paths_[0], pipeline::Format::parquet); !done)
      return done;
    const std::uint64_t read = pass_.index.records();
    if (filter.in_order && filter.seen == read && pass_.notes.empty()) return {};
    return give_up(SliceReason::internal, "of " + std::to_string(read) + " records " +
                                              std::to_string(filter.seen) +
                                              " were checked; nothing is accepted");
  }

  /// A column of the accepted rows: what a mask step behind this one would make of it.
  std::string accepted_column(std::size_t c) {
    const ContractColumn& column = pass_.columns[c];
    const std::string name = "c" + std::to_string(c);
    const auto method =
        work_.masks_accepted ? mask_of(work_.rejected_masks, column.name) : MaskMethod::keep;
    columns_masked_ += method == MaskMethod::keep ? 0 : 1;
    return masked(method, name, column.type.sql);
  }

  /// A column of the rejected rows: text as it was read, masked as the accepted one is.
  Outcome<std::string> rejected_column(Engine& engine, std::size_t c) {
    const ContractColumn& column = pass_.columns[c];
    const auto method = mask_of(work_.rejected_masks, column.name);
    std::string text = "c" + std::to_string(c);
    if (method == MaskMethod::keep) return text;
    if (method != MaskMethod::redact && !column.type.in_text()) {
      // A mask step sees the value, not how it was written: 007 and 7 have one token.
      if (auto done = register_value_function(engine.connection(), pass_, c); !done)
        return std::unexpected(done.error());
      text = "coalesce(CAST(runink_value_" + std::to_string(c) + "(NULL, " + text +
             ") AS VARCHAR), " + text + ")";
    }
    return masked(method, text, "VARCHAR");
  }

  /// The primary key's values: one as it is, several as a list of JSON.
  std::string row_key(const std::vector<std::string>& columns) const {
    std::vector<std::pair<std::uint16_t, std::string>> keys;
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (const auto place = work_.rules.properties[pass_.columns[c].property].primary_key)
        keys.emplace_back(place, columns[c]);
    std::ranges::stable_sort(keys, {}, &std::pair<std::uint16_t, std::string>::first);
    if (keys.empty()) return "CAST(NULL AS VARCHAR)";
    if (keys.size() == 1) return keys.front().second;
    std::string list;
    for (const auto& [place, text] : keys) list += (list.empty() ? "" : ", ") + text;
    return "CAST(to_json([" + list + "]) AS VARCHAR)";
  }

  Outcome<void> write_rejected(Engine& engine, const InputTables& input, BrokenRows& rejected) {
    // Also by masks of columns that the contract does not have: a record may hold them.
    const bool masks = !work_.rejected_masks.empty();
    std::vector<std::string> columns;
    for (std::size_t c = 0; c < pass_.columns.size(); ++c) {
      auto column = rejected_column(engine, c);
      if (!column) return std::unexpected(column.error());
      columns.push_back(std::move(*column));
    }
    RejectSource source{pass_, rejected, masks};
    if (auto done = register_reject_scan(engine.connection(), source); !done) return done;
    const bool parquet = pass_.format == pipeline::Format::parquet;
    std::string select = "SELECT source_file, source_record, rule, reason, " + row_key(columns) +
                         " AS row_key, all_rules";
    for (std::size_t c = 0; c < columns.size(); ++c)
      select += ", " + columns[c] + " AS " + identifier(rejected_name(pass_.columns[c].name));
    // Unmasked, the record as a whole would tell what its columns hide.
    select += masks || parquet ? ", CAST(NULL AS VARCHAR) AS raw FROM " : ", raw FROM ";
    select += parquet
                  ? "(SELECT * FROM runink_rejects() JOIN " + input.texts + " USING (n) ORDER BY n)"
                  : "runink_rejects()";
    job_.watch.phase(750, 850);
    return write_rows(engine, select, paths_[1], pipeline::Format::parquet);
  }

  /// A column of the contract that is called as one of ours gets a line behind its name.
  std::string rejected_name(const std::string& name) const {
    std::string out = name;
    const auto taken = [&](const std::string& wanted) {
      for (const char* ours :
           {"source_file", "source_record", "rule", "reason", "row_key", "all_rules", "raw"})
        if (governance::same_letters(ours, wanted)) return true;
      return wanted != name && std::ranges::any_of(pass_.columns, [&](const ContractColumn& one) {
               return governance::same_letters(one.name, wanted);
             });
    };
    while (taken(out)) out += '_';
    return out;
  }

  Outcome<void> report(Engine& engine, const RowFilter& filter, const std::vector<Count>& counts) {
    job_.watch.phase(850, 1000);
    std::vector<OutputReport> outputs;
    std::uint64_t rows = 0;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      auto written =
          measure(engine, "SELECT * FROM " + reader_of(pipeline::Format::parquet, {paths_[i]}));
      if (!written) return std::unexpected(written.error());
      rows += written->rows;
      outputs.push_back({job_.file.step.outputs[i], written->rows, written->content_hash,
                         std::move(written->columns)});
    }
    // What a reader of both files will find is all that was read, no more and no less.
    if (rows != filter.seen)
      return give_up(SliceReason::internal,
                     std::to_string(filter.seen) + " records were read, but " +
                         std::to_string(outputs[0].rows) + " accepted and " +
                         std::to_string(outputs[1].rows) + " rejected rows were written");
    if (auto done = job_.watch.go_on(); !done) return done;
    const auto& rules = pass_.numbers.rules;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (rules.size() <= kRulesReported || counts[i].counted > 0 ||
          rules[i].scope == governance::RuleScope::dataset)
        job_.report.quality({rules[i].name, counts[i].counted, counts[i].of});
    job_.report.counter("rows_read", filter.seen);
    job_.report.counter("rows_accepted", outputs[0].rows);
    job_.report.counter("rows_rejected", outputs[1].rows);
    if (work_.masks_accepted) job_.report.counter("columns_masked", columns_masked_);
    for (const OutputReport& output : outputs) job_.report.output(output);
    return {};
  }

  const Job& job_;
  const pipeline::ValidateWork& work_;
  Pass pass_;
  std::vector<std::string> paths_;  // of the accepted and of the rejected rows
  std::uint64_t columns_masked_ = 0;
};

}  // namespace

Outcome<void> run_validate(const Job& job, const pipeline::ValidateWork& work) {
  return Validation{job, work}.run();
}

}  // namespace runink::steps
