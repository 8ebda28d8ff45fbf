// The slice report's form: what a program may say about its work on RUNINK_REPORT, one JSON object
// a line, every line at most `limits::report_line`. Unknown keys are ignored, unknown objects are
// counted and dropped. The lines, with their fields:
//
//   {"progress": {"permille": 420, "rows": 1200000}}       how far, for people; the last one counts
//   {"output":   {"dataset": "netted", "rows": 12, "content_hash": "<16 hex>",
//                 "columns": [{"name": "net", "type": "DECIMAL(38,2)"}]}}
//   {"read":     {"path": "lake:/trades/a.csv", "bytes": 120, "sha256": "<64 hex>"}}
//   {"counter":  {"name": "rows_read", "value": 1000}}
//   {"quality":  {"rule": "required(email)", "counted": 3, "of": 1000}}   of validate steps
//   {"failed":   {"reason": "bad_value"}}                  a SliceReason; texts go to the log
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "vocabulary/digest.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink {

struct Column {
  std::string name;
  std::string type;  ///< DuckDB's spelling, "DECIMAL(18,2)"
  friend bool operator==(const Column&, const Column&) = default;
  static auto fields(auto& self) { return std::tie(self.name, self.type); }
};

/// Why a built-in step gave up: codes, because texts quote data and never enter the log.
enum class SliceReason : std::uint8_t {
  none = 0,
  syntax = 1,
  unknown_column = 2,
  ambiguous = 3,
  unknown_table = 4,
  unknown_function = 5,
  type_mismatch = 6,
  bad_literal = 7,
  bad_value = 8,
  overflow = 9,
  raised = 10,
  out_of_memory = 11,
  temp_full = 12,
  disk_full = 13,
  input_missing = 14,
  forbidden_file = 15,
  cancelled = 16,
  internal = 17,
  bad_header = 18,
  malformed_input = 19,
  no_output = 20,          ///< the step ended well and wrote nothing to a declared dataset
  bad_output = 21,         ///< a link, device, fifo or undeclared folder in the outputs
  input_changed = 22,      ///< a file of a volume changed while it was read
  contract_violated = 23,  ///< rows or a dataset broke its contract, and that fails the step
  schema_drift = 24,       ///< a file's columns are not those of its contract
  key_missing = 25,        ///< a step that masks with the herd's key was not given it
};

/// Each reason with its stable name, in the order of the numbers.
inline constexpr std::pair<SliceReason, std::string_view> slice_reasons[] = {
    {SliceReason::none, "none"},
    {SliceReason::syntax, "syntax"},
    {SliceReason::unknown_column, "unknown_column"},
    {SliceReason::ambiguous, "ambiguous"},
    {SliceReason::unknown_table, "unknown_table"},
    {SliceReason::unknown_function, "unknown_function"},
    {SliceReason::type_mismatch, "type_mismatch"},
    {SliceReason::bad_literal, "bad_literal"},
    {SliceReason::bad_value, "bad_value"},
    {SliceReason::overflow, "overflow"},
    {SliceReason::raised, "raised"},
    {SliceReason::out_of_memory, "out_of_memory"},
    {SliceReason::temp_full, "temp_full"},
    {SliceReason::disk_full, "disk_full"},
    {SliceReason::input_missing, "input_missing"},
    {SliceReason::forbidden_file, "forbidden_file"},
    {SliceReason::cancelled, "cancelled"},
    {SliceReason::internal, "internal"},
    {SliceReason::bad_header, "bad_header"},
    {SliceReason::malformed_input, "malformed_input"},
    {SliceReason::no_output, "no_output"},
    {SliceReason::bad_output, "bad_output"},
    {SliceReason::input_changed, "input_changed"},
    {SliceReason::contract_violated, "contract_violated"},
    {SliceReason::schema_drift, "schema_drift"},
    {SliceReason::key_missing, "key_missing"},
};
constexpr bool known(SliceReason reason) { return static_cast<std::uint8_t>(reason) <= 25; }
constexpr std::string_view to_string(SliceReason reason) {
  return known(reason) ? slice_reasons[static_cast<std::uint8_t>(reason)].second : "unknown";
}

/// What was said of one output dataset.
struct OutputReport {
  DatasetName dataset;
  std::uint64_t rows = 0;
  /// Order-insensitive hash over the rows; see docs/adr for its definition. 0 when not given.
  std::uint64_t content_hash = 0;
  std::vector<Column> columns;
  friend bool operator==(const OutputReport&, const OutputReport&) = default;
  static auto fields(auto& self) {
    return std::tie(self.dataset, self.rows, self.content_hash, self.columns);
  }
};

/// One outside file that a source imported.
struct FileRead {
  std::string path;  ///< as the pipeline names it, without data in it
  Bytes size;
  Digest digest;
  friend bool operator==(const FileRead&, const FileRead&) = default;
  static auto fields(auto& self) { return std::tie(self.path, self.size, self.digest); }
};

/// What a validate step counted for one rule of its contract; `judge` in governance/ says what
/// `counted` and `of` mean.
struct QualityReport {
  std::string rule;  ///< its name in the contract's list of rules
  std::uint64_t counted = 0;
  std::uint64_t of = 0;
  friend bool operator==(const QualityReport&, const QualityReport&) = default;
  static auto fields(auto& self) { return std::tie(self.rule, self.counted, self.of); }
};

/// All lines of one slice together.
struct SliceReport {
  std::uint16_t permille = 0;
  std::uint64_t rows = 0;
  std::vector<OutputReport> outputs;
  std::vector<FileRead> read;
  std::map<std::string, std::uint64_t> counters;
  std::vector<QualityReport> quality;
  SliceReason reason = SliceReason::none;
  /// Lines that could not be understood or came past a limit.
  std::uint64_t lines_dropped = 0;
  friend bool operator==(const SliceReport&, const SliceReport&) = default;
};

}  // namespace runink
