// A file that shrinks while it is mapped ends no process.
#include "steps/mapped_file.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/steps/slice_folder.hpp"

namespace runink::testing {

BOOST_AUTO_TEST_SUITE(mapped_files)

BOOST_AUTO_TEST_CASE(a_file_that_shrinks_reads_as_zeros_and_is_told) {
  SliceFolder slice;
  slice.write("a.csv", std::string(3 * 4096, 'x'));
  const std::string path = slice.path("a.csv").string();
  const auto map = steps::MappedFile::open(path, "a.csv");
  BOOST_REQUIRE(map.has_value());
  BOOST_TEST(map->bytes().size() == 3u * 4096);
  BOOST_TEST(map->check().has_value());
  BOOST_REQUIRE(::truncate(path.c_str(), 4096) == 0);
  // Read byte by byte from the page that is gone; without the handler this is a SIGBUS.
  unsigned sum = 0;
  for (std::size_t i = 2 * 4096; i < 3 * 4096; ++i)
    sum += static_cast<unsigned char>(map->bytes()[i]);
  BOOST_TEST(sum == 0u);
  BOOST_TEST(map->bytes()[0] == 'x');
  const auto told = map->check();
  BOOST_REQUIRE(!told.has_value());
  BOOST_TEST((told.error().reason == SliceReason::input_changed));
}

BOOST_AUTO_TEST_CASE(pages_that_were_passed_can_be_read_again) {
  SliceFolder slice;
  std::string bytes(80u << 20, 'a');
  bytes.front() = 'b';
  slice.write("a.csv", bytes);
  auto map = steps::MappedFile::open(slice.path("a.csv").string(), "a.csv");
  BOOST_REQUIRE(map.has_value());
  map->passed(bytes.size());
  BOOST_TEST(map->bytes().front() == 'b');
  BOOST_TEST((map->bytes() == bytes));
  BOOST_TEST(map->check().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_file_or_is_empty) {
  SliceFolder slice;
  BOOST_TEST(!steps::MappedFile::open(slice.path("in").string(), "in").has_value());
  BOOST_TEST(!steps::MappedFile::open(slice.path("absent").string(), "absent").has_value());
  slice.write("empty", "");
  BOOST_TEST(steps::MappedFile::open(slice.path("empty").string(), "empty")->bytes().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
