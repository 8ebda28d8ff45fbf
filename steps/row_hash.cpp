#include "steps/row_hash.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "duckdb.h"
#include "steps/engine.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::steps {
namespace {

static_assert(std::endian::native == std::endian::little, "canonical bytes are copied as they lie");

/// One argument of the function, for one chunk.
struct Argument {
  const char* data = nullptr;
  const std::uint64_t* validity = nullptr;
  std::size_t width = 0;  // 0: a string
  duckdb_type type = DUCKDB_TYPE_INVALID;
};

/// Bytes of one value, 0 for strings, nothing for what cannot be hashed.
std::optional<std::size_t> width_of(duckdb_logical_type logical, duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_UTINYINT: return 1;
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_USMALLINT: return 2;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_FLOAT: return 4;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIME_TZ:
    case DUCKDB_TYPE_TIME_NS:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return 8;
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_INTERVAL: return 16;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_BIT:
    case DUCKDB_TYPE_BIGNUM: return 0;
    case DUCKDB_TYPE_DECIMAL: return width_of(logical, duckdb_decimal_internal_type(logical));
    default: return {};
  }
}

template <class F>
void append_float(const char* from, std::string& out) {
  F value;
  std::memcpy(&value, from, sizeof(F));
  if (value == F{0}) value = F{0};
  if (std::isnan(value)) value = std::numeric_limits<F>::quiet_NaN();
  out.append(reinterpret_cast<const char*>(&value), sizeof(F));
}

void append_value(const Argument& argument, idx_t row, std::string& out) {
  if (argument.validity && !((argument.validity[row >> 6] >> (row & 63)) & 1)) {
    out += '\0';
    return;
  }
  out += '\1';
  if (argument.width == 0) {
    duckdb_string_t text;
    std::memcpy(&text, argument.data + row * sizeof text, sizeof text);
    const std::uint64_t length = duckdb_string_t_length(text);
    out.append(reinterpret_cast<const char*>(&length), sizeof length);
    out.append(duckdb_string_t_data(&text), length);
    return;
  }
  const char* from = argument.data + row * argument.width;
  if (argument.type == DUCKDB_TYPE_DOUBLE) return append_float<double>(from, out);
  if (argument.type == DUCKDB_TYPE_FLOAT) return append_float<float>(from, out);
  out.append(from, argument.width);
}

std::optional<Argument> argument_of(duckdb_vector vector) {
  duckdb_logical_type logical = duckdb_vector_get_column_type(vector);
  Argument argument;
  argument.type = duckdb_get_type_id(logical);
  const auto width = width_of(logical, argument.type);
  duckdb_destroy_logical_type(&logical);
  if (!width) return {};
  argument.width = *width;
  argument.data = static_cast<const char*>(duckdb_vector_get_data(vector));
  argument.validity = duckdb_vector_get_validity(vector);
  return argument;
}

void hash_rows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const idx_t count = duckdb_data_chunk_get_size(input);
  const idx_t columns = duckdb_data_chunk_get_column_count(input);
  std::vector<Argument> arguments;
  for (idx_t c = 0; c < columns; ++c) {
    const auto argument = argument_of(duckdb_data_chunk_get_vector(input, c));
    if (!argument)
      return duckdb_scalar_function_set_error(
          info,
          "runink_row_hash has no canonical bytes for a column of this type; cast it to VARCHAR");
    arguments.push_back(*argument);
  }
  auto* hashes = static_cast<std::uint64_t*>(duckdb_vector_get_data(output));
  std::string bytes;
  for (idx_t row = 0; row < count; ++row) {
    bytes.clear();
    for (const Argument& argument : arguments) append_value(argument, row, bytes);
    hashes[row] = xxh64(bytes);
  }
}

}  // namespace

Outcome<void> register_row_hash(duckdb_connection connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "runink_row_hash");
  duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
  duckdb_scalar_function_set_varargs(function, any);
  duckdb_destroy_logical_type(&any);
  duckdb_logical_type hash = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
  duckdb_scalar_function_set_return_type(function, hash);
  duckdb_destroy_logical_type(&hash);
  // NULL has bytes of its own; without this DuckDB answers NULL before it asks us.
  duckdb_scalar_function_set_special_handling(function);
  duckdb_scalar_function_set_function(function, hash_rows);
  const auto done = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (done != DuckDBSuccess)
    return give_up(SliceReason::internal, "DuckDB refuses the function runink_row_hash");
  return {};
}

std::string hash_argument(const Column& column) {
  const std::string name = identifier(column.name);
  const std::string& type = column.type;
  const bool nested = type.ends_with("]") || type.starts_with("STRUCT(") ||
                      type.starts_with("MAP(") || type.starts_with("UNION(");
  const bool worded = type.starts_with("ENUM(") || type == "JSON" || type == "\"NULL\"" ||
                      type == "VARIANT" || type.starts_with("GEOMETRY");
  return nested || worded ? "CAST(" + name + " AS VARCHAR)" : name;
}

std::uint64_t schema_hash(const std::vector<Column>& columns) { return xxh64(encode(columns)); }

}  // namespace runink::steps
