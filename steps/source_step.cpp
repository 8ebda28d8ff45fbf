// A source imports files: the outside as it was, with the digest of every file read.
#include <sys/resource.h>

#include <algorithm>
#include <optional>

#include "steps/dataset_writer.hpp"
#include "steps/mapped_file.hpp"
#include "steps/run_step.hpp"
#include "steps/source_files.hpp"
#include "steps/text_scan.hpp"
#include "vocabulary/json_text.hpp"
#include "vocabulary/limits.hpp"

namespace runink::steps {
namespace {

/// DuckDB knows the files by their descriptors; people know them by their names.
void name_files(std::string& text, const std::vector<SourceFile>& files) {
  for (std::size_t i = files.size(); i-- > 0;) {
    const std::string path = files[i].file.path();
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
      const auto end = at + path.size();
      if (end < text.size() && text[end] >= '0' && text[end] <= '9') {
        at = end;
        continue;
      }
      text.replace(at, path.size(), files[i].name);
      at += files[i].name.size();
    }
  }
}

/// The number of the first line that is neither blank nor one JSON object.
std::optional<std::uint64_t> first_bad_line(std::string_view bytes) {
  for (std::uint64_t line = 1; !bytes.empty(); ++line) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view one = bytes.substr(0, end);
    if (one.find_first_not_of(" \t\r") != std::string_view::npos &&
        json_kind(one) != JsonKind::object)
      return line;
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return {};
}

class Import {
 public:
  Import(const Job& job, const pipeline::SourceWork& work) : job_(job), work_(work) {}

  Outcome<void> run() {
    if (auto done = find(); !done) return done;
    auto done = read();
    // Half a record is no mistake of a file that somebody cuts while it is read.
    if (!done && done.error().reason != SliceReason::cancelled)
      for (SourceFile& file : files_)
        if (file.file.was_touched()) return file.file.check_unchanged();
    return done;
  }

 private:
  Outcome<void> read() {
    if (auto done = scan(); !done) return done;
    auto done = convert();
    // Damaged bytes of Parquet raise errors of every kind in DuckDB, most of them "internal".
    if (!done && work_.format == pipeline::Format::parquet &&
        done.error().reason == SliceReason::internal)
      done.error().reason = SliceReason::malformed_input;
    if (!done) name_files(done.error().text, files_);
    if (!done && done.error().reason == SliceReason::malformed_input) explain(done.error().text);
    return done;
  }

  Outcome<void> find() {
    auto found = open_source_files(job_, work_);
    if (!found) return std::unexpected(found.error());
    files_ = std::move(*found);
    if (auto fits = check_names(files_, {}); !fits) return fits;
    for (const SourceFile& file : files_) {
      paths_.push_back(file.file.path());
      total_ += file.file.size().value;
    }
    return {};
  }

  Outcome<void> scan() {
    job_.watch.phase(0, 200, total_);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      auto done = records_.read(files_[i].file, files_[i].name, [&](std::uint64_t bytes) {
        job_.watch.advance(bytes);
        return job_.watch.go_on();
      });
      if (!done) return done;
    }
    return records_.finish("the source " + job_.file.step.name.value);
  }

  /// Which file it is, and of JSON lines which line: DuckDB counts them otherwise.
  void explain(std::string& text) const {
    for (const SourceFile& file : files_) {
      if (work_.format != pipeline::Format::jsonl) break;
      const auto map = MappedFile::open(file.file.path(), file.name);
      const auto line = map ? first_bad_line(map->bytes()) : std::nullopt;
      if (!line) continue;
      text = file.name + ", line " + std::to_string(*line) + ": this is not one JSON object";
      return;
    }
    for (const SourceFile& file : files_)
      if (text.find(file.name) != std::string::npos) return;
    text += " (in " + files_.front().name +
            (files_.size() == 1
                 ? ")"
                 : " or one of the " + std::to_string(files_.size() - 1) + " files after it)");
  }

  Outcome<void> convert() {
    const DatasetName& dataset = job_.file.step.outputs.front();
    const auto folder = output_folder(job_, dataset.value);
    if (!folder) return std::unexpected(folder.error());
    auto opened = open_engine(job_, paths_);
    if (!opened) return std::unexpected(opened.error());
    Engine& engine = opened->get();
    const std::string path = *folder + "/part-0.parquet";
    job_.watch.phase(200, 850);
    if (auto done = write_rows(engine, "SELECT * FROM " + reader_of(work_.format, paths_), path,
                               pipeline::Format::parquet);
        !done)
      return done;
    job_.watch.phase(850, 1000);
    auto written = measure(engine, "SELECT * FROM " + reader_of(pipeline::Format::parquet, {path}));
    if (!written) return std::unexpected(written.error());
    if (auto done = records_.check(written->rows, "the source " + job_.file.step.name.value); !done)
      return done;
    for (SourceFile& file : files_)
      if (auto done = file.file.check_unchanged(); !done) return done;
    if (auto done = job_.watch.go_on(); !done) return done;
    for (const SourceFile& file : files_)
      job_.report.read({file.name, file.file.size(), file.file.digest()});
    job_.report.output({dataset, written->rows, written->content_hash, written->columns});
    return {};
  }

  const Job& job_;
  const pipeline::SourceWork& work_;
  TextRecords records_{work_.format};
  std::vector<SourceFile> files_;
  std::vector<std::string> paths_;
  std::uint64_t total_ = 0;
};

}  // namespace

Outcome<std::vector<SourceFile>> open_source_files(const Job& job,
                                                   const pipeline::SourceWork& work) {
  // Every file stays open until the end, and DuckDB opens it once more.
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  const pipeline::Location& location = work.location;
  auto found = location.volume ? open_beneath(job.places.volumes + "/" + location.volume->value,
                                              location.path, "the volume " + location.volume->value)
                               : open_beneath(job.places.bundle, location.path, "the bundle");
  if (!found) return std::unexpected(found.error());
  std::vector<SourceFile> files;
  for (OutsideFile& file : *found) {
    std::string name = pipeline::to_string(pipeline::Location{location.volume, file.name()});
    files.push_back({std::move(file), std::move(name)});
  }
  return files;
}

Outcome<void> check_names(const std::vector<SourceFile>& files,
                          const std::vector<std::string>& copies) {
  // As the codec writes them: a length before each name, a size and a digest behind it.
  constexpr std::size_t each = 4 + 8 + 32;
  std::size_t bytes = 0;
  for (const SourceFile& file : files) bytes += file.name.size() + each;
  for (const std::string& name : copies) bytes += name.size() + each;
  constexpr std::size_t most = (limits::command - KiB(64)).value;
  if (bytes <= most) return {};
  return give_up(
      SliceReason::internal,
      "the names of the " + std::to_string(files.size()) + " files of the source have " +
          std::to_string(bytes) + " bytes with their digests; one commit takes " +
          std::to_string(most) +
          ". Nothing was read. Split the source, join the files, or shorten their names");
}

Outcome<void> run_source(const Job& job, const pipeline::SourceWork& work) {
  if (work.contract) return import_raw(job, work);
  return Import{job, work}.run();
}

}  // namespace runink::steps
