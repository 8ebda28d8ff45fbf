// Records of CSV files or of JSON lines, column by column as a contract names them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/plan.hpp"
#include "steps/column_type.hpp"
#include "steps/csv_reader.hpp"
#include "steps/failure.hpp"
#include "steps/mapped_file.hpp"
#include "vocabulary/json_text.hpp"

namespace runink::steps {

/// One file of an input; `name` is how people know it.
struct InputFile {
  std::string path;
  std::string name;
};

/// What a record says for one column.
struct Cell {
  bool null = true;
  bool stays = false;  ///< the text lies in the file itself
  /// Of JSON: what it is there. `bad` in CSV, where everything is text.
  JsonKind json = JsonKind::bad;
  std::string_view text;
};

/// What is wrong with a record as a whole; the bits of RecordFault and these.
enum : std::uint8_t { too_few_columns = 8, too_many_columns = 16, bad_json = 32 };

/// Records of one CSV file. Columns are found by their names in the header; those that the contract
/// does not name are passed over, those that the file does not have are NULL.
class CsvRecords {
 public:
  /// `bad_header` when the first line names no columns, or one twice.
  static Outcome<CsvRecords> open(std::string_view bytes, const std::string& name,
                                  const std::vector<ContractColumn>& columns);
  bool next() { return reader_.next(); }
  std::uint8_t faults() const;
  Cell cell(std::size_t column);
  std::string_view raw() const { return reader_.raw(); }
  std::size_t offset() const { return reader_.offset(); }
  std::size_t next_offset() const { return reader_.next_offset(); }
  void seek(std::size_t offset) { reader_.seek(offset); }

 private:
  CsvReader reader_;
  std::vector<int> field_of_;  // -1: not in the file
  std::size_t fields_ = 0;
  std::string room_;
};

/// Lines of JSON, one object each; lines of blanks are no records. Keys that the contract does not
/// name are passed over; one that comes twice makes the line `bad_json`.
class JsonRecords {
 public:
  static Outcome<JsonRecords> open(std::string_view bytes, const std::string& name,
                                   const std::vector<ContractColumn>& columns);
  bool next();
  std::uint8_t faults() const { return faults_; }
  Cell cell(std::size_t column) const { return cells_[column]; }
  std::string_view raw() const { return raw_; }
  std::size_t offset() const { return offset_; }
  std::size_t next_offset() const { return at_; }
  void seek(std::size_t offset) { at_ = offset; }

 private:
  void read_members();
  std::optional<std::size_t> column_of(std::size_t member, std::string_view key) const;

  std::string_view bytes_, raw_;
  std::size_t at_ = 0, offset_ = 0;
  std::uint8_t faults_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::vector<JsonMember> members_;
  std::vector<Cell> cells_;
  std::vector<std::string> rooms_;
  std::string key_room_;
};

/// The names in the header of a CSV file, as they stand there; `bad_header` as above.
Outcome<std::vector<std::string>> csv_header(CsvReader& reader, const std::string& name);

/// Where records lie: every 1024th, so that a rejected one is found again.
class RecordIndex {
 public:
  static constexpr std::uint64_t kStep = 1024;
  struct Place {
    std::size_t file = 0;
    std::uint64_t before = 0;  ///< records of the file before it
    std::size_t offset = 0;
  };

  void begin_file() { files_.push_back({records_, {}}); }
  void add(std::size_t offset) {
    if ((records_ - files_.back().first) % kStep == 0) files_.back().offsets.push_back(offset);
    ++records_;
  }
  /// A file whose records are found in another way.
  void add_file(std::uint64_t records) {
    begin_file();
    records_ += records;
  }
  /// Of all files so far.
  std::uint64_t records() const { return records_; }
  /// The file of a record (counted over all files, from 0) and its number in it, from 0.
  std::pair<std::size_t, std::uint64_t> find(std::uint64_t record) const;
  /// The remembered place at or before that record.
  Place near(std::uint64_t record) const;

 private:
  struct File {
    std::uint64_t first = 0;
    std::vector<std::size_t> offsets;
  };
  std::vector<File> files_;
  std::uint64_t records_ = 0;
};

}  // namespace runink::steps
