// The input of a validate step as rows that SQL can read, whatever its format.
#pragma once

#include <string>

#include "steps/record_scan.hpp"
#include "steps/run_step.hpp"

namespace runink::steps {

/// SQL tables of an input, with the columns n (the row, counted over all files, from 0) and c0, c1,
/// ...
struct InputTables {
  std::string typed;  ///< columns of the contract's types; broken values are noted
  std::string quiet;  ///< the same once more, without notes
  std::string texts;  ///< of Parquet: columns as VARCHAR
};

/// Fills `pass` (files, format, columns, rule numbers) and makes its functions known to `engine`.
/// `schema_drift` when a file has no column of the contract. The header of each CSV file is checked
/// before a row is read.
Outcome<InputTables> open_validate_input(Engine& engine, const Job& job,
                                         const pipeline::ValidateWork& work, Pass& pass);

}  // namespace runink::steps
