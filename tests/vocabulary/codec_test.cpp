#include "vocabulary/codec.hpp"

#include <boost/test/unit_test.hpp>

#include "vocabulary/digest.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;

namespace {
struct Pair {
  std::uint32_t a = 0;
  std::optional<std::string> b;
  std::map<std::string, std::vector<std::uint16_t>> c;
  std::variant<bool, std::string> d;
  friend bool operator==(const Pair&, const Pair&) = default;
  static auto fields(auto& self) { return std::tie(self.a, self.b, self.c, self.d); }
};
const Pair sample{7, "x", {{"k", {1, 2}}}, std::string("yes")};
}  // namespace

BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded) {
  const auto back = decode<Pair>(encode(sample), "a pair");
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST((*back == sample));
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_value_never_change) {
  BOOST_TEST(to_hex(encode(sample)) ==
             "07000000"
             "01"
             "01000000"
             "78"
             "01000000"
             "01000000"
             "6b"
             "02000000"
             "0100"
             "0200"
             "01"
             "03000000"
             "796573");
}

BOOST_AUTO_TEST_CASE(every_cut_and_every_extra_byte_is_refused) {
  const std::string bytes = encode(sample);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    BOOST_TEST(!decode<Pair>(bytes.substr(0, n), "a pair").has_value());
  BOOST_TEST(!decode<Pair>(bytes + "x", "a pair").has_value());
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_refused_or_mean_something_else_but_never_crash) {
  Randomness random(42);
  const std::string bytes = encode(sample);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    damaged[random.below(damaged.size())] ^= static_cast<char>(1 + random.below(255));
    if (const auto back = decode<Pair>(damaged, "a pair")) BOOST_REQUIRE(encode(*back) == damaged);
  }
}

BOOST_AUTO_TEST_CASE(a_length_that_lies_allocates_nothing) {
  const auto back = decode<std::vector<std::string>>(std::string("\xff\xff\xff\xff", 4), "a list");
  BOOST_TEST(!back.has_value());
  BOOST_TEST((back.error().kind == FaultKind::corrupt));
}

BOOST_AUTO_TEST_CASE(digests_match_the_published_vectors) {
  // FIPS 180-4, "abc"; RFC 3720 B.4, 32 bytes of zeros and "123456789"; XXH64 of "" with seed 0.
  BOOST_TEST(to_hex(sha256("abc")) ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  BOOST_TEST(crc32c("123456789") == 0xe3069283u);
  BOOST_TEST(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
  BOOST_TEST(xxh64("") == 0xef46db3751d8e999ull);
  BOOST_TEST((digest_from_hex(to_hex(sha256("abc"))) == sha256("abc")));
}

BOOST_AUTO_TEST_CASE(names_are_checked_and_slips_are_understood) {
  BOOST_TEST(check_name("step", "netted_2-a").has_value());
  for (const char* bad : {"", "2a", "A", "a b", "a/b", "../x"})
    BOOST_TEST(!check_name("step", bad).has_value());
  BOOST_TEST(!check_name("step", std::string(64, 'a')).has_value());
  const std::vector<std::string> known{"checked", "masked", "netted"};
  BOOST_TEST(nearest_name("chekced", known).value_or("-") == "checked");
  BOOST_TEST(!nearest_name("zzz", known).has_value());
  // Megabytes were compared letter by letter, for hours.
  BOOST_TEST(!nearest_name(std::string(8'000'000, 'c'), std::vector{std::string(1'000'000, 'c')})
                  .has_value());
  // Letters that changed places are one slip, even in a short name.
  BOOST_TEST(edit_distance("fomr", "form") == 1u);
  BOOST_TEST(edit_distance("ca", "abc") == 3u);
  BOOST_TEST(edit_distance("", "abc") == 3u);
  BOOST_TEST(nearest_name("fomr", std::vector<std::string>{"form", "from"}).value_or("-") ==
             "form");
  BOOST_TEST(nearest_name("slq", std::vector<std::string>{"exec", "sql"}).value_or("-") == "sql");
}
