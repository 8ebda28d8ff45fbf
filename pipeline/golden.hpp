// Rows as texts, and what is different between those that a test expects and those that came out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runink::pipeline {

/// Nothing = NULL.
using Cell = std::optional<std::string>;

struct TextTable {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;  ///< each as long as `columns`
  friend bool operator==(const TextTable&, const TextTable&) = default;
};

/// CSV (RFC 4180) with a header, as a sql step writes it: a field that is empty is NULL, one that is
/// `""` an empty text. The error says in which line what is wrong.
std::expected<TextTable, std::string> read_csv(std::string_view text);
/// JSON lines: a column for each key, in the order in which the keys come; what a line leaves out is
/// NULL. Cells are JSON in the one form that equal values have: 1.50 and 15e-1 are the same, exactly,
/// and "1" another. The error says in which line what is wrong.
std::expected<TextTable, std::string> read_json_lines(std::string_view text);
/// The same bytes that a sql step would write.
std::string write_csv(const TextTable& table);
/// Only these columns, in this order; the error names the first one that is not there.
std::expected<TextTable, std::string> only_columns(const TextTable& table,
                                                   const std::vector<std::string>& columns);

enum class RowChange : std::uint8_t {
  missing = 1,     ///< expected, and not there
  unexpected = 2,  ///< there, and not expected
  different = 3    ///< an expected row that most likely is one that is there, with other values
};

struct RowDifference {
  RowChange change = RowChange::missing;
  /// Places in the tables, from 0; of a missing or unexpected row only one means something.
  std::size_t expected = 0;
  std::size_t got = 0;
};

struct Differences {
  std::vector<std::string> missing_columns;
  std::vector<std::string> unexpected_columns;
  /// In the order of the expected rows, unexpected ones at the end. None while columns differ.
  std::vector<RowDifference> rows;
  /// Of an ordered comparison of equal rows: the first place at which they stand otherwise.
  std::optional<std::size_t> order;
  bool none() const {
    return missing_columns.empty() && unexpected_columns.empty() && rows.empty() && !order;
  }
  std::size_t count(RowChange change) const;
};

/// Columns are found by name, in any order; rows as a bag, in which equal rows count. What is left
/// on both sides is paired, the most similar first found; rows that agree in less than half of their
/// columns are no pair.
Differences differences_of(const TextTable& expected, const TextTable& got, bool ordered);

/// For people: a line for each difference, with names of columns, at most `most` of them and then how
/// many more, and of one row at most 40 columns; "" when there is none. `- ` begins what is missing,
/// `+ ` what is unexpected, `~ ` what is different.
std::string text_of(const Differences& differences, const TextTable& expected, const TextTable& got,
                    std::size_t most);

}  // namespace runink::pipeline
