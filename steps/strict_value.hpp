// One text as one value of a type: the whole text, nothing rounded, nothing repaired.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "steps/column_type.hpp"

namespace runink::steps {

/// What a DECIMAL of more than 18 digits is made of.
__extension__ typedef __int128 Int128;

/// Writes `text` as a value of `type` to row `row` of a vector's data; false when it is none. Texts
/// (`in_text`) are not written, only judged: JSON must be well formed and an object or an array.
///   integers   -12, 007; no plus, no blanks, no point, within the type
///   DECIMAL    -12.34; digits on both sides of a point; digits beyond the scale must be 0
///   DOUBLE     1, -1.5, 2e-3; finite
///   BOOLEAN    true or false
///   DATE, TIME, TIMESTAMP   by the column's format; an offset is applied, so that it is UTC
bool write_value(const ColumnType& type, std::string_view text, void* data, std::size_t row);

/// Units of 10^-scale, when `text` is such a decimal number (see above).
std::optional<Int128> decimal_units(std::string_view text, unsigned scale);

}  // namespace runink::steps
