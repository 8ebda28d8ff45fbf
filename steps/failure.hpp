// Why a step gave up: a code for the log of the cluster, a text for the log of the slice.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "vocabulary/report.hpp"

namespace runink::steps {

/// `text` may quote data (DuckDB's messages do), so it goes to stderr and nowhere else; `reason` is
/// all that the report carries.
struct Failure {
  SliceReason reason = SliceReason::internal;
  std::string text;
};

template <class T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> give_up(SliceReason reason, std::string text) {
  return std::unexpected(Failure{reason, std::move(text)});
}

/// Where DuckDB found the mistake: its words before a statement runs name other reasons than after.
enum class Moment { prepare, execute };

/// DuckDB's error as ours. `type` is a duckdb_error_type, `text` its message, as JSON
/// (`errors_as_json`) or plain. `sql` is the statement that `position` points into, or empty.
Failure failure_of(int type, std::string_view text, Moment moment, std::string_view sql = {});

}  // namespace runink::steps
