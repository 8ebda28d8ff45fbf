// What breaks when one actor is stopped, so that nothing else does its work behind its back; and
// that it is made again and goes on.
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

const RunId stopped_run = state::run_id_of(HerdName{"finance"}, RequestId{"r-1"});

struct House {
  explicit House(bool respawn) : cluster(folder.path / "data", {.respawn = respawn}) {
    cluster.furnish();
    worker.open();
  }
  /// A run of one step that may be tried again after 300 ms, its first attempt assigned.
  AttemptKey run_with_retry() {
    pipeline::Step step = world::source("trades");
    step.retry = {3, milliseconds(300)};
    BOOST_REQUIRE(cluster.submit(world::plan({step}), "r-1").has_value());
    auto attempt = worker.attempt_of("trades");
    BOOST_REQUIRE(attempt.has_value());
    return *attempt;
  }
  void fails(const AttemptKey& attempt) {
    BOOST_REQUIRE(cluster.say(world::failed(attempt, state::AttemptEnd::exited)).has_value());
  }
  caf::actor herd() {
    auto found = cluster.ground.ask<caf::actor>(cluster.state, FindHerd(HerdName{"finance"}));
    return found ? *found : caf::actor{};
  }
  TempFolder folder;
  Cluster cluster;
  ScriptedWorker worker{cluster.ground, cluster.state, "n1"};
};

const pipeline::Plan one_step = world::plan({world::source("trades")});

BOOST_AUTO_TEST_SUITE(stopping_one_actor)

BOOST_AUTO_TEST_CASE(without_a_scheduler_actor_what_is_ready_is_never_placed) {
  House house(false);
  house.cluster.ground.kill(house.cluster.scheduler);
  auto answer = house.cluster.submit(one_step, "r-1");
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((answer->outcome.verdict == state::Verdict::accepted));
  BOOST_TEST(!house.worker.attempt_of("trades", a_while).has_value());
  const auto cluster = house.cluster.look();
  BOOST_TEST((cluster.run(stopped_run)->stages[0].head.status == state::StageStatus::ready));
  BOOST_TEST(cluster.live_attempts.empty());
}

BOOST_AUTO_TEST_CASE(a_scheduler_actor_that_died_is_made_again_and_places) {
  House house(true);
  house.cluster.ground.kill(house.cluster.scheduler);
  BOOST_REQUIRE(house.cluster.submit(one_step, "r-1").has_value());
  BOOST_TEST(house.worker.attempt_of("trades").has_value());
}

BOOST_AUTO_TEST_CASE(a_failed_attempt_is_tried_again_after_its_backoff) {
  House house(false);
  const AttemptKey attempt = house.run_with_retry();
  const auto begin = std::chrono::steady_clock::now();
  house.fails(attempt);
  BOOST_REQUIRE(house.worker.other_attempt(attempt).has_value());
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(250)));
}

BOOST_AUTO_TEST_CASE(without_its_run_actor_a_failed_attempt_is_never_tried_again) {
  House house(false);
  const AttemptKey attempt = house.run_with_retry();
  house.cluster.ground.kill(house.cluster.run_actor(stopped_run));
  house.fails(attempt);
  BOOST_TEST(!house.worker.other_attempt(attempt, 2 * a_while).has_value());
  BOOST_TEST(house.cluster.look().placeable.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_run_actor_that_died_is_made_again_and_the_retry_comes) {
  House house(true);
  const AttemptKey attempt = house.run_with_retry();
  house.fails(attempt);
  const caf::actor run = house.cluster.run_actor(stopped_run);
  BOOST_REQUIRE(run);
  house.cluster.ground.kill(run);  // with its timer
  BOOST_TEST(house.worker.other_attempt(attempt).has_value());
  const caf::actor again = house.cluster.run_actor(stopped_run);
  BOOST_REQUIRE(again);
  BOOST_TEST((again != run));
}

BOOST_AUTO_TEST_CASE(without_its_herd_actor_a_herd_takes_no_submission) {
  House house(false);
  const caf::actor herd = house.herd();
  BOOST_REQUIRE(herd);
  house.cluster.ground.kill(herd);
  auto answer = house.cluster.submit(one_step, "r-1");
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().kind == FaultKind::no_such_thing ||
              answer.error().kind == FaultKind::unknown_outcome));
  BOOST_TEST(house.cluster.look().runs.empty());
  auto other = house.cluster.submit(world::plan({world::source("trades")}, "risk"), "r-1");
  BOOST_TEST(other.has_value());
}

BOOST_AUTO_TEST_CASE(a_herd_actor_that_died_is_made_again_and_admits) {
  House house(true);
  const caf::actor herd = house.herd();
  house.cluster.ground.kill(herd);
  const auto until = std::chrono::steady_clock::now() + patience;
  caf::actor again;
  while ((!again || again == herd) && std::chrono::steady_clock::now() < until)
    again = house.herd();
  BOOST_REQUIRE((again && again != herd));
  BOOST_TEST(house.cluster.submit(one_step, "r-1").has_value());
  BOOST_TEST(house.worker.attempt_of("trades").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
