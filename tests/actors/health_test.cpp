// What a node says of itself to whoever watches it.
#include "actors/health.hpp"

#include <boost/test/unit_test.hpp>

using namespace runink;
using namespace runink::actors;

namespace {

constexpr NodeId self{1};

/// The leader of three that hears both others.
RaftStatus leader_of_three() {
  RaftStatus raft;
  raft.role = {Term{4}, raft::Role::leader, self};
  raft.configuration.voters.incoming = {self, NodeId{2}, NodeId{3}};
  raft.committed = raft.applied = LogIndex{50'000};
  raft.followers = {{NodeId{2}, LogIndex{50'000}, {}, milliseconds(20)},
                    {NodeId{3}, LogIndex{50'000}, {}, milliseconds(20)}};
  return raft;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(health)

BOOST_AUTO_TEST_CASE(a_node_serves_while_somebody_leads_and_it_is_a_member_and_not_far_behind) {
  RaftStatus raft = leader_of_three();
  BOOST_TEST(why_not_ready(raft, self).empty());
  raft.role.leader = NodeId{};
  BOOST_TEST(why_not_ready(raft, self).size() == 1u);
  raft = leader_of_three();
  BOOST_TEST(why_not_ready(raft, NodeId{9}).size() == 1u);
  raft.configuration.learners = {NodeId{9}};
  BOOST_TEST(why_not_ready(raft, NodeId{9}).empty());
  raft.applied = LogIndex{30'000};
  BOOST_TEST(why_not_ready(raft, self).front().find("20000 entries") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_leader_knows_whether_the_others_would_go_on_without_it) {
  RaftStatus raft = leader_of_three();
  BOOST_TEST(!would_lose_quorum_without(raft, self));
  raft.followers.back().silent = seconds(5);
  BOOST_TEST(would_lose_quorum_without(raft, self));
  raft.configuration.voters.incoming = {self};
  BOOST_TEST(!would_lose_quorum_without(raft, self));  // it is all there is
}

BOOST_AUTO_TEST_SUITE_END()
