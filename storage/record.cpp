#include "storage/record.hpp"

#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::storage {

std::string seal(std::string_view key, std::string value) {
  const std::uint32_t sum = crc32c(value, crc32c(key));
  Encoder{value}(sum);
  return value;
}

Result<std::string_view> unseal(std::string_view key, std::string_view sealed,
                                std::string_view what) {
  if (sealed.size() >= 4) {
    const std::string_view value = sealed.substr(0, sealed.size() - 4);
    std::uint32_t sum = 0;
    Decoder{sealed.substr(value.size())}(sum);
    if (sum == crc32c(value, crc32c(key))) return value;
  }
  return fail(FaultKind::corrupt, std::string(what) + " has a wrong checksum.");
}

std::string numbered_key(std::string_view prefix, std::uint64_t number) {
  std::string key(prefix);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

std::uint64_t number_of_key(std::string_view key, std::size_t prefix_bytes) {
  ENSURE(key.size() == prefix_bytes + 8);
  std::uint64_t number = 0;
  for (const unsigned char byte : key.substr(prefix_bytes)) number = number << 8 | byte;
  return number;
}

}  // namespace runink::storage
