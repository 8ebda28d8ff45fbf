// A checker that never fails proves nothing: every deliberate defect is caught within a thousand seeds.
#include "world/mutants.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <set>
#include <string>

#include "world/fleet.hpp"

using namespace runink;
using namespace runink::raft;
using namespace runink::raft::simulation;

namespace {

Report hunt(Mutant mutant) {
  Order order{.seeds = 1000, .workers = 1, .twice = false};
  order.weather = [=](std::uint64_t seed) { return weather_for(mutant, seed); };
  return run(order);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(deliberate_defects)

BOOST_AUTO_TEST_CASE(each_has_a_row) {
  std::set<Mutant> named;
  for (const MutantRow& row : mutants()) {
    BOOST_TEST((mutant_named(row.name) == row.mutant));
    named.insert(row.mutant);
  }
  BOOST_TEST(named.size() == static_cast<std::size_t>(Mutant::forget_answers));  // the last one
  BOOST_TEST(with_mutants);
}

BOOST_AUTO_TEST_CASE(each_is_caught_within_a_thousand_seeds) {
  for (const MutantRow& row : mutants()) {
    const Report report = hunt(row.mutant);
    BOOST_TEST(report.failures.size() == 1u, "not caught: " << row.name);
    if (report.failures.empty()) continue;
    const Failure& one = report.failures.front();
    BOOST_TEST_MESSAGE("mutant " << row.name << " | seed " << one.seed << " | "
                                 << number_of(one.property) << " | "
                                 << one.what.substr(0, one.what.find('\n')));
  }
}

BOOST_AUTO_TEST_SUITE_END()
