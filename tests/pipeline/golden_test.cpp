// Rows that are expected against rows that came out.
#include "pipeline/golden.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace runink::pipeline::test::of_golden_rows {
namespace {

TextTable table(const std::string& csv) {
  const auto read = read_csv(csv);
  BOOST_REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  return *read;
}

std::string diff(const std::string& expected, const std::string& got, bool ordered = false,
                 std::size_t most = 20) {
  const TextTable left = table(expected), right = table(got);
  return text_of(differences_of(left, right, ordered), left, right, most);
}

std::string why_not(const std::string& csv) {
  const auto read = read_csv(csv);
  return read ? "" : read.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_rows)

BOOST_AUTO_TEST_CASE(tell_null_from_an_empty_text) {
  const TextTable read = table("a,b\n,\"\"\n");
  BOOST_REQUIRE(read.rows.size() == 1u);
  BOOST_TEST(!read.rows[0][0].has_value());
  BOOST_TEST(read.rows[0][1].value() == "");
  BOOST_TEST(diff("a,b\n,\"\"\n", "a,b\n,\n") ==
             "~ row 1 is different: a=NULL\n      b: expected '', got NULL\n");
}

BOOST_AUTO_TEST_CASE(come_back_as_they_were_written) {
  for (const std::string csv : {"a,b\n1,\n", "a\n\n\"\"\n", "a,b\n\"x,y\",\"line\nline\"\n",
                                "\"a\"\"b\"\n\"q\"\"\"\n", "a\n"})
    BOOST_TEST(write_csv(table(csv)) == csv);
  BOOST_TEST((table("a,b\r\n1,2\r\n") == table("\xef\xbb\xbf"
                                               "a,b\n1,2")));
}

// A header of a megabyte kept the node busy for minutes.
BOOST_AUTO_TEST_CASE(a_header_has_a_bounded_number_of_columns) {
  std::string header;
  for (int i = 0; i < 8'001; ++i) header += "c" + std::to_string(i) + ",";
  header.pop_back();
  BOOST_TEST(why_not(header + "\n") == "line 1: there are more than 8000 columns");
}

BOOST_AUTO_TEST_CASE(say_in_which_line_they_are_broken) {
  BOOST_TEST(why_not("") == "it is empty: a header is missing");
  BOOST_TEST(why_not("a,b\n1,2\n3\n") == "line 3: it has 1 field, and the header 2");
  BOOST_TEST(why_not("a\n\"x\n") == "line 2: a quote is never closed");
  BOOST_TEST(why_not("a\nx\"y\n") == "line 2: a quote stands within a field without quotes");
  BOOST_TEST(why_not("a\n\"x\"y\n") == "line 2: something stands behind a closing quote");
  BOOST_TEST(why_not("a,a\n") == "line 1: the column `a` is there twice");
  BOOST_TEST(why_not("a,\n") == "line 1: a column has no name");
  BOOST_TEST(why_not("a\n\xff\n") == "it is not UTF-8");
}

BOOST_AUTO_TEST_CASE(are_equal_in_any_order_of_rows_and_columns) {
  BOOST_TEST(diff("a,b\n1,x\n2,y\n", "b,a\ny,2\nx,1\n") == "");
}

BOOST_AUTO_TEST_CASE(count_equal_rows) {
  BOOST_TEST(diff("a\n1\n1\n", "a\n1\n") == "- row 2 is missing: a=1\n");
  BOOST_TEST(diff("a\n1\n", "a\n1\n1\n") == "+ not expected: a=1\n");
}

BOOST_AUTO_TEST_CASE(show_the_columns_that_are_different) {
  BOOST_TEST(diff("k,ccy,net\nA,EUR,1.00\nB,EUR,2.00\n", "k,ccy,net\nA,EUR,1.00\nB,EUR,2.50\n") ==
             "~ row 2 is different: k=B, ccy=EUR\n      net: expected 2.00, got 2.50\n");
}

BOOST_AUTO_TEST_CASE(are_no_pair_when_most_of_them_is_different) {
  BOOST_TEST(diff("a,b,c\n1,2,3\n", "a,b,c\n1,8,9\n") ==
             "- row 1 is missing: a=1, b=2, c=3\n+ not expected: a=1, b=8, c=9\n");
}

BOOST_AUTO_TEST_CASE(tell_columns_before_rows) {
  BOOST_TEST(diff("a,b\n1,2\n", "a,c\n1,2\n") ==
             "- column b is missing\n+ column c is not expected\n");
}

BOOST_AUTO_TEST_CASE(keep_their_order_only_where_it_counts) {
  BOOST_TEST(diff("a\n1\n2\n", "a\n2\n1\n", false) == "");
  BOOST_TEST(diff("a\n1\n2\n", "a\n2\n1\n", true) ==
             "~ the rows are the expected ones in another order; the first is row 1\n"
             "      expected a=1\n      got      a=2\n");
}

BOOST_AUTO_TEST_CASE(are_shown_up_to_a_bound_with_terminals_in_mind) {
  std::string many = "a\n";
  for (int i = 0; i < 50; ++i) many += std::to_string(i) + "\n";
  const std::string said = diff(many, "a\n", false, 3);
  BOOST_TEST(said.ends_with("  ... and 47 more\n"));
  BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 4);
  BOOST_TEST(diff("a\n\x1b[31m\n", "a\n") == "- row 1 is missing: a=?[31m\n");
}

// An answer of the node had hundreds of megabytes.
BOOST_AUTO_TEST_CASE(are_shown_with_a_bounded_number_of_columns) {
  const auto line = [](int from, int to, const std::string& what) {
    std::string all;
    for (int i = from; i < to; ++i) all += (i > from ? "," : "") + what + std::to_string(i);
    return all + "\n";
  };
  const std::string head = line(0, 100, "c"), row = line(0, 100, "v");
  const std::string missing = diff(head + row, head);
  BOOST_TEST(missing.ends_with(", c39=v39, ... and 60 more columns\n"));
  BOOST_TEST(missing.find("c40") == std::string::npos);
  std::string first_half = line(0, 50, "v");
  first_half.back() = ',';
  const std::string half = diff(head + row, head + first_half + line(50, 100, "w"));
  BOOST_TEST(half.find(", c39=v39, ... and 10 more columns\n      c50: expected v50, got w50\n") !=
             std::string::npos);
  BOOST_TEST(half.ends_with("c89: expected v89, got w89\n      ... and 10 more columns\n"));
  const std::string names = diff(head, "other\n");
  BOOST_TEST(std::count(names.begin(), names.end(), '\n') == 42);
  BOOST_TEST(names.ends_with(
      "- column c39 is missing\n  ... and 60 more columns\n+ column other is not expected\n"));
}

BOOST_AUTO_TEST_CASE(of_many_differences_are_found_without_trying_every_pair) {
  std::string left = "a,b\n", right = "a,b\n";
  for (int i = 0; i < 20'000; ++i) {
    left += std::to_string(i) + ",x\n";
    right += std::to_string(i) + ",y\n";
  }
  const Differences found = differences_of(table(left), table(right), false);
  BOOST_TEST(found.count(RowChange::missing) == 20'000u);
  BOOST_TEST(found.count(RowChange::unexpected) == 20'000u);
}

BOOST_AUTO_TEST_CASE(can_be_compared_in_some_columns_only) {
  const auto chosen = only_columns(table("a,b,c\n1,2,3\n"), {"c", "a"});
  BOOST_REQUIRE(chosen.has_value());
  BOOST_TEST(write_csv(*chosen) == "c,a\n3,1\n");
  const auto none = only_columns(table("a\n1\n"), {"b"});
  BOOST_REQUIRE(!none.has_value());
  BOOST_TEST(none.error() == "b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::pipeline::test::of_golden_rows
