// Admission by a herd's actor: what it refuses costs no entry of the log.
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

struct OneRunAtATime {
  OneRunAtATime() {
    cluster.furnish();
    state::Quota quota;
    quota.runs = 1;
    BOOST_REQUIRE(cluster.say(world::herd("finance", quota)).has_value());
    worker.open();
  }
  LogIndex applied() { return cluster.look().applied; }
  TempFolder folder;
  Cluster cluster{folder.path / "data"};
  ScriptedWorker worker{cluster.ground, cluster.state, "n1"};
};

const pipeline::Plan plan = world::plan({world::source("trades")});

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(a_run_beyond_the_quota_is_refused_with_the_reason_and_without_an_entry) {
  OneRunAtATime house;
  BOOST_REQUIRE(house.cluster.submit(plan, "r-1").has_value());
  BOOST_REQUIRE(house.worker.attempt_of("trades").has_value());
  const LogIndex before = house.applied();
  auto second = house.cluster.submit(plan, "r-2");
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().kind == FaultKind::refused));
  BOOST_TEST(second.error().what.find("which is all that its quota allows") != std::string::npos);
  BOOST_TEST((house.applied() == before));
  // Another herd is not concerned.
  BOOST_TEST(
      house.cluster.submit(world::plan({world::source("trades")}, "risk"), "r-2").has_value());
}

BOOST_AUTO_TEST_CASE(a_repeated_request_at_the_quota_is_the_same_run) {
  OneRunAtATime house;
  auto first = house.cluster.submit(plan, "r-1");
  BOOST_REQUIRE(first.has_value());
  auto again = house.cluster.submit(plan, "r-1");
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST((again->outcome.verdict == state::Verdict::repeated));
}

BOOST_AUTO_TEST_CASE(a_run_that_ended_makes_room_for_the_next) {
  OneRunAtATime house;
  BOOST_REQUIRE(house.cluster.submit(plan, "r-1").has_value());
  auto attempt = house.worker.attempt_of("trades");
  BOOST_REQUIRE(attempt.has_value());
  BOOST_REQUIRE(!house.cluster.submit(plan, "r-2").has_value());
  BOOST_REQUIRE(house.cluster.say(house.cluster.commit_of(*attempt)).has_value());
  auto next = house.cluster.submit(plan, "r-2");
  BOOST_REQUIRE(next.has_value());
  BOOST_TEST((next->outcome.verdict == state::Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(of_many_runs_at_once_no_more_are_admitted_than_the_quota_allows) {
  OneRunAtATime house;
  std::vector<Ground::Asked<Submitted>> asked;
  for (int i = 0; i < 20; ++i)
    asked.push_back(house.cluster.ground.start_asking<Submitted>(
        house.cluster.state,
        SubmitRun({1000, "ada"}, state::Body(world::submit(plan, "r-" + std::to_string(i))))));
  int accepted = 0;
  for (auto& one : asked) {
    auto answer = one.get();
    if (answer && answer->outcome.verdict == state::Verdict::accepted) ++accepted;
    if (!answer) BOOST_TEST((answer.error().kind == FaultKind::refused), answer.error().what);
  }
  BOOST_TEST(accepted == 1);
  BOOST_TEST(house.cluster.look().runs.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_higher_quota_holds_at_once) {
  OneRunAtATime house;
  BOOST_REQUIRE(house.cluster.submit(plan, "r-1").has_value());
  BOOST_REQUIRE(!house.cluster.submit(plan, "r-2").has_value());
  state::Quota quota;
  quota.runs = 2;
  BOOST_REQUIRE(house.cluster.say(world::herd("finance", quota)).has_value());
  BOOST_TEST(house.cluster.submit(plan, "r-2").has_value());
  BOOST_TEST(!house.cluster.submit(plan, "r-3").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
