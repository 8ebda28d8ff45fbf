// A source with a contract: its files byte for byte, after their columns were compared with it. What
// their rows are worth is for a validate step to say, which must see them as they came.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "steps/byte_order_mark.hpp"
#include "steps/dataset_writer.hpp"
#include "steps/drift.hpp"
#include "steps/mapped_file.hpp"
#include "steps/outside_file.hpp"
#include "steps/record_files.hpp"
#include "steps/source_files.hpp"
#include "vocabulary/text.hpp"

namespace runink::steps {
namespace {

/// A part of a path that every reader and the log can take: well-formed UTF-8 without control
/// characters and without what a step could take for a pattern, cut between two characters.
std::string safe_name(std::string_view name, std::size_t most) {
  std::string safe;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t n = code_point_bytes(name, at);
    if (safe.size() + n > most) break;
    const auto c = static_cast<unsigned char>(name[at]);
    const bool bad = n == 1 && (c < 0x20 || c >= 0x7f || c == '*' || c == '?' || c == '[');
    safe += bad ? "_" : name.substr(at, n);
    at += n;
  }
  return safe;
}

/// The name of a file in the dataset: its own, behind a number when there are several, so that their
/// order stays.
std::string dataset_name(const std::string& path, std::size_t place, std::size_t of,
                         pipeline::Format format) {
  constexpr std::size_t longest = 200;  // with number and ending below the 255 bytes of Linux
  const std::string ending = "." + std::string(to_string(format));
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  name = safe_name(name, longest);
  if (name.empty() || name.starts_with('.')) name.insert(0, "_");
  if (of > 1) {
    const std::string number = std::to_string(place + 1);
    name.insert(0, std::string(5 - std::min<std::size_t>(5, number.size()), '0') + number + "-");
  }
  return name + ending;
}

class RawImport {
 public:
  RawImport(const Job& job, const pipeline::SourceWork& work) : job_(job), work_(work) {}

  Outcome<void> run() {
    auto found = open_source_files(job_, work_);
    if (!found) return std::unexpected(found.error());
    files_ = std::move(*found);
    for (std::size_t i = 0; i < files_.size(); ++i)
      names_.push_back(dataset_name(files_[i].name, i, files_.size(), work_.format));
    if (auto fits = check_names(files_, names_); !fits) return fits;
    auto columns = contract_columns(work_.contract->schema);
    if (!columns) return std::unexpected(columns.error());
    columns_ = std::move(*columns);
    std::vector<std::string> paths;
    for (const SourceFile& file : files_) paths.push_back(file.file.path());
    auto opened = open_engine(job_, paths);
    if (!opened) return std::unexpected(opened.error());
    if (auto done = check_drift(opened->get()); !done) return done;
    if (auto done = copy(); !done) return done;
    return report(opened->get());
  }

 private:
  Outcome<void> check_drift(Engine& engine) {
    Drift drift;
    for (const SourceFile& file : files_) {
      auto found = found_columns(engine, file.file.path(), file.name, work_.format, columns_);
      if (!found) return std::unexpected(found.error());
      add_drift(*found, columns_, work_.format != pipeline::Format::jsonl, drift);
      if (found_.empty()) found_ = std::move(*found);
    }
    job_.report.counter("drift_new", drift.added.size());
    job_.report.counter("drift_missing", drift.missing.size());
    job_.report.counter("drift_retyped", drift.retyped.size());
    job_.report.counter("drift_reordered", drift.reordered);
    if (!drift.any() || !work_.contract->block_on_drift) return {};
    return give_up(
        SliceReason::schema_drift,
        "the files of the source are not what the contract " + to_string(work_.contract->contract) +
            " says: " + to_text(drift) +
            ". Nothing was read. Change the files, or the contract (runi contract apply), or "
            "let drift pass with block_on_drift = false in the herd");
  }

