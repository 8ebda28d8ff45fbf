// The independent count of CSV and JSON records.
#include "steps/text_scan.hpp"

#include <boost/test/unit_test.hpp>

namespace runink::steps {
namespace {

/// "3 records, 1 blank", or the failure's text; the bytes come in pieces of `piece`.
std::string scanned(const std::string& text, std::size_t piece) {
  CsvScan scan{"a.csv"};
  for (std::size_t at = 0; at < text.size(); at += piece)
    if (auto done = scan.feed(std::string_view(text).substr(at, piece)); !done)
      return done.error().text;
  if (auto done = scan.finish(); !done) return done.error().text;
  return std::to_string(scan.records()) + " records, " + std::to_string(scan.blank_lines()) +
         " blank";
}

void both(const std::string& text, const std::string& expected) {
  for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size() + 1})
    BOOST_TEST(scanned(text, piece) == expected,
               "in pieces of " << piece << ": " << scanned(text, piece));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_scan)

BOOST_AUTO_TEST_CASE(records_are_counted_whatever_ends_their_lines) {
  both("a,b\n1,2\n3,4\n", "2 records, 0 blank");
  both("a,b\r\n1,2\r\n3,4", "2 records, 0 blank");
  both("a,b\n\n1,2\n\n\n", "1 records, 3 blank");
  both("a,b\n", "0 records, 0 blank");
  both("a,b", "0 records, 0 blank");
  both("a,b\n,\n", "1 records, 0 blank");
}

BOOST_AUTO_TEST_CASE(quoted_fields_may_hold_commas_quotes_and_lines) {
  both("a,b\n\"x,\"\"y\"\"\nz\",2\n3,\"\"\n", "2 records, 0 blank");
  both("\"a \"\"x\"\"\",\"b\nc\"\n1,2\n", "1 records, 0 blank");
}

BOOST_AUTO_TEST_CASE(a_malformed_record_is_named_by_its_line) {
  both("a,b\n1,2\n3\n", "a.csv, line 3: the record has 1 field, the header has 2");
  both("a,b\n\"x\n\n\",2\n1,2,3\n", "a.csv, line 5: the record has 3 fields, the header has 2");
  both("a,b\n1,x\"y\n",
       "a.csv, line 2: a quote stands inside a field that does not begin with one");
  both("a,b\n1,\"x\"y\n",
       "a.csv, line 2: text follows the closing quote of a field; a quote inside a field is "
       "doubled");
  both("a,b\n1,\"x\n2,3\n",
       "a.csv, line 2: a quoted field is not closed before the end of the file");
  both("a,b\n1,2\r3,4\n", "a.csv, line 2: a carriage return stands without a line feed after it");
}

BOOST_AUTO_TEST_CASE(a_header_must_name_every_column_once) {
  both("", "a.csv is empty; its first line must name the columns");
  both("\na,b\n", "a.csv begins with a blank line; its first line must name the columns");
  both("a,,c\n", "a.csv: a column of the header has no name; every column needs one");
  both("a,A\n", "a.csv: the header names the column \"A\" twice (names compare without case)");
  both("a;b\n1;2\n", "a.csv: the header has no comma; fields must be separated by commas");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_no_part_of_the_first_name) {
  CsvScan scan{"a.csv"};
  BOOST_TEST(scan.feed("\xef\xbb\xbf"
                       "a,b\n1,2\n")
                 .has_value());
  BOOST_TEST(scan.finish().has_value());
  BOOST_TEST(scan.header().front() == "a");
}

BOOST_AUTO_TEST_CASE(json_lines_are_counted_without_blank_ones) {
  JsonlScan scan{"a.jsonl"};
  BOOST_TEST(scan.feed("{\"a\":1}\n\n  \t\r\n{\"a\"").has_value());
  BOOST_TEST(scan.feed(":2}").has_value());
  scan.finish();
  BOOST_TEST(scan.records() == 2u);
  const auto bad = scan.feed("{}\n[1]\n");
  BOOST_REQUIRE(!bad.has_value());
  BOOST_TEST(bad.error().text == "a.jsonl, line 6: a line of JSON must be one object");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::steps
