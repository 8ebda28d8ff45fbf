#include "steps/record_scan.hpp"

#include <algorithm>

#include "duckdb.h"
#include "steps/record_walk.hpp"
#include "steps/strict_value.hpp"
#include "steps/vectors.hpp"

namespace runink::steps {
namespace {

/// One scan, whatever the format.
class Scan {
 public:
  virtual ~Scan() = default;
  virtual Outcome<void> fill(duckdb_data_chunk chunk) = 0;
};

template <class Records>
class ScanOf final : public Scan {
 public:
  ScanOf(Pass& pass, bool quiet, std::vector<idx_t> asked)
      : pass_(pass),
        quiet_(quiet),
        asked_(std::move(asked)),
        walk_(pass.files, pass.columns, quiet ? nullptr : &pass.index) {
    if (!quiet) pass.index = {};
  }

  Outcome<void> fill(duckdb_data_chunk chunk) override {
    lay_out(chunk);
    const idx_t room = duckdb_vector_size();
    idx_t n = 0;
    walk_.chunk_ends();
    for (; n < room && walk_.chunk_goes_on(); ++n) {
      const auto more = walk_.next();
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
      rows_.set(n, static_cast<std::int64_t>(walk_.row()));
      one(n);
    }
    duckdb_data_chunk_set_size(chunk, n);
    if (pass_.progress && !quiet_) pass_.progress(walk_.bytes());
    return {};
  }

 private:
  void lay_out(duckdb_data_chunk chunk) {
    columns_.assign(pass_.columns.size(), {});
    rows_ = {};
    for (idx_t i = 0; i < asked_.size(); ++i) {
      const FilledColumn column{duckdb_data_chunk_get_vector(chunk, i)};
      if (asked_[i] == 0) rows_ = column;
      if (asked_[i] > 0 && asked_[i] <= columns_.size()) columns_[asked_[i] - 1] = column;
    }
  }

  void one(idx_t n) {
    Records& records = walk_.records();
    if (const std::uint8_t faults = records.faults(); faults != 0) {
      for (FilledColumn& column : columns_) column.set_null(n);
      for (int bit = 0; bit < 6 && !quiet_; ++bit)
        if (faults >> bit & 1) pass_.notes.push_back({walk_.row(), pass_.numbers.of_fault[bit]});
      return;
    }
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (quiet_ && !columns_[c].vector) continue;
      const Cell cell = records.cell(c);
      if (cell.null) {
        columns_[c].set_null(n);
      } else {
        value(c, n, cell);
      }
    }
  }

  void value(std::size_t c, idx_t n, const Cell& cell) {
    const ColumnType& type = pass_.columns[c].type;
    FilledColumn& column = columns_[c];
    alignas(16) char spare[16];
    void* data = column.data ? column.data : spare;
    if (fits_json(type, cell.json) && write_value(type, cell.text, data, column.data ? n : 0)) {
      if (type.in_text()) column.set_text(n, cell.text, cell.stays);
      return;
    }
    column.set_null(n);
    if (!quiet_) note_bad_value(pass_, walk_.row(), c, cell.text);
  }

  Pass& pass_;
  const bool quiet_;
  const std::vector<idx_t> asked_;  // column of the function for each column of the chunk
  RecordWalk<Records> walk_;
  FilledColumn rows_;
  std::vector<FilledColumn> columns_;
};

void add_column(duckdb_bind_info info, const std::string& name, duckdb_logical_type type) {
  duckdb_bind_add_result_column(info, name.c_str(), type);
  duckdb_destroy_logical_type(&type);
}

void bind(duckdb_bind_info info) {
  const auto& pass = *static_cast<const Pass*>(duckdb_bind_get_extra_info(info));
  duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
  auto quiet = std::make_unique<bool>(duckdb_get_bool(parameter));
  duckdb_destroy_value(&parameter);
  add_column(info, "n", duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  for (std::size_t c = 0; c < pass.columns.size(); ++c)
    add_column(info, "c" + std::to_string(c), logical_type_of(pass.columns[c].type));
  duckdb_bind_set_bind_data(info, quiet.release(), [](void* of) { delete static_cast<bool*>(of); });
}

void init(duckdb_init_info info) {
  auto& pass = *static_cast<Pass*>(duckdb_init_get_extra_info(info));
  const bool quiet = *static_cast<const bool*>(duckdb_init_get_bind_data(info));
  std::vector<idx_t> asked;
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i)
    asked.push_back(duckdb_init_get_column_index(info, i));
  Scan* scan = pass.format == pipeline::Format::csv
                   ? static_cast<Scan*>(new ScanOf<CsvRecords>(pass, quiet, std::move(asked)))
                   : new ScanOf<JsonRecords>(pass, quiet, std::move(asked));
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, scan, [](void* of) { delete static_cast<Scan*>(of); });
}

