// Which columns a parsed SQL text makes, and of which, told by their names alone: nothing is bound.
#pragma once

#include <boost/json/value.hpp>

#include "pipeline/sql_reader.hpp"

namespace runink::steps {

/// Fills `reading.makes` and `reading.gives` from one statement of json_serialize_sql. What it does not understand is told
/// as a column without a name, made of any column.
void read_columns(const boost::json::value& statement, pipeline::SqlReading& reading);

}  // namespace runink::steps
