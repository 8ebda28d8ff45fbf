// Judging counts against bounds, beside an oracle that works on whole numbers of any length.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "governance/decimal.hpp"
#include "governance/rules.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::governance;

namespace {

/// A whole number of any length: decimal digits, the least first.
using Long = std::vector<int>;

Long long_of(std::uint64_t value) {
  Long digits;
  for (; value > 0; value /= 10) digits.push_back(static_cast<int>(value % 10));
  return digits;
}

Long product(const Long& a, const Long& b) {
  Long digits(a.size() + b.size() + 1, 0);
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j) {
      digits[i + j] += a[i] * b[j];
      for (std::size_t k = i + j; digits[k] > 9; ++k) {
        digits[k + 1] += digits[k] / 10;
        digits[k] %= 10;
      }
    }
  while (!digits.empty() && digits.back() == 0) digits.pop_back();
  return digits;
}

int compare_long(const Long& a, const Long& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = a.size(); i-- > 0;)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/// counted * factor / of against units / 10^scale, by cross multiplication.
int oracle_compare(std::uint64_t counted, std::uint64_t factor, std::uint64_t of,
                   const Decimal& d) {
  if (d.units < 0) return 1;
  Long power = {1};
  for (int i = 0; i < d.scale; ++i) power = product(power, {0, 1});
  const Long left = product(product(long_of(counted), long_of(factor)), power);
  return compare_long(left, product(long_of(static_cast<std::uint64_t>(d.units)), long_of(of)));
}

bool oracle_holds(const Bound& bound, std::uint64_t counted, std::uint64_t of) {
  if (bound.percent && of == 0) counted = 0, of = 1;
  const std::uint64_t factor = bound.percent ? 100 : 1, divisor = bound.percent ? of : 1;
  const int low = oracle_compare(counted, factor, divisor, bound.low);
  const int high = oracle_compare(counted, factor, divisor, bound.high);
  switch (bound.comparison) {
    case Comparison::is: return low == 0;
    case Comparison::is_not: return low != 0;
    case Comparison::greater: return low > 0;
    case Comparison::at_least: return low >= 0;
    case Comparison::less: return low < 0;
    case Comparison::at_most: return low <= 0;
    case Comparison::between: return low > 0 && high < 0;
    case Comparison::not_between: return !(low > 0 && high < 0);
  }
  return false;
}

Bound bound(Comparison comparison, Decimal low, Decimal high = {}, bool percent = false) {
  return {comparison, low, high, percent};
}

/// Any number of any length, great ones and small ones alike often.
std::uint64_t any_number(Randomness& chance) { return chance.next() >> chance.below(64); }

