// Digests and checksums: SHA-256 names artifacts, CRC32C guards records, XXH64 makes cheap hashes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "vocabulary/fault.hpp"

namespace runink {

/// SHA-256 (FIPS 180-4) of some bytes; all zero = none.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const Digest&, const Digest&) = default;
  friend bool operator==(const Digest&, const Digest&) = default;
  static auto fields(auto& self) { return std::tie(self.bytes); }
  bool empty() const { return *this == Digest{}; }
};

Digest sha256(std::string_view bytes);
/// 64 lower-case hex digits.
std::string to_hex(const Digest& digest);
/// Exactly 64 hex digits, lower case; otherwise `bad_input`.
Result<Digest> digest_from_hex(std::string_view hex);
/// Lower-case hex of any bytes.
std::string to_hex(std::string_view bytes);

/// SHA-256 over bytes that come in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  /// The digest of all parts; the object is spent afterwards.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// CRC-32C (Castagnoli), RFC 3720 appendix B.4; `seed` is the CRC of the bytes before.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// XXH64 of `bytes`.
std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace runink
