#include "vocabulary/keyed_hash.hpp"

// The low-level functions hash a short value in a third of the time of EVP's: the state with the key
// in it is copied as a struct, not as an object of the heap.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <bit>
#include <cstring>

#include "vocabulary/ensure.hpp"

namespace runink {
namespace {

constexpr std::size_t kBlock = 64;

void absorb(SHA256_CTX& context, const unsigned char (&block)[kBlock], unsigned char with) {
  unsigned char padded[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) padded[i] = block[i] ^ with;
  ENSURE(SHA256_Init(&context) == 1 && SHA256_Update(&context, padded, kBlock) == 1);
  OPENSSL_cleanse(padded, kBlock);
}

std::uint64_t word_at(const std::uint8_t* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, 8);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

struct Sip {
  std::uint64_t a, b, c, d;

  void round() {
    a += b, b = std::rotl(b, 13), b ^= a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16), d ^= c;
    a += d, d = std::rotl(d, 21), d ^= a;
    c += b, b = std::rotl(b, 17), b ^= c, c = std::rotl(c, 32);
  }
  void absorb(std::uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
  std::uint64_t squeeze() {
    for (int i = 0; i < 4; ++i) round();
    return a ^ b ^ c ^ d;
  }
};

}  // namespace

struct HmacSha256::State {
  SHA256_CTX inner, outer;
  ~State() { OPENSSL_cleanse(this, sizeof *this); }
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>()) {
  unsigned char block[kBlock] = {};
  if (key.size() > kBlock) {
    const Digest shorter = sha256(key);
    std::memcpy(block, shorter.bytes.data(), shorter.bytes.size());
  } else if (!key.empty()) {
    std::memcpy(block, key.data(), key.size());
  }
  absorb(state_->inner, block, 0x36);
  absorb(state_->outer, block, 0x5c);
  OPENSSL_cleanse(block, kBlock);
}
HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;

Digest HmacSha256::of(std::string_view text) const {
  Digest digest;
  SHA256_CTX context = state_->inner;
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(digest.bytes.data(), &context);
  context = state_->outer;
  SHA256_Update(&context, digest.bytes.data(), digest.bytes.size());
  SHA256_Final(digest.bytes.data(), &context);
  return digest;
}

std::array<std::uint8_t, 16> siphash128(const std::array<std::uint8_t, 16>& key,
                                        std::string_view text) {
  const std::uint64_t low = word_at(key.data()), high = word_at(key.data() + 8);
  Sip sip{low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d ^ 0xee, low ^ 0x6c7967656e657261,
          high ^ 0x7465646279746573};
  const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::size_t whole = text.size() & ~std::size_t{7};
  for (std::size_t i = 0; i < whole; i += 8) sip.absorb(word_at(at + i));
  std::uint8_t last[8] = {};
  if (text.size() > whole) std::memcpy(last, at + whole, text.size() - whole);
  last[7] = static_cast<std::uint8_t>(text.size());
  sip.absorb(word_at(last));
  sip.c ^= 0xee;
  const std::uint64_t first = sip.squeeze();
  sip.b ^= 0xdd;
  const std::uint64_t second = sip.squeeze();
  std::array<std::uint8_t, 16> out;
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<std::uint8_t>(first >> (8 * i));
    out[8 + i] = static_cast<std::uint8_t>(second >> (8 * i));
  }
  return out;
}

}  // namespace runink
