// A value as it lies in a database: its bytes, then the CRC32C of key + bytes. A value that was
// changed, cut, or lies under another key than its own is found out at every read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::storage {

/// `value` with its checksum.
std::string seal(std::string_view key, std::string value);
/// The value in `sealed`, a part of it. `corrupt` names `what` ("Log entry 7 in '...'").
Result<std::string_view> unseal(std::string_view key, std::string_view sealed,
                                std::string_view what);

/// `prefix`, then `number` big-endian: keys sort as their numbers.
std::string numbered_key(std::string_view prefix, std::uint64_t number);
/// The number in such a key of `prefix_bytes` + 8 bytes.
std::uint64_t number_of_key(std::string_view key, std::size_t prefix_bytes);

}  // namespace runink::storage
