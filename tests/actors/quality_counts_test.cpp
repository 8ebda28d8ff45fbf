// What a validate step counted becomes the counts of a commit, for every rule of its contract.
#include "actors/workloads/quality_counts.hpp"

#include <boost/test/unit_test.hpp>

#include "governance/rules.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

/// A contract with as many rules as one may have, the last of them of the dataset.
pipeline::ValidateWork with_all_rules() {
  pipeline::ValidateWork work;
  work.rules.name = "wide";
  governance::QualityRule rows;
  rows.name = "enough_rows";
  rows.metric = governance::Metric::row_count;
  rows.bound = {governance::Comparison::at_least, {1, 0}, {}, false};
  work.rules.quality = {rows};
  // Each column has one rule, that of its type.
  const std::size_t columns = limits::contract_rules - governance::rules_of(work.rules).size();
  for (std::size_t i = 0; i < columns; ++i) {
    work.rules.properties.emplace_back();
    work.rules.properties.back().name = "c" + std::to_string(i);
  }
  return work;
}

SliceReport complete(std::uint64_t rows) {
  SliceReport report;
  report.counters["rows_read"] = rows;
  return report;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quality_counts)

BOOST_AUTO_TEST_CASE(of_a_contract_with_as_many_rules_as_possible_need_only_the_broken_ones) {
  const pipeline::ValidateWork work = with_all_rules();
  const auto rules = governance::rules_of(work.rules);
  BOOST_TEST_REQUIRE(rules.size() == limits::contract_rules);
  SliceReport report = complete(10);
  report.quality = {{rules[5].name, 3, 10}, {"enough_rows", 7, 1}, {"of another contract", 1, 1}};
  const auto counts = counts_of(work, report);
  BOOST_TEST_REQUIRE(counts.has_value());
  BOOST_TEST_REQUIRE(counts->size() == rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    BOOST_TEST((*counts)[i].rule == i);
    BOOST_TEST((*counts)[i].counted == (i == 5 ? 3u : rules[i].name == "enough_rows" ? 7u : 0u));
    BOOST_TEST((*counts)[i].of == (rules[i].name == "enough_rows" ? 1u : 10u));
  }
}

BOOST_AUTO_TEST_CASE(of_a_report_that_was_cut_are_none) {
  const pipeline::ValidateWork work = with_all_rules();
  SliceReport report = complete(10);
  report.quality = {{"enough_rows", 7, 1}};
  BOOST_TEST(counts_of(work, report).has_value());
  SliceReport cut = report;
  cut.counters.clear();  // they stand behind the rules
  BOOST_TEST(!counts_of(work, cut).has_value());
  SliceReport garbled = report;
  garbled.lines_dropped = 1;
  BOOST_TEST(!counts_of(work, garbled).has_value());
  // What a rule of the dataset counts cannot be guessed.
  SliceReport without = complete(10);
  BOOST_TEST(!counts_of(work, without).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::actors