  Outcome<void> copy() {
    const auto folder = output_folder(job_, job_.file.step.outputs.front().value);
    if (!folder) return std::unexpected(folder.error());
    std::uint64_t total = 0, before = 0;
    for (const SourceFile& file : files_) total += file.file.size().value;
    job_.watch.phase(0, 800, total);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      copies_.push_back(*folder + "/" + names_[i]);
      if (auto done = copy_one(files_[i], copies_.back(), before); !done) return done;
      before += files_[i].file.size().value;
    }
    for (SourceFile& file : files_)
      if (auto done = file.file.check_unchanged(); !done) return done;
    return job_.watch.go_on();
  }

  Outcome<void> copy_one(SourceFile& from, const std::string& path, std::uint64_t before) {
    const OwnedFd to{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)};
    if (!to) return failed(path);
    std::uint64_t done = 0;
    return from.file.read_through([&](std::string_view piece) -> Outcome<void> {
      while (!piece.empty()) {
        const ssize_t n = ::write(to.get(), piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(path);
        piece.remove_prefix(static_cast<std::size_t>(n));
        done += static_cast<std::uint64_t>(n);
      }
      job_.watch.advance(before + done);
      return job_.watch.go_on();
    });
  }

  static std::unexpected<Failure> failed(const std::string& path) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return give_up(full ? SliceReason::disk_full : SliceReason::internal,
                   path + " cannot be written: " + std::strerror(error));
  }

  /// Records of all copies, as a validate step will count them.
  Outcome<std::uint64_t> rows(Engine& engine) const {
    std::uint64_t rows = 0;
    if (work_.format == pipeline::Format::parquet) {
      const auto counted = engine.rows("SELECT CAST(count(*) AS VARCHAR) FROM " +
                                       reader_of(work_.format, copies_, Columns::by_name));
      if (!counted) return std::unexpected(counted.error());
      return std::stoull(counted->front()[0].value_or("0"));
    }
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      auto map = MappedFile::open(copies_[i], files_[i].name);
      if (!map) return std::unexpected(map.error());
      const auto counted = work_.format == pipeline::Format::csv
                               ? count_csv(*map, files_[i].name)
                               : Outcome<std::uint64_t>(count_lines(*map));
      if (!counted) return counted;
      rows += *counted;
    }
    return rows;
  }

  static Outcome<std::uint64_t> count_csv(MappedFile& map, const std::string& name) {
    CsvReader reader{map.bytes()};
    if (const auto header = csv_header(reader, name); !header)
      return std::unexpected(header.error());
    std::uint64_t rows = 0;
    for (; reader.next(); ++rows) map.passed(reader.offset());
    return rows;
  }

  static std::uint64_t count_lines(MappedFile& map) {
    std::uint64_t rows = 0;
    for (std::string_view rest = map.bytes().substr(mark_bytes(map.bytes())); !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (rest.substr(0, end).find_first_not_of(" \t\r") != std::string_view::npos) ++rows;
      rest.remove_prefix(std::min(end + 1, rest.size()));
      map.passed(map.bytes().size() - rest.size());
    }
    return rows;
  }

  Outcome<void> report(Engine& engine) {
    job_.watch.phase(800, 1000);
    const auto counted = rows(engine);
    if (!counted) return std::unexpected(counted.error());
    if (auto done = job_.watch.go_on(); !done) return done;
    OutputReport output{job_.file.step.outputs.front(), *counted, 0, {}};
    // The name of a column that the contract does not know may be a value: that of the first record, in
    // a file whose header was forgotten.
    for (const FoundColumn& column : found_)
      if (std::ranges::find(columns_, column.name, &ContractColumn::name) != columns_.end())
        output.columns.push_back({column.name, column.type.empty() ? "VARCHAR" : column.type});
    for (const SourceFile& file : files_)
      job_.report.read({file.name, file.file.size(), file.file.digest()});
    job_.report.output(output);
    return {};
  }

  const Job& job_;
  const pipeline::SourceWork& work_;
  std::vector<SourceFile> files_;
  std::vector<ContractColumn> columns_;
  std::vector<FoundColumn> found_;   // of the first file
  std::vector<std::string> names_;   // of the copies
  std::vector<std::string> copies_;  // their paths
};

}  // namespace

Outcome<void> import_raw(const Job& job, const pipeline::SourceWork& work) {
  return RawImport{job, work}.run();
}

}  // namespace runink::steps
