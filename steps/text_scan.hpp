// Reads CSV and JSON lines beside DuckDB, to count the records that DuckDB must give, and to name
// the line of a malformed one. DuckDB's reader was seen to lose rows without a word when told to
// go on after mistakes, and to name no line when it cannot tell the dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/plan.hpp"
#include "steps/failure.hpp"
#include "steps/outside_file.hpp"

namespace runink::steps {

/// CSV as RFC 4180 has it: commas, double quotes, a header, every record as long as the header;
/// lines end in \n or \r\n. Blank lines between records are skipped. Give it all bytes of a file
/// in order, then `finish`.
class CsvScan {
 public:
  /// `name` is how messages call the file.
  explicit CsvScan(std::string name) : name_(std::move(name)) {}
  Outcome<void> feed(std::string_view bytes);
  Outcome<void> finish();

  const std::vector<std::string>& header() const { return header_; }
  /// Records after the header, without blank lines.
  std::uint64_t records() const { return records_; }
  /// Blank lines after the header; in a file of one column a blank line may be a NULL.
  std::uint64_t blank_lines() const { return blank_lines_; }

 private:
  enum class At : std::uint8_t { record_start, field_start, plain, quoted, quote_seen, cr };
  Outcome<void> one(char c);
  void end_field();
  Outcome<void> end_record();
  Outcome<void> check_header() const;
  std::unexpected<Failure> malformed(const std::string& what) const;

  std::string name_;
  At at_ = At::record_start;
  bool header_done_ = false;
  std::string field_;  // of the header
  std::vector<std::string> header_;
  std::size_t fields_ = 0;
  std::uint64_t line_ = 1, record_line_ = 1;
  std::uint64_t records_ = 0, blank_lines_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t record_begin_ = 0;
};

/// That a file is text in UTF-8 (RFC 3629) without zero bytes. Give it all bytes in order, then `finish`.
class Utf8Scan {
 public:
  explicit Utf8Scan(std::string name) : name_(std::move(name)) {}
  /// `malformed_input` with the line of the first byte that is no text, or for UTF-16.
  Outcome<void> feed(std::string_view bytes);
  Outcome<void> finish();

 private:
  Outcome<void> check(std::string_view bytes);

  std::string name_;
  std::string open_;  // the beginning of a code point whose rest comes with the next bytes
  std::uint64_t line_ = 1;
  bool begun_ = false;
};

/// JSON lines: one object a line; blank lines are skipped.
class JsonlScan {
 public:
  explicit JsonlScan(std::string name) : name_(std::move(name)) {}
  /// Only looks at how each line begins; DuckDB reads the rest.
  Outcome<void> feed(std::string_view bytes);
  void finish() { end_line(); }
  std::uint64_t records() const { return records_; }

 private:
  void end_line() {
    records_ += filled_ ? 1 : 0;
    filled_ = false;
    ++line_;
  }
  std::string name_;
  std::uint64_t line_ = 1;
  bool filled_ = false;
  std::uint64_t records_ = 0;
};

/// The records of all files of one dataset together.
class TextRecords {
 public:
  explicit TextRecords(pipeline::Format format) : format_(format) {}

  /// Reads one file through, hashing it; `shown` is how messages call it. All CSV files must have
  /// the same header. `after` is called with the bytes read so far and may stop the reading.
  Outcome<void> read(OutsideFile& file, const std::string& shown,
                     const std::function<Outcome<void>(std::uint64_t)>& after);
  /// After the last file: JSON lines without one line have no columns, which is `malformed_input`.
  Outcome<void> finish(const std::string& shown) const;
  /// `malformed_input` when DuckDB's `rows` are not these records.
  Outcome<void> check(std::uint64_t rows, const std::string& shown) const;

 private:
  pipeline::Format format_;
  std::vector<std::string> header_;
  std::uint64_t records_ = 0;
  std::uint64_t maybe_ = 0;  // blank lines of one-column files, which may be NULLs
  std::uint64_t bytes_ = 0;
};

}  // namespace runink::steps
