// What a column of a contract is in DuckDB.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "governance/contract.hpp"
#include "steps/date_format.hpp"
#include "steps/failure.hpp"

namespace runink::steps {

/// How a value lies in a vector of DuckDB.
enum class Kind : std::uint8_t {
  text,
  boolean,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  decimal16,  ///< of DECIMAL(w, s) with w up to 4; then 9, 18, 38
  decimal32,
  decimal64,
  decimal128,
  f32,
  f64,
  date,       ///< days since 1970
  time,       ///< microseconds
  timestamp,  ///< microseconds since 1970
  object,     ///< text that is a JSON object
  array       ///< text that is a JSON array
};

struct ColumnType {
  Kind kind = Kind::text;
  std::uint8_t width = 0, scale = 0;  ///< of decimals
  bool not_negative = false;          ///< u128
  DateFormat format;                  ///< of dates and times; by default ISO 8601
  std::string sql;                    ///< "DECIMAL(18,2)"

  bool in_text() const { return kind == Kind::text || in_json(); }
  bool in_json() const { return kind == Kind::object || kind == Kind::array; }
  bool number() const { return kind >= Kind::i8 && kind <= Kind::f64; }
  bool decimal() const { return kind >= Kind::decimal16 && kind <= Kind::decimal128; }
};

/// The type of a column: its physicalType where DuckDB has one of that name and it fits the logical
/// type, else what logicalType and format ask for; i32 and DOUBLE when nothing is said. i128 and u128
/// are DECIMAL(38,0), since Parquet has no integers of 128 bits: a number of 39 digits breaks the
/// type. `bad_literal` for a date format with letters that are not understood.
Outcome<ColumnType> column_type(const governance::Property& property);

/// The columns of a contract with their types, in its order; `source` is the place among the
/// properties.
struct ContractColumn {
  std::string name;
  ColumnType type;
  std::size_t property = 0;
};
Outcome<std::vector<ContractColumn>> contract_columns(const governance::SchemaObject& object);

}  // namespace runink::steps
