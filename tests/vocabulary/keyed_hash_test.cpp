// HMAC-SHA256 and SipHash against published vectors and against OpenSSL's own implementations.
#include "vocabulary/keyed_hash.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "vocabulary/ensure.hpp"

namespace runink {
namespace {

std::string hex(const auto& bytes) {
  return to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string openssl_siphash(const std::array<std::uint8_t, 16>& key, std::string_view text) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  std::size_t size = 16;
  const OSSL_PARAM with[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                             OSSL_PARAM_construct_end()};
  std::array<std::uint8_t, 16> out{};
  std::size_t got = 0;
  ENSURE(EVP_MAC_init(context, key.data(), key.size(), with) == 1);
  ENSURE(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(text.data()),
                        text.size()) == 1);
  ENSURE(EVP_MAC_final(context, out.data(), &got, out.size()) == 1 && got == 16);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  return hex(out);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keyed_hash)

BOOST_AUTO_TEST_CASE(hmac_gives_the_vectors_of_rfc_4231) {
  BOOST_TEST(to_hex(HmacSha256(std::string(20, '\x0b')).of("Hi There")) ==
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  BOOST_TEST(to_hex(HmacSha256("Jefe").of("what do ya want for nothing?")) ==
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  BOOST_TEST(to_hex(HmacSha256(std::string(131, '\xaa'))
                        .of("Test Using Larger Than Block-Size Key - Hash Key First")) ==
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

BOOST_AUTO_TEST_CASE(hmac_agrees_with_openssl_for_every_length) {
  const std::string key = "herd key, 32 bytes of entropy...";
  const HmacSha256 ours{key};
  std::string text;
  for (int n = 0; n < 200; ++n, text += static_cast<char>(n * 7)) {
    std::array<std::uint8_t, 32> theirs{};
    ENSURE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                reinterpret_cast<const unsigned char*>(text.data()), text.size(), theirs.data(),
                nullptr) != nullptr);
    BOOST_TEST(to_hex(ours.of(text)) == hex(theirs));
  }
}

BOOST_AUTO_TEST_CASE(siphash_agrees_with_openssl_for_every_length) {
  std::array<std::uint8_t, 16> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  // The first vector of the reference code (vectors_sip128, empty input).
  BOOST_TEST(hex(siphash128(key, "")) == "a3817f04ba25a8e66df67214c7550293");
  std::string text;
  for (int n = 0; n < 200; ++n, text += static_cast<char>(n * 31))
    BOOST_TEST(hex(siphash128(key, text)) == openssl_siphash(key, text));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink
