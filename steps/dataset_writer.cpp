#include "steps/dataset_writer.hpp"

#include <algorithm>
#include <set>

#include "steps/row_hash.hpp"

namespace runink::steps {
namespace {

/// The type in which a column can be written without loss.
std::string storable(std::string type) {
  for (const std::string_view name : {"UHUGEINT", "HUGEINT"})
    for (auto at = type.find(name); at != std::string::npos; at = type.find(name))
      type.replace(at, name.size(), "DECIMAL(38,0)");
  return type;
}

/// Rows of a row group, which the writer holds in memory: fewer where there are many columns.
std::size_t row_group_size(std::size_t columns) {
  constexpr std::size_t rows = 122'880, vector = 2'048, few_columns = 100;
  if (columns <= few_columns) return rows;
  return std::max(vector, rows * few_columns / columns / vector * vector);
}

/// `select`, cast where its types cannot be stored as they are.
Outcome<std::string> storable_select(const std::vector<Column>& columns,
                                     const std::string& select) {
  std::set<std::string> seen;
  std::string list;
  bool cast = false;
  for (const Column& column : columns) {
    std::string folded = column.name;
    for (char& c : folded)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!seen.insert(folded).second)
      return give_up(SliceReason::ambiguous, "two columns of the result are called \"" +
                                                 column.name + "\"; give one another name with AS");
    const std::string type = storable(column.type);
    const std::string name = identifier(column.name);
    cast = cast || type != column.type;
    list += (list.empty() ? "" : ", ") +
            (type == column.type ? name : "CAST(" + name + " AS " + type + ") AS " + name);
  }
  return cast ? "SELECT " + list + " FROM (\n" + select + "\n)" : select;
}

}  // namespace

Outcome<std::vector<Column>> columns_of(Engine& engine, const std::string& select) {
  const auto rows = engine.rows(
      "SELECT column_name::VARCHAR, column_type::VARCHAR FROM (DESCRIBE " + select + "\n)");
  if (!rows) return std::unexpected(rows.error());
  std::vector<Column> columns;
  for (const auto& row : *rows) columns.push_back({row[0].value_or(""), row[1].value_or("")});
  return columns;
}

Outcome<Written> measure(Engine& engine, const std::string& select) {
  Written written;
  auto columns = columns_of(engine, select);
  if (!columns) return std::unexpected(columns.error());
  written.columns = std::move(*columns);
  std::string arguments;
  for (const Column& column : written.columns)
    arguments += (arguments.empty() ? "" : ", ") + hash_argument(column);
  written.content_hash = schema_hash(written.columns);
  const auto done =
      engine.numbers("SELECT runink_row_hash(" + arguments + ") FROM (\n" + select + "\n)",
                     [&](std::int64_t hash) {
                       ++written.rows;
                       written.content_hash += static_cast<std::uint64_t>(hash);
                     });
  if (!done) return std::unexpected(done.error());
  return written;
}

Outcome<void> write_rows(Engine& engine, const std::string& select, const std::string& path,
                         pipeline::Format format) {
  const auto columns = columns_of(engine, select);
  if (!columns) return std::unexpected(columns.error());
  const auto storable = storable_select(*columns, select);
  if (!storable) return std::unexpected(storable.error());
  std::string options;
  switch (format) {
    case pipeline::Format::parquet:
      options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE " +
                std::to_string(row_group_size(columns->size()));
      break;
    case pipeline::Format::csv:
      options = "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''";
      break;
    case pipeline::Format::jsonl: options = "FORMAT json, ARRAY false"; break;
  }
  return engine.execute("COPY (\n" + *storable + "\n) TO " + literal(path) + " (" + options + ")");
}

std::string reader_of(pipeline::Format format, const std::vector<std::string>& paths,
                      Columns columns) {
  const std::string files = list_literal(paths);
  switch (format) {
    case pipeline::Format::csv:
      return "read_csv(" + files +
             ", header = true, delim = ',', quote = '\"', escape = '\"', comment = '', skip = 0, "
             "sample_size = -1, files_to_sniff = -1, strict_mode = true, null_padding = false, "
             "ignore_errors = false, compression = 'none', parallel = false, filename = false, "
             "hive_partitioning = false)";
    case pipeline::Format::jsonl:
      return "read_json(" + files +
             ", format = 'newline_delimited', records = 'true', sample_size = -1, "
             "maximum_sample_files = 1000000, ignore_errors = false, "
             "compression = 'uncompressed', filename = false, hive_partitioning = false)";
    case pipeline::Format::parquet: break;
  }
  const bool by_name = columns == Columns::by_name && paths.size() > 1;
  return "read_parquet(" + files + ", filename = false, hive_partitioning = false" +
         (by_name ? ", union_by_name = true)" : ")");
}

}  // namespace runink::steps
