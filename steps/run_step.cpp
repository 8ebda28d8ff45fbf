#include "steps/run_step.hpp"

#include <algorithm>
#include <filesystem>

#include "steps/dataset_writer.hpp"
#include "steps/outside_file.hpp"
#include "steps/text_scan.hpp"
#include "vocabulary/names.hpp"

namespace runink::steps {
namespace fs = std::filesystem;
using pipeline::Format;

namespace {

/// Spill when the step asks for no disk of its own.
constexpr Bytes kSpillMax = GiB(64);

std::optional<Format> format_of(const fs::path& file) {
  const std::string extension = file.extension().string();
  if (extension == ".parquet") return Format::parquet;
  if (extension == ".csv") return Format::csv;
  if (extension == ".jsonl") return Format::jsonl;
  return {};
}

/// The records of all files of an input of CSV or JSON lines.
Outcome<TextRecords> records_of(const DatasetName& dataset, Format format,
                                const std::string& folder) {
  auto files = open_beneath(folder, "*", "the input " + dataset.value);
  if (!files) return std::unexpected(files.error());
  TextRecords records{format};
  for (OutsideFile& file : *files)
    if (auto done = records.read(file, dataset.value + "/" + file.name(), {}); !done)
      return std::unexpected(done.error());
  if (auto done = records.finish("the input " + dataset.value); !done)
    return std::unexpected(done.error());
  return records;
}

Outcome<std::uint64_t> rows_of(Engine& engine, const DatasetName& dataset) {
  const auto rows = engine.rows("SELECT count(*)::VARCHAR FROM " + identifier(dataset.value));
  if (!rows) return std::unexpected(rows.error());
  return std::stoull(rows->front()[0].value_or("0"));
}

/// `checked.rejected` is written without quotes: as the table `rejected` of the schema `checked`.
Outcome<void> view_rejected(Engine& engine, const DatasetName& dataset) {
  if (!dataset.value.ends_with(rejected_ending)) return {};
  const std::size_t dot = dataset.value.size() - rejected_ending.size();
  const std::string schema = identifier(dataset.value.substr(0, dot));
  if (auto made = engine.execute("CREATE SCHEMA IF NOT EXISTS " + schema); !made) return made;
  return engine.execute("CREATE VIEW " + schema + "." + identifier(dataset.value.substr(dot + 1)) +
                        " AS SELECT * FROM " + identifier(dataset.value));
}

}  // namespace

Outcome<WatchedEngine> open_engine(const Job& job, const std::vector<std::string>& files) {
  const Bytes disk = job.file.step.needs.disk;
  EngineLimits limits{.memory = job.file.memory_limit,
                      .spill_folder = job.places.scratch,
                      .spill_max = disk.value > 0 ? disk : kSpillMax,
                      .folders = {job.places.out + "/"},
                      .files = files};
  for (const DatasetName& input : job.file.step.inputs)
    limits.folders.push_back(job.places.in + "/" + input.value + "/");
  auto engine = Engine::open(limits);
  if (!engine) return std::unexpected(engine.error());
  return WatchedEngine{*std::move(engine), job.watch};
}

Outcome<InputFiles> input_files(const Job& job, const DatasetName& dataset) {
  const std::string folder = job.places.in + "/" + dataset.value;
  std::error_code error;
  InputFiles files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto one = format_of(entry.path());
    if (!one)
      return give_up(SliceReason::malformed_input,
                     "the input " + dataset.value + " holds the file " +
                         entry.path().filename().string() +
                         ", whose extension is not .parquet, .csv or .jsonl");
    if (!files.paths.empty() && files.format != *one)
      return give_up(SliceReason::malformed_input,
                     "the input " + dataset.value +
                         " holds files of several formats; a step must "
                         "write one dataset in one format");
    files.format = *one;
    files.paths.push_back(entry.path().string());
  }
  if (error || files.paths.empty())
    return give_up(SliceReason::input_missing,
                   "the input " + dataset.value + " holds no file in " + folder);
  std::ranges::sort(files.paths);
  // A file of a folder is named in full: a name with a "*" must not be taken for a pattern.
  for (const std::string& path : files.paths)
    if (path.find_first_of("*?[") != std::string::npos)
      return give_up(SliceReason::malformed_input,
                     "the input " + dataset.value + " holds a file with *, ? or [ in its name");
  return files;
}

Outcome<void> view_input(Engine& engine, const Job& job, const DatasetName& dataset) {
  const auto files = input_files(job, dataset);
  if (!files) return std::unexpected(files.error());
  const Format format = files->format;
  const std::string view = "CREATE VIEW " + identifier(dataset.value) + " AS SELECT * FROM " +
                           reader_of(format, files->paths);
  if (format == Format::parquet) {
    if (auto made = engine.execute(view); !made) return made;
    return view_rejected(engine, dataset);
  }
  const auto records = records_of(dataset, format, job.places.in + "/" + dataset.value);
  if (!records) return std::unexpected(records.error());
  if (auto made = engine.execute(view); !made) return made;
  const auto rows = rows_of(engine, dataset);
  if (!rows) return std::unexpected(rows.error());
  return records->check(*rows, "the input " + dataset.value);
}

Outcome<std::string> output_folder(const Job& job, const std::string& dataset) {
  const std::string folder = job.places.out + "/" + dataset;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return give_up(SliceReason::internal, folder + " cannot be made: " + error.message());
  return folder;
}

Outcome<void> run_step(const Job& job) {
  struct Kinds {
    const Job& job;
    Outcome<void> operator()(const pipeline::SourceWork& work) { return run_source(job, work); }
    Outcome<void> operator()(const pipeline::SqlWork& work) { return run_sql(job, work); }
    Outcome<void> operator()(const pipeline::SinkWork& work) { return run_sink(job, work); }
    Outcome<void> operator()(const pipeline::ExecWork&) {
      return give_up(SliceReason::internal, "an exec step runs its own program, not runink-step");
    }
    Outcome<void> operator()(const pipeline::ValidateWork& work) { return run_validate(job, work); }
    Outcome<void> operator()(const pipeline::MaskWork& work) { return run_mask(job, work); }
  };
  auto done = std::visit(Kinds{job}, job.file.step.work);
  if (!done && job.watch.cancelled()) return job.watch.go_on();
  return done;
}

}  // namespace runink::steps
