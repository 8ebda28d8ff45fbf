// JSON lines of golden files: what is equal, exactly, and what is not.
#include <boost/test/unit_test.hpp>

#include "pipeline/golden.hpp"

namespace runink::pipeline::test::of_golden_json {
namespace {

TextTable lines(const std::string& text) {
  const auto read = read_json_lines(text);
  BOOST_REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  return *read;
}

std::string why_not(const std::string& text) {
  const auto read = read_json_lines(text);
  return read ? "" : read.error();
}

bool equal(const std::string& one, const std::string& other) {
  return differences_of(lines(one), lines(other), true).none();
}

/// A line with this many keys.
std::string wide_line(int keys) {
  std::string line = "{";
  for (int i = 0; i < keys; ++i) line += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  return line + "}\n";
}
std::string empty_lines(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += "{}\n";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_json_lines)

// Numbers were read as doubles, and a test passed whose rows were others than the expected ones.
BOOST_AUTO_TEST_CASE(tell_numbers_apart_that_are_one_double) {
  BOOST_TEST(!equal(R"({"a":9007199254740992})", R"({"a":9007199254740993})"));
  BOOST_TEST(!equal(R"({"a":36893488147419103232})", R"({"a":36893488147419103233})"));
  BOOST_TEST(!equal(R"({"a":12345678901234567.89})", R"({"a":12345678901234567.88})"));
  BOOST_TEST(!equal(R"({"a":0.1})", R"({"a":0.1000000000000000055511151231257827})"));
  BOOST_TEST(!equal(R"({"a":1e400})", R"({"a":1e401})"));
  BOOST_TEST(!equal(R"({"a":1e-400})", R"({"a":0})"));
  BOOST_TEST(!equal(R"({"a":{"b":[9007199254740992]}})", R"({"a":{"b":[9007199254740993]}})"));
}

BOOST_AUTO_TEST_CASE(know_a_number_in_every_spelling) {
  BOOST_TEST(equal(R"({"a":1.50})", R"({"a":15e-1})"));
  BOOST_TEST(equal(R"({"a":100})", R"({"a":1.00E+2})"));
  BOOST_TEST(equal(R"({"a":-0.0})", R"({"a":0})"));
  BOOST_TEST(equal(R"({"a":1e300})", R"({"a":1)" + std::string(300, '0') + "}"));
  BOOST_TEST(equal(R"({"a":{"b":[1.0,2.50]}})", R"( { "a" : { "b" : [ 1, 2.5 ] } } )"));
  BOOST_TEST(equal(R"({"a":1e-0999999999})", R"({"a":0.1e-999999998})"));
}

BOOST_AUTO_TEST_CASE(know_a_text_in_every_spelling_and_from_a_number) {
  BOOST_TEST(equal(R"({"a":"\u00e4\/\n"})", R"({"\u0061":"ä/\u000A"})"));
  BOOST_TEST(!equal(R"({"a":"1"})", R"({"a":1})"));
  BOOST_TEST(!equal(R"({"a":"1.0"})", R"({"a":"1"})"));
  BOOST_TEST(!equal(R"({"a":"\u0000"})", R"({"a":"\\u0000"})"));
  BOOST_TEST(!equal(R"({"a":"null"})", R"({"a":null})"));
  BOOST_TEST(!equal(R"({"a":["\"", "1.0 "]})", R"({"a":["\"", "1.0"]})"));
}

BOOST_AUTO_TEST_CASE(have_a_column_for_each_key_and_null_for_what_is_left_out) {
  const TextTable read = lines("\xef\xbb\xbf{\"a\":1,\"b\":true}\n\n{\"c\":[],\"a\":null}\r\n");
  const std::vector<std::string> columns = {"a", "b", "c"};
  BOOST_TEST(read.columns == columns, boost::test_tools::per_element());
  BOOST_REQUIRE(read.rows.size() == 2u);
  BOOST_TEST((read.rows[0] == std::vector<Cell>{"1", "true", {}}));
  BOOST_TEST((read.rows[1] == std::vector<Cell>{{}, {}, "[]"}));
  BOOST_TEST(lines("").rows.empty());
}

BOOST_AUTO_TEST_CASE(say_in_which_line_they_are_broken) {
  BOOST_TEST(why_not("{}\n[1]\n") == "line 2: it is no JSON object");
  BOOST_TEST(why_not("{\"a\":1}\n\n{\"a\":01}\n") == "line 3: it is no JSON object");
  BOOST_TEST(why_not(R"({"a":1,"\u0061":2})") == "line 1: the key `a` is there twice");
  BOOST_TEST(why_not(R"({"\ud800":1})") == R"(line 1: the key "\ud800" is no text)");
  BOOST_TEST(why_not(R"({"a":[1e9999999999]})") ==
             "line 1: the exponent of 1e9999999999 is too large to be compared");
  BOOST_TEST(why_not("{\"a\":\"\xff\"}") == "it is not UTF-8");
}

// One long line widened every other row, up to gigabytes in the daemon.
BOOST_AUTO_TEST_CASE(have_a_bounded_number_of_cells) {
  const std::string bound = "there are more than 2000000 cells";
  BOOST_TEST(why_not(wide_line(8'000) + empty_lines(249)) == "");
  BOOST_TEST(why_not(wide_line(8'000) + empty_lines(250)) == "line 251: " + bound);
  BOOST_TEST(why_not(empty_lines(249) + wide_line(8'000)) == "");
  BOOST_TEST(why_not(empty_lines(250) + wide_line(8'000)) == "line 251: " + bound);
  BOOST_TEST(why_not(wide_line(8'001)) == "line 1: there are more than 8000 keys");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::pipeline::test::of_golden_json
