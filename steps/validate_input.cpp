#include "steps/validate_input.hpp"

#include <algorithm>
#include <charconv>

#include "steps/dataset_writer.hpp"
#include "steps/mapped_file.hpp"

namespace runink::steps {
namespace {

class Opening {
 public:
  Opening(Engine& engine, const pipeline::ValidateWork& work, Pass& pass)
      : engine_(engine), work_(work), pass_(pass) {}

  Outcome<InputTables> text() {
    if (pass_.format == pipeline::Format::csv)
      for (const InputFile& file : pass_.files)
        if (auto good = check_header(file); !good) return std::unexpected(good.error());
    if (auto done = register_record_scan(engine_.connection(), pass_); !done)
      return std::unexpected(done.error());
    return InputTables{"runink_records(false)", "runink_records(true)", ""};
  }

  Outcome<InputTables> parquet() {
    std::vector<std::string> paths;
    for (const InputFile& file : pass_.files) {
      paths.push_back(file.path);
      const auto rows =
          engine_.rows("SELECT CAST(num_rows AS VARCHAR) FROM parquet_file_metadata(" +
                       literal(file.path) + ")");
      if (!rows) return std::unexpected(rows.error());
      const std::string text = rows->empty() ? "" : rows->front()[0].value_or("");
      std::uint64_t count = 0;
      std::from_chars(text.data(), text.data() + text.size(), count);
      pass_.index.add_file(count);
    }
    const std::string files = reader_of(pipeline::Format::parquet, paths, Columns::by_name);
    const auto found = columns_of(engine_, "SELECT * FROM " + files);
    if (!found) return std::unexpected(found.error());
    return tables(files, *found);
  }

 private:
  Outcome<void> check_header(const InputFile& file) {
    const auto map = MappedFile::open(file.path, file.name);
    if (!map) return std::unexpected(map.error());
    CsvReader reader{map->bytes()};
    const auto header = csv_header(reader, file.name);
    if (!header) return std::unexpected(header.error());
    for (const ContractColumn& column : pass_.columns)
      if (std::ranges::find(*header, column.name) != header->end()) return {};
    return nothing_in_common(file.name);
  }

  std::unexpected<Failure> nothing_in_common(const std::string& file) const {
    return give_up(SliceReason::schema_drift,
                   file + " has no column of the contract " + to_string(work_.contract) +
                       "; is it another dataset, or are its columns renamed?");
  }

  Outcome<InputTables> tables(const std::string& files, const std::vector<Column>& found) {
    std::string typed, texts;
    bool any = false;
    for (std::size_t c = 0; c < pass_.columns.size(); ++c) {
      const ContractColumn& column = pass_.columns[c];
      const auto there = std::ranges::find(found, column.name, &Column::name);
      const std::string as = " AS c" + std::to_string(c);
      const std::string name = identifier(column.name);
      any |= there != found.end();
      if (there == found.end()) {
        typed += ", CAST(NULL AS " + column.type.sql + ")" + as;
        texts += ", CAST(NULL AS VARCHAR)" + as;
        continue;
      }
      const bool json = column.type.in_json() && there->type != "VARCHAR" && there->type != "JSON";
      const std::string text = "CAST(" + (json ? "to_json(" + name + ")" : name) + " AS VARCHAR)";
      texts += ", " + text + as;
      if (there->type == column.type.sql && !column.type.in_json()) {
        typed += ", " + name + as;
        continue;
      }
      if (auto done = register_value_function(engine_.connection(), pass_, c); !done)
        return std::unexpected(done.error());
      typed += ", runink_value_" + std::to_string(c) + "(@, " + text + ")" + as;
    }
    if (!any) return nothing_in_common(pass_.files.front().name);
    const auto table = [&](const std::string& columns, const std::string& row) {
      std::string list = columns;
      for (auto at = list.find("(@,"); at != std::string::npos; at = list.find("(@,", at))
        list.replace(at + 1, 1, row);
      return "(SELECT \"runink row\" AS n" + list +
             " FROM (SELECT row_number() OVER () - 1 AS \"runink row\", * FROM " + files + "))";
    };
    return InputTables{table(typed, "\"runink row\""), table(typed, "CAST(NULL AS BIGINT)"),
                       table(texts, "\"runink row\"")};
  }

  Engine& engine_;
  const pipeline::ValidateWork& work_;
  Pass& pass_;
};

}  // namespace

Outcome<InputTables> open_validate_input(Engine& engine, const Job& job,
                                         const pipeline::ValidateWork& work, Pass& pass) {
  auto files = input_files(job, work.input);
  if (!files) return std::unexpected(files.error());
  pass.format = files->format;
  for (const std::string& path : files->paths)
    pass.files.push_back({path, path.substr(path.rfind('/') + 1)});
  auto columns = contract_columns(work.rules);
  if (!columns) return std::unexpected(columns.error());
  pass.columns = std::move(*columns);
  pass.numbers = rule_numbers(work.rules, pass.columns);
  Opening opening{engine, work, pass};
  return pass.format == pipeline::Format::parquet ? opening.parquet() : opening.text();
}

}  // namespace runink::steps