void fill(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& pass = *static_cast<Pass*>(duckdb_function_get_extra_info(info));
  const auto done = static_cast<Scan*>(duckdb_function_get_init_data(info))->fill(chunk);
  if (done) return;
  pass.failure = done.error();
  duckdb_function_set_error(info, done.error().text.c_str());
}

struct OneColumn {
  Pass* pass;
  std::size_t column;
};

void values(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output) {
  const auto& [pass, c] = *static_cast<OneColumn*>(duckdb_scalar_function_get_extra_info(info));
  const ColumnType& type = pass->columns[c].type;
  const ReadColumn rows{duckdb_data_chunk_get_vector(chunk, 0)};
  const ReadColumn texts{duckdb_data_chunk_get_vector(chunk, 1)};
  FilledColumn out{output};
  for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); ++i) {
    if (texts.null(i)) {
      out.set_null(i);
    } else if (write_value(type, texts.text(i), out.data, i)) {
      if (type.in_text()) out.set_text(i, texts.text(i));
    } else {
      out.set_null(i);
      if (!rows.null(i))
        note_bad_value(*pass, static_cast<std::uint64_t>(rows.at<std::int64_t>(i)), c,
                       texts.text(i));
    }
  }
}

}  // namespace

bool fits_json(const ColumnType& type, JsonKind json) {
  if (json == JsonKind::bad) return true;
  if (type.kind == Kind::object) return json == JsonKind::object;
  if (type.kind == Kind::array) return json == JsonKind::array;
  if (type.kind == Kind::boolean) return json == JsonKind::boolean;
  if (type.number()) return json == JsonKind::number;
  return json == JsonKind::string;
}

void note_bad_value(Pass& pass, std::uint64_t row, std::size_t column, std::string_view text) {
  pass.notes.push_back({row, pass.numbers.type_of[column]});
  for (const MissingTexts& missing : pass.numbers.missing[column])
    if (missing.texts.contains(text)) pass.notes.push_back({row, missing.rule});
}

duckdb_logical_type logical_type_of(const ColumnType& type) {
  if (type.decimal()) return duckdb_create_decimal_type(type.width, type.scale);
  switch (type.kind) {
    case Kind::boolean: return duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    case Kind::i8: return duckdb_create_logical_type(DUCKDB_TYPE_TINYINT);
    case Kind::i16: return duckdb_create_logical_type(DUCKDB_TYPE_SMALLINT);
    case Kind::i32: return duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
    case Kind::i64: return duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    case Kind::u8: return duckdb_create_logical_type(DUCKDB_TYPE_UTINYINT);
    case Kind::u16: return duckdb_create_logical_type(DUCKDB_TYPE_USMALLINT);
    case Kind::u32: return duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER);
    case Kind::u64: return duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    case Kind::f32: return duckdb_create_logical_type(DUCKDB_TYPE_FLOAT);
    case Kind::f64: return duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
    case Kind::date: return duckdb_create_logical_type(DUCKDB_TYPE_DATE);
    case Kind::time: return duckdb_create_logical_type(DUCKDB_TYPE_TIME);
    case Kind::timestamp: return duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP);
    default: return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  }
}

Outcome<void> register_record_scan(duckdb_connection connection, Pass& pass) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "runink_records");
  duckdb_logical_type flag = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_table_function_add_parameter(function, flag);
  duckdb_destroy_logical_type(&flag);
  duckdb_table_function_set_extra_info(function, &pass, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_function(function, fill);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const auto done = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  if (done == DuckDBSuccess) return {};
  return give_up(SliceReason::internal, "DuckDB refuses the function runink_records");
}

Outcome<void> register_value_function(duckdb_connection connection, Pass& pass,
                                      std::size_t column) {
  if (!pass.value_functions.insert(column).second) return {};
  const std::string name = "runink_value_" + std::to_string(column);
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name.c_str());
  for (const duckdb_type one : {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_VARCHAR}) {
    duckdb_logical_type type = duckdb_create_logical_type(one);
    duckdb_scalar_function_add_parameter(function, type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_logical_type result = logical_type_of(pass.columns[column].type);
  duckdb_scalar_function_set_return_type(function, result);
  duckdb_destroy_logical_type(&result);
  // Notes are a side effect, and a row that is NULL is not the end of it.
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_special_handling(function);
  duckdb_scalar_function_set_extra_info(function, new OneColumn{&pass, column},
                                        [](void* of) { delete static_cast<OneColumn*>(of); });
  duckdb_scalar_function_set_function(function, values);
  const auto done = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (done == DuckDBSuccess) return {};
  return give_up(SliceReason::internal, "DuckDB refuses the function " + name);
}

}  // namespace runink::steps
