// The value of a row: a version byte, then the codec's bytes. Internal to state/.
#pragma once

#include <string>
#include <string_view>

#include "state/rows.hpp"
#include "vocabulary/codec.hpp"

namespace runink::state {

template <class T>
std::string row_value(const T& value) {
  std::string out(1, static_cast<char>(row_version));
  Encoder{out}(value);
  return out;
}

template <class T>
Result<T> decode_row(std::string_view value, std::string_view what) {
  if (value.empty() || static_cast<std::uint8_t>(value.front()) != row_version)
    return fail(FaultKind::corrupt,
                std::string(what) + " has row version " +
                    (value.empty() ? "none" : std::to_string(static_cast<std::uint8_t>(value[0]))) +
                    "; this build knows version 1. Install the version that wrote it.");
  return decode<T>(value.substr(1), what);
}

}  // namespace runink::state
