#include "steps/text_scan.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "governance/ascii.hpp"
#include "steps/byte_order_mark.hpp"
#include "steps/source_files.hpp"

namespace runink::steps {
namespace {

/// Bytes that mean something in a plain field.
constexpr bool special(char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; }

}  // namespace

std::unexpected<Failure> CsvScan::malformed(const std::string& what) const {
  return give_up(SliceReason::malformed_input,
                 name_ + ", line " + std::to_string(record_line_) + ": " + what);
}

Outcome<void> CsvScan::feed(std::string_view bytes) {
  if (bytes_ == 0) {
    bytes_ = mark_bytes(bytes);
    bytes.remove_prefix(mark_bytes(bytes));
  }
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  bytes_ += bytes.size();
  while (at < end) {
    if (header_done_ && at_ == At::plain) {
      while (at < end && !special(*at)) ++at;
      if (at == end) break;
    } else if (header_done_ && at_ == At::quoted) {
      const char* stop =
          static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
      if (!stop) stop = end;
      line_ += static_cast<std::uint64_t>(std::count(at, stop, '\n'));
      at = stop;
      if (at == end) break;
    }
    if (auto done = one(*at++); !done) return done;
  }
  return {};
}

Outcome<void> CsvScan::one(char c) {
  if (at_ == At::cr) {
    if (c != '\n') --record_line_;
    if (c != '\n') return malformed("a carriage return stands without a line feed after it");
    at_ = At::record_start;
    return {};
  }
  if (at_ == At::quoted) {
    if (c == '"') at_ = At::quote_seen;
    if (c == '\n') ++line_;
    if (!header_done_ && c != '"') field_ += c;
    return {};
  }
  if (at_ == At::quote_seen && c == '"') {
    if (!header_done_) field_ += c;
    at_ = At::quoted;
    return {};
  }
  if (c == ',') {
    end_field();
    at_ = At::field_start;
    return {};
  }
  if (c == '\n' || c == '\r') {
    if (auto done = end_record(); !done) return done;
    at_ = c == '\r' ? At::cr : At::record_start;
    return {};
  }
  if (at_ == At::quote_seen)
    return malformed(
        "text follows the closing quote of a field; a quote inside a field is doubled");
  if (c == '"') {
    if (at_ == At::plain)
      return malformed("a quote stands inside a field that does not begin with one");
    at_ = At::quoted;
    return {};
  }
  at_ = At::plain;
  if (!header_done_) field_ += c;
  return {};
}

void CsvScan::end_field() {
  ++fields_;
  if (header_done_) return;
  header_.push_back(field_);
  field_.clear();
}

Outcome<void> CsvScan::end_record() {
  if (at_ == At::record_start) {
    if (!header_done_)
      return give_up(SliceReason::bad_header,
                     name_ + " begins with a blank line; its first line must name the columns");
    ++blank_lines_;
  } else {
    end_field();
    if (!header_done_) {
      header_done_ = true;
      if (auto good = check_header(); !good) return good;
    } else if (fields_ != header_.size()) {
      return malformed("the record has " + std::to_string(fields_) + " fields, the header has " +
                       std::to_string(header_.size()));
    } else {
      ++records_;
    }
  }
  fields_ = 0;
  record_line_ = ++line_;
  return {};
}

Outcome<void> CsvScan::check_header() const {
  std::set<std::string> seen;
  for (const std::string& column : header_) {
    if (column.empty())
      return give_up(SliceReason::bad_header,
                     name_ + ": a column of the header has no name; every column needs one");
    if (!seen.insert(governance::ascii_lower(column)).second)
      return give_up(SliceReason::bad_header, name_ + ": the header names the column \"" + column +
                                                  "\" twice (names compare without case)");
  }
  if (header_.size() == 1 && header_[0].find_first_of(";\t|") != std::string::npos)
    return give_up(SliceReason::bad_header,
                   name_ + ": the header has no comma; fields must be separated by commas");
  return {};
}

Outcome<void> CsvScan::finish() {
  if (at_ == At::quoted)
    return malformed("a quoted field is not closed before the end of the file");
  if (at_ != At::record_start && at_ != At::cr)
    if (auto done = end_record(); !done) return done;
  if (!header_done_)
    return give_up(SliceReason::bad_header,
                   name_ + " is empty; its first line must name the columns");
  return {};
}

Outcome<void> JsonlScan::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      end_line();
    } else if (!filled_ && c != ' ' && c != '\t' && c != '\r') {
      if (c != '{')
        return give_up(SliceReason::malformed_input, name_ + ", line " + std::to_string(line_) +
                                                         ": a line of JSON must be one object");
      filled_ = true;
    }
  }
  return {};
}

bool is_compressed(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b") || bytes.starts_with("\x28\xb5\x2f\xfd");
}

std::unexpected<Failure> compressed(const std::string& name) {
  return give_up(SliceReason::malformed_input,
                 name + " is compressed; a source reads plain files, so decompress it first");
}

Outcome<void> TextRecords::read(OutsideFile& file, const std::string& shown,
                                const std::function<Outcome<void>(std::uint64_t)>& after) {
  CsvScan csv{shown};
  JsonlScan jsonl{shown};
  bool first = true;
  const auto piece = [&](std::string_view bytes) -> Outcome<void> {
    if (first && format_ != pipeline::Format::parquet &&
        is_compressed(bytes))
      return compressed(shown);
    first = false;
    if (format_ == pipeline::Format::csv)
      if (auto done = csv.feed(bytes); !done) return done;
    if (format_ == pipeline::Format::jsonl)
      if (auto done = jsonl.feed(bytes); !done) return done;
    bytes_ += bytes.size();
    return after ? after(bytes_) : Outcome<void>{};
  };
  if (auto done = file.read_through(piece); !done) return done;
  if (format_ == pipeline::Format::csv) {
    if (auto done = csv.finish(); !done) return done;
    if (header_.empty()) header_ = csv.header();
    if (header_ != csv.header())
      return give_up(SliceReason::bad_header,
                     shown +
                         " has another header than the files before it; all files of one "
                         "dataset must name the same columns in the same order");
    records_ += csv.records();
    if (header_.size() == 1) maybe_ += csv.blank_lines();
  } else if (format_ == pipeline::Format::jsonl) {
    jsonl.finish();
    records_ += jsonl.records();
  }
  return {};
}

Outcome<void> TextRecords::finish(const std::string& shown) const {
  if (format_ != pipeline::Format::jsonl || records_ > 0) return {};
  return give_up(SliceReason::malformed_input,
                 shown +
                     " holds no line of JSON, so its columns are unknown; a dataset without "
                     "rows can be written as CSV with a header, or as Parquet");
}

Outcome<void> TextRecords::check(std::uint64_t rows, const std::string& shown) const {
  if (format_ == pipeline::Format::parquet) return {};
  if (rows >= records_ && rows <= records_ + maybe_) return {};
  return give_up(SliceReason::malformed_input,
                 shown + ": " + std::to_string(rows) + " rows were read, but the files hold " +
                     std::to_string(records_) + " records; nothing was written");
}

}  // namespace runink::steps
