// What may go from a node's store, and what a command of another node may still name.
#include "actors/workloads/remains.hpp"

#include "actors/workloads/slice_folder.hpp"
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

/// A node in the third life of its data folder, with one attempt that is live.
struct ThirdLife {
  ThirdLife() {
    cluster.furnish({"n1", "n2"});
    BOOST_REQUIRE(cluster.submit(world::plan({world::source("trades")}), "r1").has_value());
    BOOST_REQUIRE(cluster.becomes(
        [](const state::ClusterState& now) { return now.live_attempts.size() == 1; }));
    attempt = *cluster.look().live_attempts.begin();
  }
  struct Used : TempFolder {
    Used() {
      for (int life = 1; life <= 2; ++life)
        BOOST_REQUIRE(storage::DataFolder::open((path / "data").string()).has_value());
    }
  };
  /// What another node asked to keep for `owner`, in this life of the folder.
  Digest copy(std::uint64_t life, const std::string& owner) {
    const std::string bytes = std::to_string(life) + owner;
    return services.artifacts.put(bytes, copy_pins_of(life, owner)).value().digest;
  }
  /// As a start does.
  void clean() {
    remove_remains(services, {});
    const auto swept = sweep_artifacts(services, cluster.look().applied);
    BOOST_REQUIRE_MESSAGE(swept.has_value(), (swept ? std::string() : swept.error().what));
  }
  bool has(const Digest& digest) { return services.artifacts.has(digest); }

  Used folder;
  Cluster cluster{folder.path / "data"};
  Services& services = *cluster.ground.services;
  AttemptKey attempt;
};

BOOST_FIXTURE_TEST_SUITE(remains, ThirdLife)

// A restart of the node that keeps the copy removed it, and the commit then named a holder without it.
BOOST_AUTO_TEST_CASE(a_copy_for_an_attempt_elsewhere_stays_until_that_is_over) {
  const std::string owner = slice_id_of(attempt).value;
  const Digest copy_before = copy(1, owner);
  clean();
  BOOST_TEST(has(copy_before));
  state::AttemptFailed failed;
  failed.attempt = attempt;
  BOOST_REQUIRE(cluster.say(failed).has_value());
  const Digest copy_now = copy(3, owner);  // it may be younger than the rows that are looked at
  clean();
  BOOST_TEST(!has(copy_before));
  BOOST_TEST(!services.artifacts.pinned(copy_before));
  BOOST_TEST(has(copy_now));
}

BOOST_AUTO_TEST_CASE(a_copy_for_a_door_elsewhere_stays_for_one_start) {
  for (const char* owner : {"door-3-9", "a.b", "run.step.0.x", "run.step..1", ".1.2", "x"}) {
    const Digest oldest = copy(1, owner), old = copy(2, owner), now = copy(3, owner);
    clean();
    BOOST_TEST(!has(oldest), owner);
    BOOST_TEST(has(old), owner);
    BOOST_TEST(has(now), owner);
  }
}

BOOST_AUTO_TEST_CASE(what_nobody_needs_goes) {
  for (const char* owner :
       {"door-2-copy-door-7-fetched", "door-2-1", "copy-x", "copy-7", "other"}) {
    const Digest old = services.artifacts.put(owner, storage::PinOwner{owner}).value().digest;
    clean();
    BOOST_TEST(!has(old), owner);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
