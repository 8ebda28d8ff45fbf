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

/// The bytes of one row, one value after the other; the memory is used again for the next row.
class RowBytes {
 public:
  /// `fixed` is what all values take but the texts of strings.
  explicit RowBytes(std::size_t fixed) : fixed_(fixed), bytes_(fixed) {}

  void begin() { size_ = 0; }
  std::string_view get() const { return {bytes_.data(), size_}; }
  void absent() { bytes_[size_++] = 0; }
  template <std::size_t N>
  void value(const char* from) {
    bytes_[size_] = 1;
    std::memcpy(bytes_.data() + size_ + 1, from, N);
    size_ += 1 + N;
  }
  template <class F>
  void floating(const char* from) {
    F number;
    std::memcpy(&number, from, sizeof(F));
    if (number == F{0}) number = F{0};
    if (std::isnan(number)) number = std::numeric_limits<F>::quiet_NaN();
    value<sizeof(F)>(reinterpret_cast<const char*>(&number));
  }
  void text(std::string_view text) {
    const std::uint64_t length = text.size();
    value<8>(reinterpret_cast<const char*>(&length));
    // What the values after it take must have its place, too.
    if (bytes_.size() < size_ + length + fixed_) bytes_.resize(2 * (size_ + length + fixed_));
    if (length > 0) std::memcpy(bytes_.data() + size_, text.data(), length);
    size_ += length;
  }

 private:
  const std::size_t fixed_;
  std::vector<char> bytes_;
  std::size_t size_ = 0;
};

void append_value(const Argument& argument, idx_t row, RowBytes& out) {
  if (argument.validity && !((argument.validity[row >> 6] >> (row & 63)) & 1)) return out.absent();
  const char* from = argument.data + row * argument.width;
  switch (argument.width) {
    case 0: {
      auto* strings = reinterpret_cast<const duckdb_string_t*>(argument.data);
      const std::uint32_t length = strings[row].value.inlined.length;
      return out.text(
          {length <= 12 ? strings[row].value.inlined.inlined : strings[row].value.pointer.ptr,
           length});
    }
    case 1: return out.value<1>(from);
    case 2: return out.value<2>(from);
    case 4:
      return argument.type == DUCKDB_TYPE_FLOAT ? out.floating<float>(from) : out.value<4>(from);
    case 8:
      return argument.type == DUCKDB_TYPE_DOUBLE ? out.floating<double>(from) : out.value<8>(from);
    default: return out.value<16>(from);
  }
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
  std::size_t fixed = 0;
  for (const Argument& argument : arguments)
    fixed += 1 + (argument.width == 0 ? sizeof(std::uint64_t) : argument.width);
  RowBytes bytes{fixed};
  for (idx_t row = 0; row < count; ++row) {
    bytes.begin();
    for (const Argument& argument : arguments) append_value(argument, row, bytes);
    hashes[row] = xxh64(bytes.get());
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
