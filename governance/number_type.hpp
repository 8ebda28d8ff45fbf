// How much a column of numbers can hold, to tell a type that was widened from one that was narrowed.
#pragma once

#include <cstdint>
#include <optional>

#include "governance/contract.hpp"

namespace runink::governance {

enum class NumberFamily : std::uint8_t { whole, decimal, binary };

struct NumberType {
  NumberFamily family = NumberFamily::whole;
  /// Whole numbers: bits below 0 and from 0 on. Decimals: digits before and behind the point.
  /// Binary: 32 or 64, twice.
  std::uint8_t low = 0;
  std::uint8_t high = 0;
  friend bool operator==(const NumberType&, const NumberType&) = default;
};

/// What the step `validate` makes of the column: physicalType if it names a type of numbers, else the
/// format, else i32 and f64. Nothing for columns of other types.
std::optional<NumberType> number_type(const Property& property);

}  // namespace runink::governance