Decimal any_decimal(Randomness& chance) {
  constexpr std::int64_t most = 999'999'999'999'999'999;
  Decimal d{static_cast<std::int64_t>(any_number(chance) % most),
            static_cast<std::uint8_t>(chance.below(19))};
  if (chance.below(8) == 0) d.units = -d.units;
  return d;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(judge_of_rules)

BOOST_AUTO_TEST_CASE(many_judgements_agree_with_long_arithmetic) {
  Randomness chance{20261120};
  std::uint64_t kept = 0, equal = 0;
  for (int round = 0; round < 60'000; ++round) {
    Bound b = bound(static_cast<Comparison>(1 + chance.below(8)), any_decimal(chance),
                    any_decimal(chance), chance.below(2) == 0);
    std::uint64_t of = any_number(chance), counted = any_number(chance);
    if (chance.below(2) == 0 && of > 0) counted %= of;
    if (chance.below(4) ==
        0) {  // a share with few digits, and a bound that it meets or just misses
      of = 1ull << chance.below(9);
      counted = chance.below(of + 1);
      const std::uint64_t units = counted * 100'000'000'000'000 / of;  // in 10^-12 percent: exact
      b = bound(b.comparison, {static_cast<std::int64_t>(units) + chance.between(-1, 1), 12},
                b.high, true);
      equal += holds(bound(Comparison::is, b.low, {}, true), counted, of) ? 1 : 0;
    }
    BOOST_REQUIRE_MESSAGE(holds(b, counted, of) == oracle_holds(b, counted, of),
                          counted << " of " << of << ": " << to_text(b));
    kept += holds(b, counted, of) ? 1 : 0;
  }
  BOOST_TEST(kept > 15'000u);  // else the cases were all of one kind
  BOOST_TEST(kept < 45'000u);
  BOOST_TEST(equal > 1'000u);
}

BOOST_AUTO_TEST_CASE(each_operator_is_exact_at_its_edge) {
  const Decimal five{5, 0}, ten{10, 0};
  struct Row {
    Comparison comparison;
    bool at_4, at_5, at_6, at_9, at_10;
  };
  for (const Row& row : {
           Row{Comparison::is, false, true, false, false, false},
           Row{Comparison::is_not, true, false, true, true, true},
           Row{Comparison::greater, false, false, true, true, true},
           Row{Comparison::at_least, false, true, true, true, true},
           Row{Comparison::less, true, false, false, false, false},
           Row{Comparison::at_most, true, true, false, false, false},
           Row{Comparison::between, false, false, true, true, false},
           Row{Comparison::not_between, true, true, false, false, true},
       }) {
    const Bound b = bound(row.comparison, five, ten);
    BOOST_TEST_CONTEXT(to_text(b)) {
      BOOST_TEST(holds(b, 4, 100) == row.at_4);
      BOOST_TEST(holds(b, 5, 100) == row.at_5);
      BOOST_TEST(holds(b, 6, 100) == row.at_6);
      BOOST_TEST(holds(b, 9, 100) == row.at_9);
      BOOST_TEST(holds(b, 10, 100) == row.at_10);
    }
  }
}

BOOST_AUTO_TEST_CASE(one_row_too_many_in_a_very_large_dataset_is_seen) {
  const Bound half = bound(Comparison::at_most, {5, 1}, {}, true);  // 0.5 %
  BOOST_TEST(holds(half, 50'000'000'000'000'000, 10'000'000'000'000'000'000u));
  BOOST_TEST(!holds(half, 50'000'000'000'000'001, 10'000'000'000'000'000'000u));
  const Bound third = bound(Comparison::less, {333333333333333333, 16}, {}, true);
  BOOST_TEST(!holds(third, 1, 3));  // 33.33... is more than sixteen threes behind the point
  BOOST_TEST(holds(third, 33, 100));
}

BOOST_AUTO_TEST_CASE(a_share_of_nothing_is_nothing) {
  BOOST_TEST(holds(bound(Comparison::is, {0, 0}, {}, true), 0, 0));
  BOOST_TEST(!holds(bound(Comparison::greater, {0, 0}, {}, true), 7, 0));
}

BOOST_AUTO_TEST_CASE(severity_decides_between_a_warning_and_a_violation) {
  Rule rule;
  rule.scope = RuleScope::dataset;
  rule.reason = RuleReason::row_count;
  rule.bound = bound(Comparison::at_least, {10, 0});
  BOOST_TEST((judge(rule, 10, 0) == Verdict::kept));
  BOOST_TEST((judge(rule, 9, 0) == Verdict::violated));
  rule.severity = RuleSeverity::warning;
  BOOST_TEST((judge(rule, 9, 0) == Verdict::warned));
  rule.severity = RuleSeverity::info;
  BOOST_TEST((judge(rule, 9, 0) == Verdict::warned));
}

BOOST_AUTO_TEST_CASE(the_number_of_a_query_may_have_decimals) {
  Rule rule;
  rule.reason = RuleReason::sql;
  rule.bound = bound(Comparison::at_most, {125, 1});  // 12.5
  BOOST_TEST((judge(rule, 125, 10) == Verdict::kept));
  BOOST_TEST((judge(rule, 12501, 1000) == Verdict::violated));
  BOOST_TEST((judge(rule, 12, 0) == Verdict::kept));  // no denominator: a whole number
  rule.bound.percent = true;                          // the query gives percent already
  BOOST_TEST((judge(rule, 125, 10) == Verdict::kept));
}

BOOST_AUTO_TEST_CASE(numbers_are_read_in_every_spelling_of_the_core_schema) {
  struct Row {
    std::string spelled, plain;
  };
  for (const Row& row :
       {Row{"0", "0"},
        {"-0", "0"},
        {"+1.50", "1.5"},
        {"1e3", "1000"},
        {".5", "0.5"},
        {"5.", "5"},
        {"12.34e-3", "0.01234"},
        {"1200E-2", "12"},
        {"0x1F", "31"},
        {"0o17", "15"},
        {"-007.100", "-7.1"},
        {"340282366920938463463374607431768211455", "340282366920938463463374607431768211455"}}) {
    BOOST_TEST_CONTEXT(row.spelled)
    BOOST_TEST(plain_number(row.spelled).value_or("none") == row.plain);
  }
  for (const char* none : {"", "-", ".", "1e", "1.2.3", "abc", "1e99", "1e-99", "0x", "1 "})
    BOOST_TEST_CONTEXT(none) BOOST_TEST(!plain_number(none));
  BOOST_TEST(!to_decimal("1000000000000000000"));  // 19 digits
  BOOST_TEST(to_text(*to_decimal("999999999999999999")) == "999999999999999999");
  BOOST_TEST(to_text(*to_decimal("-0.000000000000000001")) == "-0.000000000000000001");
  BOOST_TEST(!to_decimal("0.0000000000000000001"));
  BOOST_TEST(beyond_binary64("1.7976931348623159e308"));
  BOOST_TEST(!beyond_binary64("1.7976931348623157e308"));
  BOOST_TEST(!beyond_binary64("0e9999999999999"));
  BOOST_TEST(beyond_binary64("-1e9999999999999"));
}

BOOST_AUTO_TEST_CASE(numbers_of_any_size_have_one_exact_form) {
  struct Row {
    std::string spelled, form;
  };
  for (const Row& row : {Row{"-0.0e7", "0"},
                         {"0e9999999999999", "0"},
                         {"15e-1", "1.5"},
                         {"9007199254740993", "9007199254740993"},
                         {"1e300", "1e300"},
                         {"0.010E302", "1e300"},
                         {"1" + std::string(61, '0'), "1e61"},
                         {"-12.50e-100", "-1.25e-99"},
                         {"1e999999999", "1e999999999"}})
    BOOST_TEST(exact_number(row.spelled).value_or("none") == row.form, row.spelled);
  // A cut exponent would make different numbers equal.
  for (const char* none : {"", "-", "1e", "1.2.3", "NaN", "1e1000000000", "1e-99999999999"})
    BOOST_TEST(!exact_number(none), none);
}

BOOST_AUTO_TEST_CASE(numbers_are_ordered_as_numbers) {
  const std::vector<std::string> ascending = {"-1000", "-7.2", "-7.1", "-0.5", "0",  "0.004",
                                              "0.04",  "0.5",  "7",    "7.01", "10", "1000000"};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      BOOST_TEST((compare_plain(ascending[i], ascending[j]) == (i <=> j)));
      BOOST_TEST((compare(*to_decimal(ascending[i]), *to_decimal(ascending[j])) == (i <=> j)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
