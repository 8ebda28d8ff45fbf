#include "steps/text_scan.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "governance/ascii.hpp"
#include "steps/byte_order_mark.hpp"
#include "steps/csv_reader.hpp"
#include "steps/source_files.hpp"

namespace runink::steps {
namespace {

/// DuckDB reads no longer line of CSV, and would quote all of it.
constexpr std::uint64_t kLongestRecord = 2'000'000;

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
  const std::uint64_t before = bytes_;
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
    const std::uint64_t offset = before + static_cast<std::uint64_t>(at - bytes.data());
    if (offset > record_begin_ + kLongestRecord) break;
    if (auto done = one(*at++); !done) return done;
    if (at_ == At::record_start || at_ == At::cr) record_begin_ = offset + 1;
  }
  // Bytes up to here belong to one record; in the middle of a file that is met long before its end.
  const std::uint64_t offset = before + static_cast<std::uint64_t>(at - bytes.data());
  if (offset > record_begin_ + kLongestRecord)
    return malformed("the record has more than " + std::to_string(kLongestRecord) +
                     " bytes; is a quote open? A source with a contract sets such records apart");
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
      return malformed("the record has " + std::to_string(fields_) +
                       (fields_ == 1 ? " field" : " fields") + ", the header has " +
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

Outcome<void> Utf8Scan::check(std::string_view bytes) {
  if (is_text(bytes)) {
    line_ += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    return {};
  }
  for (std::string_view line = bytes;; ++line_) {
    const auto end = std::min(line.find('\n'), line.size());
    if (is_text(line.substr(0, end))) {
      line.remove_prefix(std::min(end + 1, line.size()));
      continue;
    }
    const bool zero = line.substr(0, end).find('\0') != std::string_view::npos;
    return give_up(SliceReason::malformed_input,
                   name_ + ", line " + std::to_string(line_) + ": " +
                       (zero ? "a zero byte, as in UTF-16 or in no text at all"
                             : "bytes that are no UTF-8, as in Latin-1") +
                       "; save the file as UTF-8");
  }
}

Outcome<void> Utf8Scan::feed(std::string_view bytes) {
  if (!begun_ && (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")))
    return give_up(SliceReason::malformed_input, name_ + " is UTF-16; save it as UTF-8");
  begun_ = begun_ || !bytes.empty();
  const auto is_inner = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (!open_.empty() && !bytes.empty() && is_inner(bytes.front())) {
    open_ += bytes.front();
    bytes.remove_prefix(1);
  }
  if (!open_.empty() && (!bytes.empty() || open_.size() >= 4)) {
    if (auto done = check(open_); !done) return done;
    open_.clear();
  }
  // What may go on in the next bytes: up to three of them, the first of which begins a code point.
  std::size_t whole = bytes.size();
  while (whole > 0 && bytes.size() - whole < 3 && is_inner(bytes[whole - 1])) --whole;
  if (whole > 0 && static_cast<unsigned char>(bytes[whole - 1]) >= 0xc0 &&
      !is_text(bytes.substr(whole - 1)))
    --whole;
  else
    whole = bytes.size();
  open_ += bytes.substr(whole);
  return check(bytes.substr(0, whole));
}

Outcome<void> Utf8Scan::finish() { return check(open_); }

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
  Utf8Scan utf8{shown};
  bool first = true;
  const bool text = format_ != pipeline::Format::parquet;
  const auto piece = [&](std::string_view bytes) -> Outcome<void> {
    if (first && text && is_compressed(bytes)) return compressed(shown);
    first = false;
    if (text)
      if (auto done = utf8.feed(bytes); !done) return done;
    if (format_ == pipeline::Format::csv)
      if (auto done = csv.feed(bytes); !done) return done;
    if (format_ == pipeline::Format::jsonl)
      if (auto done = jsonl.feed(bytes); !done) return done;
    bytes_ += bytes.size();
    return after ? after(bytes_) : Outcome<void>{};
  };
  if (auto done = file.read_through(piece); !done) return done;
  if (text)
    if (auto done = utf8.finish(); !done) return done;
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
