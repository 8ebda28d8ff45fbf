// Kinds of weather by hand, each with what it is meant to bring about. What is drawn from seeds runs as
// the test `simulation_seeds`.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "world/fleet.hpp"
#include "world/simulation.hpp"

using namespace runink;
using namespace runink::raft;
using namespace runink::raft::simulation;

namespace {

/// Seeds 1 to `seeds` of one weather, each once.
Coverage run_all(const char* name, std::uint64_t seeds, const Weather& weather) {
  Order order{.seeds = seeds, .workers = 1, .twice = false};
  order.weather = [&](std::uint64_t) { return weather; };
  const Report report = run(order);
  for (const Failure& one : report.failures)
    BOOST_TEST(false,
               name << ", seed " << one.seed << ": " << number_of(one.property) << " " << one.what);
  BOOST_TEST(report.seeds == seeds);
  BOOST_TEST_MESSAGE(name << ": " << report.events << " steps, "
                          << report.coverage[Happens::entries_committed] << " entries committed, "
                          << report.coverage[Happens::crashes] << " crashes");
  return report.coverage;
}

const Weather changing{
    .nodes = 3, .spares = 3, .change_percent = 30, .between_faults = milliseconds(400)};
const Weather growing{
    .nodes = 1, .spares = 4, .change_percent = 30, .between_faults = milliseconds(400)};
const Weather compacting{
    .nodes = 3, .snapshots = true, .between_faults = milliseconds(400), .rough = seconds(10)};
const Weather asking{.nodes = 3,
                     .clients = true,
                     .lost_percent = 10,
                     .doubled_percent = 20,
                     .late_percent = 20,
                     .snapshots = true,
                     .between_faults = milliseconds(300),
                     .rough = seconds(6)};

}  // namespace

BOOST_AUTO_TEST_SUITE(weathers)

BOOST_AUTO_TEST_CASE(one_voter_loses_nothing_in_crashes) {
  const auto seen = run_all("one voter", 15, {.nodes = 1});
  BOOST_TEST(seen[Happens::entries_committed] > 15 * 20u);
}

BOOST_AUTO_TEST_CASE(three_voters_stay_one_in_fair_weather) {
  const Weather fair{.lost_percent = 0,
                     .doubled_percent = 0,
                     .late_percent = 0,
                     .partitions = false,
                     .slow_sync_permille = 0,
                     .crashes = false,
                     .pauses = false,
                     .transfer_percent = 0};
  const auto seen = run_all("fair weather", 5, fair);
  BOOST_TEST(seen[Happens::entries_committed] > 5 * 100u);
  BOOST_TEST(seen[Happens::elections] == 5u);
}

BOOST_AUTO_TEST_CASE(three_voters_survive_crashes_partitions_and_a_bad_network) {
  const auto seen = run_all("three voters", 20, {.nodes = 3});
  BOOST_TEST(seen[Happens::entries_committed] > 20 * 20u);
  BOOST_TEST(seen[Happens::crashes] > 20u);
}

BOOST_AUTO_TEST_CASE(members_come_and_go_by_chance_and_nothing_is_lost) {
  const auto seen = run_all("changing members", 15, changing);
  BOOST_TEST(seen[Happens::configurations] > 15 * 5u);
}

BOOST_AUTO_TEST_CASE(one_member_becomes_five_and_one_again) {
  const auto seen = run_all("growing", 15, growing);
  BOOST_TEST(seen[Happens::configurations] > 15 * 5u);
  BOOST_TEST(seen[Happens::learners_promoted] > 0u);
}

