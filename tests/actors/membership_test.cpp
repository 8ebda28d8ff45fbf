// How the leader brings Raft's group to what the log wants.
#include "actors/cluster/membership.hpp"

#include <boost/test/unit_test.hpp>

using namespace runink;
using namespace runink::actors;
using Kind = raft::MemberChange::Kind;

namespace {

raft::Configuration voters(std::set<NodeId> ids) {
  raft::Configuration group;
  group.voters.incoming = std::move(ids);
  return group;
}

constexpr NodeId one{1}, two{2}, three{3}, new_one{40};

/// What is to be done next, as seen by node 1; nothing: {0, 0}.
raft::MemberChange next_step(const WantedMembers& wanted, const raft::Configuration& group,
                             const std::set<NodeId>& not_now = {}) {
  const auto change = next_change(wanted, group, one, not_now);
  return change ? change->first : raft::MemberChange{};
}
bool is(const raft::MemberChange& change, Kind kind, NodeId node) {
  return change == raft::MemberChange{kind, node};
}
bool nothing(const raft::MemberChange& change) { return change.node == NodeId{}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(membership)

BOOST_AUTO_TEST_CASE(who_joined_has_a_name_and_a_founder_before_the_log_knows_anybody) {
  config::ClusterFile file;
  file.nodes.push_back({NodeName{"n1"}, {"127.0.0.1", 7100}, one});
  state::ClusterState cluster;
  BOOST_TEST((name_of(cluster, file, one) == NodeName{"n1"}));
  BOOST_TEST(!name_of(cluster, file, new_one).has_value());
  cluster.members[NodeName{"n4"}].id = new_one;
  BOOST_TEST((name_of(cluster, file, new_one) == NodeName{"n4"}));
  BOOST_TEST(!name_of(cluster, file, two).has_value());
}

BOOST_AUTO_TEST_CASE(who_is_new_joins_and_who_only_works_becomes_a_learner) {
  WantedMembers wanted{{{one, true}, {new_one, true}}, {}};
  BOOST_TEST(is(next_step(wanted, voters({one})), Kind::join, new_one));
  wanted.members[new_one] = false;
  BOOST_TEST(is(next_step(wanted, voters({one})), Kind::learner, new_one));
  raft::Configuration group = voters({one});
  group.learners = {new_one};
  BOOST_TEST(nothing(next_step(wanted, group)));
}

BOOST_AUTO_TEST_CASE(who_joins_is_left_in_peace_and_who_gave_up_is_asked_again_later) {
  const WantedMembers wanted{{{one, true}, {new_one, true}}, {}};
  raft::Configuration group = voters({one});
  group.learners = group.joining = {new_one};
  BOOST_TEST(nothing(next_step(wanted, group)));
  group.joining.clear();
  BOOST_TEST(nothing(next_step(wanted, group, {new_one})));
  BOOST_TEST(is(next_step(wanted, group), Kind::voter, new_one));
}

BOOST_AUTO_TEST_CASE(who_was_removed_goes_after_all_have_joined_and_the_leader_never_by_itself) {
  WantedMembers wanted{{{one, true}, {three, true}, {new_one, true}}, {{two, false}}};
  BOOST_TEST(is(next_step(wanted, voters({one, two, three})), Kind::join, new_one));
  BOOST_TEST(is(next_step(wanted, voters({one, two, three, new_one})), Kind::remove, two));
  BOOST_TEST(nothing(next_step(wanted, voters({one, three, new_one}))));
  wanted.members.erase(one);
  wanted.removed[one] = true;
  BOOST_TEST(nothing(next_step(wanted, voters({one, three, new_one}))));
  wanted.removed[two] = true;
  const auto change = next_change(wanted, voters({two, three, new_one}), three, {});
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(change->second);  // forced
}

BOOST_AUTO_TEST_CASE(who_is_in_no_table_stays_and_nothing_is_begun_in_a_joint_state) {
  BOOST_TEST(nothing(next_step({}, voters({one, two, three}))));
  raft::Configuration group = voters({one, two});
  group.voters.outgoing = {one, three};
  BOOST_TEST(nothing(next_step({{{one, true}, {new_one, true}}, {}}, group)));
}

BOOST_AUTO_TEST_CASE(one_who_goes_must_leave_a_living_majority_behind) {
  BOOST_TEST(keeps_quorum(voters({one, two, three}), {one, two}, three));
  BOOST_TEST(!keeps_quorum(voters({one, two, three}), {one, two}, two));
  BOOST_TEST(keeps_quorum(voters({one, two}), {one}, two));
  BOOST_TEST(!keeps_quorum(voters({one}), {one}, one));
}

BOOST_AUTO_TEST_CASE(
    founders_are_called_where_the_cluster_file_says_and_others_where_the_log_does) {
  config::ClusterFile file;
  file.nodes = {{NodeName{"n1"}, {"here", 1}, one}, {NodeName{"n2"}, {"there", 2}, two}};
  state::ClusterState cluster;
  BOOST_TEST(peers_of(cluster, file).empty());
  const auto member = [&](const char* name, NodeId id, const char* address) {
    cluster.members[NodeName{name}] = {NodeName{name}, id, address, state::MemberRole::voter,
                                       false,          {}, {},      {}};
  };
  member("n1", one, "elsewhere:9");
  member("n2", new_one, "10.0.0.2:7");  // another node of that name, which joined later
  member("n4", NodeId{44}, "no address");
  const auto peers = peers_of(cluster, file);
  BOOST_REQUIRE(peers.size() == 2u);
  BOOST_TEST(config::to_string(peers[0].address) == "here:1");
  BOOST_TEST(config::to_string(peers[1].address) == "10.0.0.2:7");
  BOOST_TEST((peers[1].id == new_one));
}

BOOST_AUTO_TEST_SUITE_END()
