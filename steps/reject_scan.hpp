// Rows that were set apart, with what was read of them: `runink_rejects()`.
#pragma once

#include "steps/broken_rows.hpp"
#include "steps/record_scan.hpp"

namespace runink::steps {

struct RejectSource {
  Pass& pass;
  const BrokenRows& rejected;  ///< rows as the pass counts them, each with its rules
  /// Of a record that is malformed nothing is told: which field belongs to which column is not known,
  /// so the mask of a column might miss its value.
  bool hide_malformed = false;
};

/// Makes the table function known; one row for each of `source.rejected`, in order:
///   n BIGINT, the row; source_file, source_record BIGINT (from 1), rule, reason, all_rules VARCHAR[]
///   c0, c1, ... VARCHAR (the text as it was read; NULL where there was none) and raw VARCHAR (the
///   record, at most limits::raw_record), unless the input is Parquet, where SQL joins them
/// What is no UTF-8 text has \xHH for each of its bytes that are not ASCII.
/// `source` outlives the connection's use.
Outcome<void> register_reject_scan(_duckdb_connection* connection, RejectSource& source);

}  // namespace runink::steps
