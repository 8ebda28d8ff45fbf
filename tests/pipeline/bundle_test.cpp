#include "pipeline/bundle.hpp"

#include <boost/test/unit_test.hpp>

#include "vocabulary/digest.hpp"
#include "vocabulary/limits.hpp"

namespace runink::pipeline::test {
namespace {

BOOST_AUTO_TEST_SUITE(bundles)

BOOST_AUTO_TEST_CASE(an_archive_gives_back_what_it_was_made_of) {
  const Bundle bundle{{{"a.py", true, std::string("\0x", 2)}, {"d/b.csv", false, "id\n"}}};
  const auto archive = encode_bundle(bundle);
  BOOST_REQUIRE(archive);
  const auto back = decode_bundle(*archive);
  BOOST_REQUIRE(back);
  BOOST_TEST((*back == bundle));
  BOOST_TEST(back->find("d/b.csv")->bytes == "id\n");
  BOOST_TEST(back->find("d") == nullptr);
}

BOOST_AUTO_TEST_CASE(the_order_of_the_files_does_not_change_the_archive) {
  const BundleFile a{"a", false, "1"}, b{"b", false, "2"};
  BOOST_TEST((encode_bundle({{a, b}}) == encode_bundle({{b, a}})));
}

BOOST_AUTO_TEST_CASE(the_bytes_of_the_archive_are_these_for_ever) {
  const auto archive = encode_bundle({{{"pipeline.toml", true, "x"}}});
  BOOST_REQUIRE(archive);
  BOOST_TEST(to_hex(*archive) ==
             "524e4b42554e444c"  // RNKBUNDL
             "0100"              // form 1
             "01000000"          // one file
             "0d000000706970656c696e652e746f6d6c"
             "01"  // executable
             "0100000078");
}

BOOST_AUTO_TEST_CASE(paths_that_leave_the_folder_are_refused) {
  for (const char* path :
       {"", "/etc/passwd", "../x", "a/../x", "a//b", "a/", "./a", "a\\b", "a\nb", "\xff", ".."}) {
    const auto archive = encode_bundle({{{path, false, ""}}});
    BOOST_REQUIRE_MESSAGE(!archive, path);
    BOOST_TEST((archive.error().kind == FaultKind::bad_input));
  }
  BOOST_TEST(!!encode_bundle({{{"..a/...b/c..", false, ""}}}));
}

BOOST_AUTO_TEST_CASE(a_path_stands_once_and_is_a_file_or_a_folder) {
  BOOST_TEST(!encode_bundle({{{"a", false, "1"}, {"a", false, "2"}}}));
  BOOST_TEST(!encode_bundle({{{"a", false, "1"}, {"a-b", false, ""}, {"a/b", false, "2"}}}));
}

BOOST_AUTO_TEST_CASE(limits_are_told_before_anything_is_stored) {
  std::vector<BundleFile> many(limits::bundle_files + 1);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].path = "f" + std::to_string(i);
  const auto archive = encode_bundle({many});
  BOOST_REQUIRE(!archive);
  BOOST_TEST((archive.error().kind == FaultKind::exhausted));
  const auto big = encode_bundle({{{"a", false, std::string(limits::bundle_file.value + 1, 'x')}}});
  BOOST_REQUIRE(!big);
  BOOST_TEST((big.error().kind == FaultKind::exhausted));
}

BOOST_AUTO_TEST_CASE(no_damaged_archive_is_taken_for_another_bundle) {
  const auto archive = encode_bundle({{{"a", false, "one"}, {"b/c", true, "two"}}});
  BOOST_REQUIRE(archive);
  for (std::size_t cut = 0; cut < archive->size(); ++cut)
    BOOST_TEST(!decode_bundle(archive->substr(0, cut)), "cut at " << cut);
  BOOST_TEST(!decode_bundle(*archive + "x"));
  std::string newer = *archive;
  newer[8] = 2;
  BOOST_TEST((decode_bundle(newer).error().kind == FaultKind::out_of_date));
  // What decodes is canonical: it encodes to the same bytes.
  for (std::size_t at = 0; at < archive->size(); ++at) {
    std::string changed = *archive;
    changed[at] = static_cast<char>(changed[at] ^ 0x21);
    const auto back = decode_bundle(changed);
    if (back) BOOST_TEST((encode_bundle(*back) == changed), "byte " << at);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::pipeline::test
