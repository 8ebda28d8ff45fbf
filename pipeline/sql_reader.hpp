// The port through which a pipeline learns what a SQL text reads. Only DuckDB's parser knows SQL,
// and a stranger's SQL is never parsed inside the daemon: `runink-step analyse` serves this port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink::pipeline {

/// One SQL text, templates already rendered.
struct SqlQuestion {
  std::string text;
  friend bool operator==(const SqlQuestion&, const SqlQuestion&) = default;
  static auto fields(auto& self) { return std::tie(self.text); }
};

/// A dataset that the text reads: a table name that is no CTE of the text. Every mention counts.
struct SqlTable {
  std::string name;      ///< as the text spells it, without quotes; names compare without case
  std::uint32_t at = 0;  ///< byte offset in the text
  friend bool operator==(const SqlTable&, const SqlTable&) = default;
  static auto fields(auto& self) { return std::tie(self.name, self.at); }
};

/// Why a text is not one SELECT over datasets.
struct SqlFault {
  std::string what;                 ///< a sentence for a person; may quote the SQL text
  std::optional<std::uint32_t> at;  ///< byte offset in the text, where one is known
  std::uint32_t length = 1;         ///< bytes to underline
  friend bool operator==(const SqlFault&, const SqlFault&) = default;
  static auto fields(auto& self) { return std::tie(self.what, self.at, self.length); }
};

/// In `SqlColumn::from`: any column of what the text reads.
inline constexpr std::string_view any_column = "*";

/// A column that a text makes, in its result or in a query inside it. Names are in small letters.
struct SqlColumn {
  std::string name;               ///< empty: its name cannot be told
  std::vector<std::string> from;  ///< columns whose values its values are made of, sorted
  friend bool operator==(const SqlColumn&, const SqlColumn&) = default;
  static auto fields(auto& self) { return std::tie(self.name, self.from); }
};

/// What was read out of one text. All but `faults` counts only when there are none.
struct SqlReading {
  std::vector<SqlTable> tables;
  std::vector<SqlFault> faults;
  /// Columns that get a new name or new values, those of inner queries before those of outer ones;
  /// all others keep their names. Told by names alone, so rather too much than too little.
  std::vector<SqlColumn> makes = {};
  /// The columns of the result by their places; empty where a star hides them.
  std::vector<SqlColumn> gives = {};
  friend bool operator==(const SqlReading&, const SqlReading&) = default;
  static auto fields(auto& self) {
    return std::tie(self.tables, self.faults, self.makes, self.gives);
  }
};

class SqlReader {
 public:
  virtual ~SqlReader() = default;
  /// One reading for each question, in their order. A fault means that the reader itself could not
  /// work (`outside_failed`, `out_of_time`), never that a text is wrong.
  virtual Result<std::vector<SqlReading>> read(const std::vector<SqlQuestion>& questions) = 0;
};

}  // namespace runink::pipeline
