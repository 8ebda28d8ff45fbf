// Keyed hashes of values: who has no key can neither recompute nor reverse them by trying values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "vocabulary/digest.hpp"

namespace runink {

/// HMAC-SHA256 (RFC 2104, FIPS 198-1) under one key of any length.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  ~HmacSha256();
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;

  Digest of(std::string_view text) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", with
/// the 128-bit variant of the reference code).
std::array<std::uint8_t, 16> siphash128(const std::array<std::uint8_t, 16>& key,
                                        std::string_view text);

}  // namespace runink
