// The CSV reader by its rules, and by its promise: no byte of a file is lost.
#include "steps/csv_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

#include "vocabulary/limits.hpp"

namespace runink::steps {
namespace {

/// Records as "[a|b]", NULL as "-", faults behind.
std::string shown(const std::string& bytes, bool one_column = false) {
  CsvReader reader{bytes};
  if (one_column) reader.one_column();
  std::string out, room;
  while (reader.next()) {
    out += "[";
    bool first = true;
    for (const CsvField& field : reader.fields()) {
      out += (first ? "" : "|") + (field.null() ? "-" : std::string(field.text(room)));
      first = false;
    }
    out += "]";
    if (reader.faults() & bad_quoting) out += "q";
    if (reader.faults() & bad_utf8) out += "u";
    if (reader.faults() & too_long) out += "l";
  }
  return out;
}

/// Everything between records must be blank lines: nothing else is skipped.
void check_that_all_bytes_are_there(const std::string& bytes) {
  CsvReader reader{bytes};
  std::size_t at = bytes.starts_with("\xef\xbb\xbf") ? 3 : 0;
  const auto blank_until = [&](std::size_t end) {
    for (; at < end; ++at)
      if (bytes[at] != '\n' &&
          !(bytes[at] == '\r' && (at + 1 == bytes.size() || bytes[at + 1] == '\n')))
        return false;
    return true;
  };
  while (reader.next()) {
    BOOST_REQUIRE(blank_until(reader.offset()));
    BOOST_REQUIRE(reader.next_offset() > at);
    at = reader.next_offset();
  }
  BOOST_REQUIRE(blank_until(bytes.size()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_reader)

BOOST_AUTO_TEST_CASE(records_are_read_as_rfc_4180_has_them) {
  BOOST_TEST(shown("a,b\n1,2\n") == "[a|b][1|2]");
  BOOST_TEST(shown("a,b\r\n1,2\r\n") == "[a|b][1|2]");
  BOOST_TEST(shown("a,b\n1,2") == "[a|b][1|2]");
  BOOST_TEST(shown("\"a,x\",\"say \"\"hi\"\"\"\n") == "[a,x|say \"hi\"]");
  BOOST_TEST(shown("\"two\nlines\",2\n3,4\n") == "[two\nlines|2][3|4]");
  BOOST_TEST(shown(",\n\"\",x\n1,") == "[-|-][|x][1|-]");
  BOOST_TEST(shown("") == "");
  BOOST_TEST(shown("\xef\xbb\xbf"
                   "a,b\n") == "[a|b]");
  BOOST_TEST(shown("1,2\r") == "[1|2]");
}

BOOST_AUTO_TEST_CASE(blank_lines_are_no_records_unless_there_is_one_column) {
  BOOST_TEST(shown("\n\na,b\n\r\n\n1,2\n\n") == "[a|b][1|2]");
  BOOST_TEST(shown("a,b\r\n\r") == "[a|b]");
  BOOST_TEST(shown("a\n\n\"\"\nb\n", true) == "[a][-][][b]");
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_a_record_with_its_fault) {
  BOOST_TEST(shown("1,a\"b\n2,c\n") == "[1|a\"b]q[2|c]");
  BOOST_TEST(shown("1,\"a\"b,3\n2,c\n") == "[1|a|3]q[2|c]");
  BOOST_TEST(shown("1,\"a\"b\r\n2,c\n") == "[1|a]q[2|c]");
  BOOST_TEST(shown("1,a\rb\n2,c\n") == "[1|a\rb]q[2|c]");
  BOOST_TEST(shown("1,\xff\n2,c\n") == "[1|\xff]u[2|c]");
  BOOST_TEST(shown("1,\xed\xa0\x80\n") == "[1|\xed\xa0\x80]u");
  BOOST_TEST(shown("1,\xc0\xaf\n") == "[1|\xc0\xaf]u");
  BOOST_TEST(shown(std::string("1,a\0b\n", 6)) == "[1|" + std::string("a\0b", 3) + "]u");
  BOOST_TEST(shown("1,\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82\n") == "[1|ä€🙂]");
}

BOOST_AUTO_TEST_CASE(a_quote_that_is_never_closed_costs_one_line) {
  BOOST_TEST(shown("1,a\n2,\"b\n3,c\n4,d\n") == "[1|a][]q[3|c][4|d]");
  BOOST_TEST(shown("1,\"b") == "[]q");
  std::string many = "1,\"open\n";
  for (int i = 0; i < 200'000; ++i) many += "2,closed\n";
  CsvReader reader{many};
  BOOST_REQUIRE(reader.next());
  BOOST_TEST(reader.faults() == too_long);
  BOOST_TEST(reader.raw() == "1,\"open");
  std::size_t n = 0;
  while (reader.next()) n += reader.faults() == 0 ? 1 : 0;
  BOOST_TEST(n == 200'000u);
}

BOOST_AUTO_TEST_CASE(a_record_beyond_the_limit_is_set_apart_whole) {
  const std::string longest(limits::record.value - 3, 'x');
  BOOST_TEST(shown("1," + longest + "\n2,b\n") == "[1|" + longest + "][2|b]");
  BOOST_TEST(shown("1," + longest + "yy\n2,b\n") == "[]l[2|b]");
  BOOST_TEST(shown("1," + std::string(100u << 20, 'x') + "\n2,b") == "[]l[2|b]");
  BOOST_TEST(shown("1,\"" + longest + "\"\n2,b\n") == "[]l[2|b]");
  BOOST_TEST(shown(std::string(2u << 20, ',') + "\n2,b\n") == "[]l[2|b]");
}

BOOST_AUTO_TEST_CASE(no_byte_is_lost_whatever_the_dirt) {
  std::mt19937 random{20'260'117};
  constexpr std::string_view letters = "ab1,,,\"\"\"\n\n\r\xc3\xa4\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = round % 7 == 0 ? "\xef\xbb\xbf" : "";
    for (std::size_t n = random() % 60; n > 0; --n) bytes += letters[random() % letters.size()];
    check_that_all_bytes_are_there(bytes);
  }
}

BOOST_AUTO_TEST_CASE(a_reader_can_begin_at_any_record) {
  const std::string bytes = "a,b\n\"x\ny\",2\n3,4\n";
  CsvReader reader{bytes};
  reader.next();
  reader.next();
  const std::size_t place = reader.offset();
  reader.seek(place);
  BOOST_TEST(reader.next());
  BOOST_TEST(reader.offset() == place);
  BOOST_TEST(reader.raw() == "\"x\ny\",2");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::steps
