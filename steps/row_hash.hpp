// The content hash: what a dataset holds, whatever the order of its rows, the layout of its file
// and the version of DuckDB. docs/adr/0005-content-hash.md has the definition and the reasons.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steps/failure.hpp"
#include "vocabulary/report.hpp"

struct _duckdb_connection;

namespace runink::steps {

/// Makes `runink_row_hash(any, ...) -> UBIGINT` known to SQL: XXH64 (seed 0) over the canonical
/// bytes of one row. Never NULL. Each value is a byte 0 for NULL, or a byte 1 and then
///   integers, DATE, TIME, TIMESTAMPs, DECIMAL  little-endian, in the width of their type
///   FLOAT, DOUBLE                              IEEE bits; -0 as 0, every NaN as one
///   VARCHAR, BLOB, BIT, BIGNUM                 u64 length, bytes
///   UUID, HUGEINT                              16 bytes;  INTERVAL: months, days, microseconds
/// Nested values and enums come as text: `hash_argument` casts them.
Outcome<void> register_row_hash(_duckdb_connection* connection);

/// The argument that stands for one column: the column, or its cast to VARCHAR.
std::string hash_argument(const Column& column);

/// XXH64 over names and types, in order; it is added to the sum of the row hashes, so that a
/// dataset without rows has a hash too, and a renamed column another one.
std::uint64_t schema_hash(const std::vector<Column>& columns);

}  // namespace runink::steps