BOOST_AUTO_TEST_CASE(nodes_that_lose_their_disks_are_replaced_by_new_ones) {
  const auto seen =
      run_all("lost disks", 20, {.nodes = 3, .replacements = true, .rough = seconds(15)});
  BOOST_TEST(seen[Happens::nodes_replaced] > 5u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_lied_is_noticed_and_costs_nothing) {
  const auto seen =
      run_all("lying disks", 20,
              {.nodes = 3, .replacements = true, .lying_disks = true, .rough = seconds(15)});
  BOOST_TEST(seen[Happens::disks_lied] > 0u);
}

BOOST_AUTO_TEST_CASE(a_disk_whose_lie_nobody_notices_loses_data_and_the_checker_sees_it) {
  Order order{.seeds = 300, .workers = 1, .twice = false};
  order.weather = [](std::uint64_t) {
    return Weather{.nodes = 3,
                   .replacements = true,
                   .lying_disks = true,
                   .liar_is_noticed = false,
                   .between_faults = milliseconds(200),
                   .rough = seconds(10)};
  };
  const Report report = run(order);
  BOOST_REQUIRE(report.failures.size() == 1u);
  BOOST_TEST_MESSAGE("an unnoticed lie at seed " << report.failures[0].seed << ": "
                                                 << report.failures[0].what);
}

BOOST_AUTO_TEST_CASE(a_quorum_goes_on_without_those_who_never_return) {
  const auto seen =
      run_all("a minority dies", 15, {.nodes = 5, .minority_dies = true, .rough = seconds(4)});
  BOOST_TEST(seen[Happens::minorities_lost] == 15 * 2u);
}

BOOST_AUTO_TEST_CASE(a_very_bad_network_costs_time_but_no_truth) {
  const auto seen = run_all("a very bad network", 10,
                            {.nodes = 3,
                             .lost_percent = 25,
                             .doubled_percent = 25,
                             .late_percent = 30,
                             .sync_longest = milliseconds(30)});
  BOOST_TEST(seen[Happens::elections] > 10u);
}

BOOST_AUTO_TEST_CASE(snapshots_take_the_place_of_logs_through_all_faults) {
  const auto seen = run_all("snapshots", 20, compacting);
  BOOST_TEST(seen[Happens::snapshots_taken] > 20 * 3u);
  BOOST_TEST(seen[Happens::snapshots_installed] > 10u);
}

BOOST_AUTO_TEST_CASE(members_change_while_snapshots_take_the_place_of_logs) {
  Weather weather = compacting;
  weather.spares = 3;
  weather.change_percent = 20;
  const auto seen = run_all("snapshots and members", 20, weather);
  BOOST_TEST(seen[Happens::snapshots_installed] > 10u);
  BOOST_TEST(seen[Happens::configurations] > 20u);
}

BOOST_AUTO_TEST_CASE(new_nodes_get_all_by_snapshots) {
  Weather weather = compacting;
  weather.replacements = true;
  weather.rough = seconds(15);
  const auto seen = run_all("snapshots for new nodes", 15, weather);
  BOOST_TEST(seen[Happens::nodes_replaced] > 3u);
  BOOST_TEST(seen[Happens::snapshots_installed] > 5u);
}

BOOST_AUTO_TEST_CASE(nodes_are_upgraded_in_any_order) {
  const Weather upgrading{.nodes = 3,
                          .learners = 1,
                          .upgrades = true,
                          .snapshots = true,
                          .between_faults = milliseconds(300)};
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    const Outcome outcome = simulate(seed, upgrading);
    BOOST_TEST(!outcome.violation.has_value(),
               "seed " << seed << ": " << (outcome.violation ? outcome.violation->what : ""));
    BOOST_TEST(outcome.version == 4u);
  }
}

BOOST_AUTO_TEST_CASE(a_state_machine_that_goes_wrong_is_noticed) {
  const Weather damaged{.nodes = 3, .crashes = false, .damage = true, .rough = seconds(5)};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome outcome = simulate(seed, damaged);
    BOOST_TEST(!outcome.violation.has_value());
    BOOST_TEST(outcome.coverage[Happens::states_differ] > 0u);
  }
}

BOOST_AUTO_TEST_CASE(clients_are_told_the_truth_and_their_writes_are_done_once) {
  const auto seen = run_all("clients", 20, asking);
  BOOST_TEST(seen[Happens::client_writes] > 20 * 20u);
  BOOST_TEST(seen[Happens::client_repeats_answered] > 0u);
  BOOST_TEST(seen[Happens::client_stale_reads] > 20u);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_history) {
  for (const std::uint64_t seed : {1u, 7u, 23u}) {
    const Outcome one = simulate(seed, draw_weather(seed));
    const Outcome told = simulate(seed, draw_weather(seed), 100);
    BOOST_TEST(one.trace == told.trace);  // telling changes nothing
    BOOST_TEST(one.steps == told.steps);
    BOOST_TEST(told.lines.size() == 100u);
  }
  BOOST_TEST(simulate(1, {.nodes = 3}).trace != simulate(2, {.nodes = 3}).trace);
}

BOOST_AUTO_TEST_SUITE_END()
