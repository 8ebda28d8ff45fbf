// State machines that should be equal are compared, on the way, without stopping.
#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

/// 1 leads three nodes, whose state machines have applied entry 5.
struct Compared : Group {
  Compared() : Group({"", "", ""}) {
    campaign(1);
    for (int i = 0; i < 4; ++i) {
      propose(1, "a");
      settle();
    }
    BOOST_REQUIRE(commit(3) == 5u);
  }
  void says(unsigned n, std::uint64_t index, std::uint64_t hash) {
    at(n).applied(LogIndex{5}, {LogIndex{index}, hash});
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(hashes_of_states)

BOOST_AUTO_TEST_CASE(that_are_equal_say_nothing) {
  Compared group;
  for (const unsigned n : {1u, 2u, 3u}) group.says(n, 4, 77);
  group.pass(milliseconds(200));
  BOOST_TEST(group.differs(1).empty());
}

BOOST_AUTO_TEST_CASE(that_differ_are_told_once_whoever_comes_first) {
  for (const bool leader_first : {true, false}) {
    Compared group;
    if (leader_first) group.says(1, 4, 77);
    group.says(2, 4, 77);
    group.says(3, 4, 78);
    group.pass(milliseconds(200));
    if (!leader_first) group.says(1, 4, 77);
    group.pass(milliseconds(200));
    BOOST_REQUIRE(group.differs(1).size() == 1u);
    BOOST_TEST((group.differs(1).front() == StateDiffers{NodeId{3}, LogIndex{4}, 77, 78}));
    group.says(3, 5, 80);
    group.says(1, 5, 79);
    group.pass(milliseconds(200));
    BOOST_TEST(group.differs(1).size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(of_different_moments_are_not_compared) {
  Compared group;
  group.says(1, 4, 77);
  group.says(2, 3, 78);
  group.pass(milliseconds(200));
  BOOST_TEST(group.differs(1).empty());
}

BOOST_AUTO_TEST_CASE(of_a_follower_that_lags_are_compared_later) {
  Compared group;
  group.says(1, 2, 70);
  group.says(1, 4, 77);
  group.says(2, 2, 71);
  group.pass(milliseconds(200));
  BOOST_REQUIRE(group.differs(1).size() == 1u);
  BOOST_TEST((group.differs(1).front().index == LogIndex{2}));
}

BOOST_AUTO_TEST_SUITE_END()
