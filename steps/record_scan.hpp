// Records as a table of DuckDB, with the contract's types: `runink_records(quiet)`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "steps/record_files.hpp"
#include "steps/rule_numbers.hpp"

struct _duckdb_connection;
struct _duckdb_logical_type;

namespace runink::steps {

/// A rule that a reader found broken while it read, before any filter saw the row.
struct Note {
  std::uint64_t row = 0;
  std::uint16_t rule = 0;
};

/// What a pass over an input shares between its reader, which is below, and the filter above.
struct Pass {
  std::vector<InputFile> files;
  pipeline::Format format = pipeline::Format::csv;
  std::vector<ContractColumn> columns;
  RuleNumbers numbers;
  /// Told from time to time how many bytes of all files were read.
  std::function<void(std::uint64_t)> progress;

  RecordIndex index;        ///< made by the pass
  std::vector<Note> notes;  ///< the filter takes those of the rows that it has seen
  /// Columns of which the function runink_value_<i> is known.
  std::set<std::size_t> value_functions;
  /// Why the reader gave up: DuckDB's own error is only its text.
  std::optional<Failure> failure;
};

/// Makes the table function known: columns "n" BIGINT (counted over all files, from 0) and "c0",
/// "c1", ... with the types of `pass.columns`. Every record is a row. What does not fit its type is
/// NULL and noted; of a record with a fault all columns are NULL. With quiet = true nothing is noted
/// or indexed, and only columns that are asked for are parsed. `pass` outlives the connection's use.
Outcome<void> register_record_scan(_duckdb_connection* connection, Pass& pass);

/// `runink_value_<i>(row BIGINT, text VARCHAR)` for columns of Parquet that have another type than
/// the contract: the value of the text, or NULL and a note; with row NULL nothing is noted. Asking
/// twice is fine.
Outcome<void> register_value_function(_duckdb_connection* connection, Pass& pass,
                                      std::size_t column);

/// The type of a column for the C API; to be destroyed.
_duckdb_logical_type* logical_type_of(const ColumnType& type);

/// Whether a value of JSON can be one of the column; `bad` stands for CSV, where everything is text.
bool fits_json(const ColumnType& type, JsonKind json);

/// Notes that `column` of `row` holds what is not of its type; `text` is what it holds.
void note_bad_value(Pass& pass, std::uint64_t row, std::size_t column, std::string_view text);

}  // namespace runink::steps
