// A sql step: one SELECT over the inputs, its result as Parquet.
#include <algorithm>

#include "steps/dataset_writer.hpp"
#include "steps/run_step.hpp"
#include "steps/sql_analysis.hpp"
#include "steps/sql_text.hpp"

namespace runink::steps {
namespace {

/// The compiler asked the same questions; here they are asked again, of the text that will run.
Outcome<std::string> checked_select(Engine& engine, const Job& job, const std::string& text) {
  const auto reading = analyse(engine, text);
  if (!reading) return std::unexpected(reading.error());
  if (!reading->faults.empty()) return give_up(SliceReason::syntax, reading->faults.front().what);
  const auto same = [](std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
      const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
      return fold(x) == fold(y);
    });
  };
  for (const auto& table : reading->tables)
    if (!std::ranges::any_of(job.file.step.inputs, [&](const DatasetName& input) {
          return same(input.value, table.name);
        }))
      return give_up(SliceReason::unknown_table,
                     "the SQL reads \"" + table.name + "\", which is no input of the step");
  const auto place = statements_of(text).front();
  return text.substr(place.begin, place.end - place.begin);
}

}  // namespace

Outcome<void> run_sql(const Job& job, const pipeline::SqlWork& work) {
  const DatasetName& dataset = job.file.step.outputs.front();
  auto opened = open_engine(job, {});
  if (!opened) return std::unexpected(opened.error());
  Engine& engine = opened->get();
  const auto select = checked_select(engine, job, work.text);
  if (!select) return std::unexpected(select.error());
  for (const DatasetName& input : job.file.step.inputs)
    if (auto made = view_input(engine, job, input); !made) return made;
  if (auto good = engine.check(*select); !good) return good;
  const auto folder = output_folder(job, dataset.value);
  if (!folder) return std::unexpected(folder.error());
  const std::string path = *folder + "/part-0." + std::string(to_string(work.format));
  job.watch.phase(0, 850);
  if (auto done = write_rows(engine, *select, path, work.format); !done) return done;
  job.watch.phase(850, 1000);
  const auto written = measure(engine, "SELECT * FROM " + reader_of(work.format, {path}));
  if (!written) return std::unexpected(written.error());
  if (auto done = job.watch.go_on(); !done) return done;
  job.report.output({dataset, written->rows, written->content_hash, written->columns});
  return {};
}

}  // namespace runink::steps
