// Whoever watches the keys of a herd waits with its actor.
#include "tests/actors/cluster_harness.hpp"
#include "tests/state/kv_world.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

struct WatchedHerd {
  WatchedHerd() { cluster.furnish(); }
  caf::actor herd(const std::string& name = "finance") {
    FindHerd find{HerdName{name}};
    auto found = cluster.ground.ask<caf::actor>(cluster.state, std::move(find));
    BOOST_REQUIRE(found.has_value());
    return *found;
  }
  Ground::Asked<KeysChanged> wait_after(LogIndex after, Duration at_most = seconds(60)) {
    return cluster.ground.start_asking<KeysChanged>(herd(), NextKeysChange(after, at_most));
  }
  LogIndex put(const std::string& key, const std::string& herd_name = "finance") {
    auto done = cluster.say(world::put(key, "value", herd_name));
    BOOST_REQUIRE(done.has_value());
    return done->index;
  }
  TempFolder folder;
  Cluster cluster{folder.path / "data"};
};

BOOST_AUTO_TEST_SUITE(watched_keys)

BOOST_AUTO_TEST_CASE(a_watcher_waits_until_a_key_of_its_herd_changes) {
  WatchedHerd house;
  const LogIndex before = house.cluster.look().applied;
  auto waiting = house.wait_after(before);
  house.put("k", "risk");
  BOOST_REQUIRE(house.cluster.say(world::gone("nothing")).has_value());
  BOOST_TEST(!waiting.answered());
  const LogIndex changed = house.put("k");
  auto news = waiting.get();
  BOOST_REQUIRE(news.has_value());
  BOOST_TEST((news->index == changed));
}

BOOST_AUTO_TEST_CASE(a_watcher_who_is_behind_is_answered_at_once) {
  WatchedHerd house;
  const LogIndex first = house.put("a");
  const LogIndex second = house.put("b");
  auto news = house.wait_after(first).get();
  BOOST_REQUIRE(news.has_value());
  BOOST_TEST((news->index == second));
}

BOOST_AUTO_TEST_CASE(a_watcher_is_told_in_time_that_nothing_changed) {
  WatchedHerd house;
  const LogIndex last = house.put("a");
  auto news = house.wait_after(last, milliseconds(50)).get();
  BOOST_REQUIRE(news.has_value());
  BOOST_TEST((news->index == last));
}

BOOST_AUTO_TEST_CASE(an_actor_that_was_made_again_knows_what_changed_before_it) {
  WatchedHerd house;
  const LogIndex last = house.put("a");
  const caf::actor before = house.herd();
  house.cluster.ground.kill(before);
  // The leader makes it again; until it has, there is none, or still the old one.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (house.herd() == before) BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
  auto news = house.wait_after(previous(last)).get();
  BOOST_REQUIRE(news.has_value());
  BOOST_TEST((news->index == last));
}

// A node with a watcher stopped when the watcher had waited long enough.
BOOST_AUTO_TEST_CASE(a_watcher_does_not_keep_a_node_that_stops) {
  WatchedHerd house;
  auto waiting = house.wait_after(house.cluster.look().applied, seconds(600));
  const auto began = std::chrono::steady_clock::now();
  house.cluster.ground.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - began < patience));
  BOOST_TEST(!waiting.answered());
}

BOOST_AUTO_TEST_CASE(no_more_may_wait_than_there_is_room_for) {
  WatchedHerd house;
  const LogIndex before = house.cluster.look().applied;
  std::vector<Ground::Asked<KeysChanged>> waiting;
  for (std::uint32_t i = 0; i < limits::kv_watchers; ++i)
    waiting.push_back(house.wait_after(before));
  for (const auto& one : waiting) BOOST_REQUIRE(!one.answered());
  // Those who ask come in any order; one of them finds no room.
  waiting.push_back(house.wait_after(before));
  const auto refused = [&] {
    std::size_t count = 0;
    for (const auto& one : waiting) count += one.answered() ? 1 : 0;
    return count;
  };
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (refused() == 0) BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
  const LogIndex changed = house.put("k");
  std::size_t exhausted = 0, told = 0;
  for (auto& one : waiting) {
    auto news = one.get();
    if (news) {
      BOOST_TEST((news->index == changed));
      ++told;
    } else {
      BOOST_TEST((news.error().kind == FaultKind::exhausted));
      ++exhausted;
    }
  }
  BOOST_TEST(exhausted == 1u);
  BOOST_TEST(told == limits::kv_watchers);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
