#include "steps/failure.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "duckdb.h"

namespace runink::steps {
namespace {

struct Said {
  std::string exception;  // "Binder"
  std::string subtype;    // "COLUMN_NOT_FOUND"
  std::string kind;       // of a missing entry: "Table", "Scalar Function"
  std::string message;
  std::optional<std::size_t> position;
};

std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// The message is `{json}` or `Some Error: {json}` or plain text.
Said read(std::string_view text) {
  Said said;
  said.message = text;
  const auto brace = text.find('{');
  if (brace == std::string_view::npos) return said;
  boost::system::error_code error;
  const auto value = boost::json::parse(text.substr(brace), error);
  if (error || !value.is_object()) return said;
  const auto& object = value.as_object();
  said.exception = text_of(object, "exception_type");
  said.subtype = text_of(object, "error_subtype");
  said.kind = text_of(object, "type");
  said.message = text_of(object, "exception_message");
  const std::string position = text_of(object, "position");
  std::size_t at = 0;
  if (std::from_chars(position.data(), position.data() + position.size(), at).ec == std::errc() &&
      !position.empty())
    said.position = at;
  return said;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

SliceReason reason_of_invalid_input(const Said& said) {
  for (const char* sign :
       {"CSV Error", "sniffing file", "Malformed JSON", "to be a Parquet file", "magic bytes",
        "JSON transform", "Parquet file", "arquet reader", "is not valid UTF", "Schema mismatch"})
    if (has(said.message, sign)) return SliceReason::malformed_input;
  return SliceReason::raised;
}

SliceReason reason_of_io(const Said& said) {
  if (has(said.message, "No space left on device")) return SliceReason::disk_full;
  if (has(said.message, "No files found") || has(said.message, "No such file"))
    return SliceReason::input_missing;
  return SliceReason::internal;
}

SliceReason reason_of_binder(const Said& said) {
  if (has(said.message, "json_read expected")) return SliceReason::malformed_input;
  if (said.subtype == "COLUMN_NOT_FOUND" || has(said.message, "Referenced column"))
    return SliceReason::unknown_column;
  if (has(said.message, "Ambiguous reference")) return SliceReason::ambiguous;
  if (has(said.message, "Referenced table")) return SliceReason::unknown_table;
  return SliceReason::type_mismatch;
}

SliceReason reason_of(int type, const Said& said, Moment moment) {
  const std::string& what = said.exception;
  for (const char* sign : {"TProtocolException", "ZSTD", "Snappy", "decompress"})
    if (moment == Moment::execute && has(said.message, sign)) return SliceReason::malformed_input;
  if (type == DUCKDB_ERROR_INTERRUPT || what == "INTERRUPT") return SliceReason::cancelled;
  if (type == DUCKDB_ERROR_OUT_OF_MEMORY || what == "Out of Memory")
    return has(said.message, "max_temp_directory_size") ? SliceReason::temp_full
                                                        : SliceReason::out_of_memory;
  if (type == DUCKDB_ERROR_PARSER || what == "Parser") return SliceReason::syntax;
  if (type == DUCKDB_ERROR_BINDER || what == "Binder") return reason_of_binder(said);
  if (type == DUCKDB_ERROR_CATALOG || what == "Catalog")
    return has(said.kind, "Function") ? SliceReason::unknown_function : SliceReason::unknown_table;
  if (type == DUCKDB_ERROR_PERMISSION || what == "Permission") return SliceReason::forbidden_file;
  if (type == DUCKDB_ERROR_IO || what == "IO") return reason_of_io(said);
  if (type == DUCKDB_ERROR_OUT_OF_RANGE || what == "Out of Range") return SliceReason::overflow;
  if (type == DUCKDB_ERROR_CONVERSION || what == "Conversion") {
    if (has(said.message, "CSV Error")) return SliceReason::malformed_input;
    if (has(said.message, "out of range for the destination")) return SliceReason::overflow;
    return moment == Moment::prepare ? SliceReason::bad_literal : SliceReason::bad_value;
  }
  if (type == DUCKDB_ERROR_INVALID_INPUT || what == "Invalid Input")
    return reason_of_invalid_input(said);
  return SliceReason::internal;
}

/// The line of `sql` that holds byte `at`, with its number and a caret under it.
std::string show(std::string_view sql, std::size_t at) {
  if (at > sql.size()) return {};
  const auto before = sql.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto end = std::min(sql.find('\n', at), sql.size());
  const auto column = std::count_if(sql.begin() + static_cast<std::ptrdiff_t>(start),
                                    sql.begin() + static_cast<std::ptrdiff_t>(at), [](char c) {
                                      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
                                    });
  return "\n  at line " + std::to_string(line) + ", column " + std::to_string(column + 1) +
         " of the SQL:\n  " + std::string(sql.substr(start, end - start)) + "\n  " +
         std::string(static_cast<std::size_t>(column), ' ') + "^";
}

}  // namespace

Failure failure_of(int type, std::string_view text, Moment moment, std::string_view sql) {
  Said said = read(text);
  Failure failure{reason_of(type, said, moment), said.message};
  if (failure.reason == SliceReason::internal)
    failure.text += " (DuckDB error type " + std::to_string(type) + ")";
  if (said.position && !sql.empty()) failure.text += show(sql, *said.position);
  return failure;
}

}  // namespace runink::steps
