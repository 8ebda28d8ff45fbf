// Templates: `{{ name }}` in the texts of a pipeline, with Airflow's names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vocabulary/ids.hpp"
#include "vocabulary/source_text.hpp"
#include "vocabulary/units.hpp"

namespace runink::pipeline {

/// Where a text goes. In SQL a value cannot become more than a value:
///   inside '...'          single quotes in the value are doubled
///   inside "..."          double quotes are doubled
///   inside E'...', $$...$$, comments   the value may only have letters, digits and "_-.:/ +"
///   elsewhere             the value must be one number or one plain name
/// and in all of SQL a control character in a value is refused.
enum class Tongue : std::uint8_t { plain, sql };

/// What templates may name.
struct Names {
  std::map<std::string, std::string> platform;    ///< ds, ts, run_id, ...
  std::map<std::string, std::string> parameters;  ///< `{{ x }}` and `{{ params.x }}`
  /// Parameters that have no value yet and stand for themselves; see CompileRequest::without_run.
  std::map<std::string, std::string> unset;
};

/// ds, ds_nodash, ts, ts_nodash, logical_date, data_interval_start, data_interval_end, run_id.
std::map<std::string, std::string> platform_names(
    WallTime logical_date, std::optional<std::pair<WallTime, WallTime>> interval, const RunId& run);

/// What is wrong at bytes [at, at + length) of the template.
struct TemplateMistake {
  std::size_t at = 0;
  std::size_t length = 1;
  std::string what;
  std::string hint;
};

struct Rendered {
  std::string text;
  bool unset = false;  ///< holds a parameter that has no value yet
  std::vector<TemplateMistake> mistakes;

  /// The bytes of the template behind bytes [at, at + length) of `text`; a rendered value stands
  /// for its whole `{{ name }}`.
  std::pair<std::size_t, std::size_t> in_template(std::size_t at, std::size_t length) const;

  struct Piece {
    std::size_t at;  ///< in `text`
    std::size_t template_at;
    std::size_t template_length;
    bool value;  ///< a rendered name, else copied as it stands
  };
  std::vector<Piece> pieces;
};

/// `mistakes` only lends its budget for suggestions.
Rendered render_template(std::string_view text, const Names& names, Tongue tongue,
                         Mistakes& mistakes);

}  // namespace runink::pipeline
