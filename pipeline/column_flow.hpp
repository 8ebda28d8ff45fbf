// Where the values of columns stand: behind SQL they may have another name. Everything here errs to
// one side: a column that may hold a value to be masked counts as one that does.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "governance/masking.hpp"
#include "pipeline/sql_reader.hpp"

namespace runink::pipeline {

/// Masks of columns, by the column's name in small letters.
using Masks = std::map<std::string, governance::ColumnMask>;

/// Adds a demand for a column; of two for one column the stricter stays.
void demand(Masks& masks, const governance::ColumnMask& mask);

/// The mask of a column, or null. DuckDB numbers the columns of a result that share a name, so that
/// "email_1" may be another "email".
const governance::ColumnMask* mask_for(const Masks& masks, std::string_view column);

/// What is known of the columns of a dataset by their names, which stand here in small letters.
struct Columns {
  Masks open;                                       ///< the herd wants them masked, and nobody has
  Masks masked;                                     ///< masked already
  std::optional<std::set<std::string>> names = {};  ///< of all columns; nothing = not known
  bool may_hold(const std::string& name) const;
};
/// Of all inputs: what is open in one is open, and what is masked must be masked in each that may have
/// such a column.
Columns together(const std::vector<const Columns*>& inputs);

/// The columns that a SQL text makes of those of all its inputs together.
struct Flow {
  Columns columns;
  /// False: the text puts values that are open into columns whose names cannot be told.
  bool followed = true;
};
/// `by_field`: the herd's rules for columns of these names, which also count for new columns, unless
/// these are made of masked columns alone.
Flow flow_of(const SqlReading& reading, const Columns& inputs,
             const std::map<std::string, governance::MaskMethod>& by_field);

/// False only when no value of the text's result is made of a column that is open.
bool tells(const SqlReading& reading, Masks open);

}  // namespace runink::pipeline
