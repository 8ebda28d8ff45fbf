// Records of CSV as RFC 4180 has them, strictly; what is malformed is a record too, with its faults,
// so that nothing vanishes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runink::steps {

struct CsvField {
  const char* data = nullptr;
  std::uint32_t size = 0;
  bool quoted = false;
  bool doubled = false;  ///< holds doubled quotes: see `text`

  /// What the field says. `room` holds it when it is not in the file as it stands.
  std::string_view text(std::string& room) const;
  /// An empty field without quotes is NULL.
  bool null() const { return size == 0 && !quoted; }
};

/// Bits of `CsvReader::faults`.
enum RecordFault : std::uint8_t {
  bad_quoting = 1,  ///< a stray quote or carriage return, or a quoted field that is never closed
  bad_utf8 = 2,     ///< bytes that are no UTF-8 text; a NUL is none
  too_long = 4      ///< more than limits::record
};

/// Fields are separated by commas, records by LF or CRLF; a field may be quoted, and a quote in it is
/// doubled. A line without any byte is no record, except where records have one column: there it is
/// an empty field.
///
/// A record of more than `limits::record`, or one whose quote is not closed before the end of the
/// file, is its first physical line alone, with a fault and without fields; the next one begins
/// after that line. So one stray quote costs one record, not the rest of the file.
class CsvReader {
 public:
  CsvReader() = default;
  /// `bytes` is a whole file and must outlive the reader. A UTF-8 byte order mark is skipped.
  explicit CsvReader(std::string_view bytes);

  /// From here on a line without any byte is a record.
  void one_column() { one_column_ = true; }
  /// Goes to the next record; false at the end of the file.
  bool next();
  /// The next record begins at this offset.
  void seek(std::size_t offset) { at_ = bytes_.data() + offset; }

  std::span<const CsvField> fields() const { return fields_; }
  std::uint8_t faults() const { return faults_; }
  /// The record as it stands in the file, without its line end.
  std::string_view raw() const;
  /// Where the record begins, and where the one after it can begin.
  std::size_t offset() const { return static_cast<std::size_t>(begin_ - bytes_.data()); }
  std::size_t next_offset() const { return static_cast<std::size_t>(at_ - bytes_.data()); }

 private:
  const char* plain(const char* at, CsvField& field);
  const char* quoted(const char* at, CsvField& field);
  bool record();
  void first_line_only(std::uint8_t fault);

  std::string_view bytes_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::vector<CsvField> fields_;
  std::uint8_t faults_ = 0;
  bool one_column_ = false;
};

/// True for UTF-8 (RFC 3629: no surrogates, nothing longer than needed) without a NUL.
bool is_text(std::string_view bytes);

}  // namespace runink::steps
