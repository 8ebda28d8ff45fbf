// Schema drift: how the columns of a file differ from those of its contract. It is found before a row
// is read.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "pipeline/plan.hpp"
#include "steps/column_type.hpp"
#include "steps/engine.hpp"
#include "steps/outside_file.hpp"

namespace runink::steps {

/// A column as a file has it; `type` is DuckDB's spelling, empty where the format says none (CSV).
/// `fits` tells that it is of the contract's type, whatever its own is called.
struct FoundColumn {
  std::string name;
  std::string type;
  bool fits = true;
};

struct Drift {
  std::set<std::string> added;    ///< in a file, not in the contract
  std::set<std::string> missing;  ///< in the contract, not in a file
  std::set<std::string> retyped;  ///< of another type
  std::uint64_t reordered = 0;    ///< files that have the columns in another order
  bool any() const {
    return !added.empty() || !missing.empty() || !retyped.empty() || reordered > 0;
  }
};

/// Adds the drift of one file. Names compare exactly: "Id" is not "id". With `ordered` false the order
/// means nothing (JSON).
void add_drift(const std::vector<FoundColumn>& found, const std::vector<ContractColumn>& contract,
               bool ordered, Drift& drift);

/// The columns of one file: the header of CSV, the schema of Parquet, the keys of all
/// lines of JSON. There a column has another type when none of its values fits. `name` is how people
/// know the file. `bad_header` for a CSV file whose first line names no columns.
Outcome<std::vector<FoundColumn>> found_columns(Engine& engine, const std::string& path,
                                                const std::string& name, pipeline::Format format,
                                                const std::vector<ContractColumn>& contract);

/// "new columns a, b; missing column c", for the log of the slice.
std::string to_text(const Drift& drift);

}  // namespace runink::steps
