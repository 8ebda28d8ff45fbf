// steps/: the built-in data steps, which run inside a slice as `runink-step`. Floor 3, the only
// room that knows DuckDB (through its C API). Nobody includes it but tools/step_main.cpp and tests:
// the daemon starts the program and reads its report. Read in this order:
//
//   run_step.hpp        one step from its step file to its report; source_, sql_, sink_, validate_,
//                       mask_step.cpp
//   record_scan.hpp     records as a table, typed strictly: csv_reader, strict_value,
//                       record_files (columns by name), record_walk (several files), mapped_file
//   row_filter.hpp      which rows keep a contract: row_checks (what is checked), value_checks,
//                       part_checks (inside of JSON), broken_rows (which do not, in a file)
//   follow_up.hpp       keys and references, after the pass; dataset_rules.hpp: counts
//   reject_scan.hpp     rejected rows with their text and their reasons
//   mask_functions.hpp  masks as SQL functions
//   sql_analysis.hpp    which datasets a SQL text reads, or why it may not run; sql_columns.hpp: which
//                       columns it makes of which; sql_text.hpp
//   engine.hpp          DuckDB, locked down; failure.hpp: its errors as SliceReason
//   dataset_writer.hpp  rows to a file, counted and hashed; row_hash.hpp: the content hash
//   outside_file.hpp    files of volumes, opened beneath their root
//   text_scan.hpp       an independent count of CSV and JSON records
//   watch.hpp           progress, and SIGTERM as an interrupted query
//   report_writer.hpp   lines on RUNINK_REPORT
//
// Promised: the same inputs, limits and library give the same bytes; no row is lost without an
// error; no file outside the given folders is opened; no row's value enters the report.
#pragma once

#include "steps/run_step.hpp"
#include "steps/sql_analysis.hpp"
