// A mask step: its input as Parquet, with some columns made unreadable.
#include <algorithm>

#include "governance/ascii.hpp"
#include "steps/dataset_writer.hpp"
#include "steps/mask_functions.hpp"
#include "steps/run_step.hpp"

namespace runink::steps {
namespace {

Outcome<void> check_required(const pipeline::MaskWork& work, const std::vector<Column>& columns) {
  for (const std::string& name : work.required) {
    bool there = false;
    for (const Column& column : columns) there |= governance::same_letters(column.name, name);
    if (!there)
      return give_up(SliceReason::unknown_column, "the step masks \"" + name +
                                                      "\", and the input " + work.input.value +
                                                      " has no such column; nothing was written");
  }
  return {};
}

bool copied(const pipeline::MaskWork& work, std::string_view column) {
  return work.only.empty() || std::ranges::any_of(work.only, [&](const std::string& name) {
           return governance::same_letters(name, column);
         });
}

/// Where no contract tells the columns, a result of SQL may have several of one name, which DuckDB
/// numbers: "email_1" is masked as "email".
governance::MaskMethod method_for(const pipeline::MaskWork& work, std::string_view column) {
  const auto method = mask_of(work.masks, column);
  if (method != governance::MaskMethod::keep || !work.only.empty()) return method;
  const std::size_t digits = column.find_last_not_of("0123456789");
  if (digits == std::string_view::npos || digits == 0 || digits + 1 == column.size() ||
      (column[digits] != '_' && column[digits] != ':'))
    return method;
  return mask_of(work.masks, column.substr(0, digits));
}

}  // namespace

Outcome<void> run_mask(const Job& job, const pipeline::MaskWork& work) {
  const DatasetName& dataset = job.file.step.outputs.front();
  const auto key = key_of(job);
  if (!key) return std::unexpected(key.error());
  auto opened = open_engine(job, {});
  if (!opened) return std::unexpected(opened.error());
  Engine& engine = opened->get();
  if (auto done = register_mask_functions(engine.connection(), *key); !done) return done;
  if (auto made = view_input(engine, job, work.input); !made) return made;
  const std::string input = "SELECT * FROM " + identifier(work.input.value);
  const auto columns = columns_of(engine, input);
  if (!columns) return std::unexpected(columns.error());
  if (auto there = check_required(work, *columns); !there) return there;
  std::string list;
  std::uint64_t masks = 0;
  for (const Column& column : *columns) {
    if (!copied(work, column.name)) continue;
    const auto method = method_for(work, column.name);
    masks += method == governance::MaskMethod::keep ? 0 : 1;
    const std::string name = identifier(column.name);
    list += (list.empty() ? "" : ", ") + masked(method, name, column.type) + " AS " + name;
  }
  if (list.empty())
    return give_up(SliceReason::unknown_column,
                   "the input " + work.input.value + " has no column of its contract");
  const auto folder = output_folder(job, dataset.value);
  if (!folder) return std::unexpected(folder.error());
  const std::string path = *folder + "/part-0.parquet";
  job.watch.phase(0, 850);
  const std::string select = "SELECT " + list + " FROM " + identifier(work.input.value);
  if (auto done = write_rows(engine, select, path, pipeline::Format::parquet); !done) return done;
  job.watch.phase(850, 1000);
  const auto written =
      measure(engine, "SELECT * FROM " + reader_of(pipeline::Format::parquet, {path}));
  if (!written) return std::unexpected(written.error());
  if (auto done = job.watch.go_on(); !done) return done;
  job.report.counter("columns_masked", masks);
  job.report.output({dataset, written->rows, written->content_hash, written->columns});
  return {};
}

}  // namespace runink::steps
