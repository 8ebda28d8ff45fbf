// Just enough of SQL's lexical rules to know whether a place is inside a literal. It understands no
// SQL: it only decides how a template's value must be quoted there.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace runink::pipeline {

/// Reads SQL from the left and stands at one place of it.
class SqlContext {
 public:
  /// Goes on past `sql`.
  void read(std::string_view sql);

  struct Refusal {
    std::string why;
    bool can_be_quoted = false;  ///< inside single quotes the value would be fine
  };
  /// `value` as it may stand here so that it stays one value.
  std::expected<std::string, Refusal> quote(std::string_view value);

 private:
  enum class Place : std::uint8_t {
    outside,
    text,          ///< '...'
    escaped_text,  ///< E'...', in which a backslash escapes
    name,          ///< "..."
    dollar_text,   ///< $tag$...$tag$
    line_comment,
    block_comment,
  };
  Place place_ = Place::outside;
  std::string tag_;          ///< "$tag$"
  std::uint32_t depth_ = 0;  ///< block comments nest
  char before_ = ' ';        ///< the last character read outside
  char before_that_ = ' ';

  std::size_t step(std::string_view rest);
  std::size_t step_outside(std::string_view rest);
};

}  // namespace runink::pipeline
