// Writes the rows of a SELECT to one file and tells what was written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/plan.hpp"
#include "steps/engine.hpp"
#include "steps/watch.hpp"

namespace runink::steps {

struct Written {
  std::uint64_t rows = 0;
  std::uint64_t content_hash = 0;
  std::vector<Column> columns;
};

/// Names and types of the columns that `select` gives.
Outcome<std::vector<Column>> columns_of(Engine& engine, const std::string& select);

/// What `select` gives, counted and hashed (docs/adr/0005-content-hash.md).
Outcome<Written> measure(Engine& engine, const std::string& select);

/// Writes `select` to `path`, which must not exist. HUGEINT columns become DECIMAL(38,0), because
/// Parquet would hold them as DOUBLE; a column name that comes twice is refused. Order is kept.
Outcome<void> write_rows(Engine& engine, const std::string& select, const std::string& path,
                         pipeline::Format format);

/// How the columns of several Parquet files make one table: `same` takes those of the first file,
/// and a file that lacks one is a fault; `by_name` takes all, with NULL where a file has none.
enum class Columns : std::uint8_t { same = 1, by_name = 2 };
/// A FROM that reads files of one format strictly: nothing is skipped, repaired or guessed beyond
/// the types of CSV and JSON columns, which are taken from every row of every file.
std::string reader_of(pipeline::Format format, const std::vector<std::string>& paths,
                      Columns columns = Columns::same);

}  // namespace runink::steps
