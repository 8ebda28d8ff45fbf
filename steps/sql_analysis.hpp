// Reads SQL texts with DuckDB's own parser and tells which datasets they read, without binding or
// running them: the sandboxed side of pipeline::SqlReader.
#pragma once

#include <string>
#include <vector>

#include "pipeline/sql_reader.hpp"
#include "steps/engine.hpp"

namespace runink::steps {

/// An engine that may open no file at all.
Outcome<Engine> open_for_analysis();

/// What `text` reads and which columns it makes, or every reason why it is not one repeatable SELECT
/// over datasets: not a SELECT, several statements, a syntax error, functions that read files or
/// settings, names with a schema, SHOW/DESCRIBE/SUMMARIZE, functions whose answer changes from run to
/// run, our own functions, parameters.
Outcome<pipeline::SqlReading> analyse(Engine& engine, const std::string& text);

/// Scalar functions whose answer is not a function of their arguments (sorted).
const std::vector<std::string>& volatile_functions();

}  // namespace runink::steps
