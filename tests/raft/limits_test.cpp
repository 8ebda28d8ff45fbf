// What a node does when its disk hangs or its state machine falls behind: it says so at once, and
// somebody else goes on.
#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

bool leads(const Group& group, unsigned n) { return group.role(n) == Role::leader; }

std::size_t pre_votes_of(const Group& group, unsigned n) {
  std::size_t count = 0;
  for (const Envelope& one : group.sent())
    count += one.from == NodeId{n} && std::holds_alternative<PreVoteRequest>(one.message);
  return count;
}

bool is_append(const Envelope& one) { return std::holds_alternative<Append>(one.message); }

Config small_appliers() {
  Config config;
  config.unapplied_bytes_most = Bytes{10};
  return config;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_disk_that_hangs)

// hashicorp/raft #503, consul #22064: heartbeats alone kept a leader without a disk in office.
BOOST_AUTO_TEST_CASE(of_a_leader_lets_its_heir_catch_up_and_take_over) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(1);
  group.lose(is_append);
  group.propose(1, "a");
  group.pass(milliseconds(610));
  BOOST_TEST(leads(group, 1));
  BOOST_TEST((group.core(1).transferee() != NodeId{}));
  group.propose(1, "b");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::transferring));
  group.lose({});
  group.pass(milliseconds(200));
  BOOST_TEST(!leads(group, 1));
  const unsigned heir = leads(group, 2) ? 2 : 3;
  BOOST_REQUIRE(leads(group, heir));
  BOOST_TEST(group.applied(heir) == std::vector<std::string>{"a"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_leader_that_finds_no_heir_ends_its_office) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(1);
  group.lose(is_append);
  group.propose(1, "a");
  group.pass(milliseconds(1000));
  BOOST_TEST(leads(group, 1));
  group.pass(milliseconds(300));
  BOOST_TEST(!leads(group, 1));
}

BOOST_AUTO_TEST_CASE(of_a_follower_keeps_it_from_standing_for_election) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(2);
  group.propose(1, "a");
  group.pass(milliseconds(700));
  group.cut(1);
  group.pass(seconds(3));
  BOOST_TEST(pre_votes_of(group, 2) == 0u);
  BOOST_TEST(pre_votes_of(group, 3) > 0u);
  group.release_disk(2);
  group.pass(seconds(3));
  BOOST_TEST((leads(group, 2) || leads(group, 3)));
}

BOOST_AUTO_TEST_CASE(for_very_long_ends_a_node_that_others_can_replace_and_no_other) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(2);
  group.propose(1, "a");
  group.pass(seconds(9));
  BOOST_TEST(!group.core(2).stopped());
  group.pass(seconds(2));
  BOOST_TEST(group.core(2).stopped());
  BOOST_TEST(group.fault(2).find("disk hangs") != std::string::npos, group.fault(2));
  BOOST_TEST(group.commit(1) == 2u);
  Group alone({""});
  alone.hold_disk(1);
  alone.propose(1, "a");
  alone.pass(seconds(12));
  BOOST_TEST(!alone.core(1).stopped());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_disk_that_fills_up)

BOOST_AUTO_TEST_CASE(takes_no_commands_but_lets_members_change) {
  Group group({"", "", ""});
  group.campaign(1);
  group.settle();
  group.at(1).disk_space(DiskSpace::scarce);
  group.propose(1, "a");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::disk_full));
  BOOST_TEST((group.change(1, "r3").answer == Answer::accepted));
  group.pass(seconds(1));
  BOOST_TEST(leads(group, 1));
  group.at(1).disk_space(DiskSpace::enough);
  group.propose(1, "a");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::accepted));
}

BOOST_AUTO_TEST_CASE(lets_another_lead_and_does_not_come_back_before_there_is_room) {
  Group group({"", "", ""});
  group.campaign(1);
  group.settle();
  const std::size_t asked = pre_votes_of(group, 1);
  group.at(1).disk_space(DiskSpace::none);
  group.pass(milliseconds(100));
  BOOST_TEST(!leads(group, 1));
  const unsigned heir = leads(group, 2) ? 2 : 3;
  BOOST_REQUIRE(leads(group, heir));
  group.cut(heir);
  group.pass(seconds(3));
  BOOST_TEST(leads(group, 5 - heir));  // with the vote of 1
  BOOST_TEST(pre_votes_of(group, 1) == asked);
}

BOOST_AUTO_TEST_CASE(of_the_only_voter_changes_nothing_but_that_it_takes_no_commands) {
  Group group({""});
  group.at(1).disk_space(DiskSpace::none);
  group.pass(seconds(2));
  BOOST_TEST(leads(group, 1));
  group.propose(1, "a");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::disk_full));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_state_machine_that_falls_behind)

BOOST_AUTO_TEST_CASE(makes_a_leader_answer_busy_by_bytes_and_gets_no_more_than_it_can_take) {
  Group group({""}, small_appliers());
  group.hold_applier(1);
  group.propose(1, "12345678");
  group.propose(1, "abcd");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::accepted));
  group.propose(1, "x");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::busy));
  BOOST_TEST(group.applied(1).size() == 1u);
  group.release_applier(1);
  BOOST_TEST(group.applied(1).size() == 2u);
  group.propose(1, "x");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::accepted));
}

BOOST_AUTO_TEST_CASE(of_a_follower_makes_its_leader_wait_while_the_others_go_on) {
  Group group({"", "", ""}, small_appliers());
  group.campaign(1);
  group.hold_applier(2);
  for (int i = 0; i < 5; ++i) {
    group.propose(1, "12345678");
    group.settle();
  }
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(1).size() == 5u);
  BOOST_TEST(group.applied(3).size() == 5u);
  BOOST_TEST(group.log(2).size() < group.log(1).size());
  BOOST_TEST(group.core(1).followers().at(NodeId{2}).status().busy);
  group.release_applier(2);
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(2).size() == 5u);
}

BOOST_AUTO_TEST_CASE(is_seen_by_its_leader) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_applier(2);
  group.propose(1, "a");
  group.pass(milliseconds(200));
  const FollowerStatus& slow = group.core(1).followers().at(NodeId{2}).status();
  BOOST_TEST((slow.durable == LogIndex{2}));
  BOOST_TEST((slow.applied == LogIndex{1}));
  BOOST_TEST((group.core(1).followers().at(NodeId{3}).status().applied == LogIndex{2}));
}

BOOST_AUTO_TEST_SUITE_END()
