// Handing the leadership over: catch up first, then TimeoutNow; safe whatever
// of it is lost.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

std::size_t count_asked(const Group& group, unsigned to) {
  std::size_t n = 0;
  for (const Envelope& one : group.sent())
    n += one.to == NodeId{to} && std::holds_alternative<TimeoutNow>(one.message);
  return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(leadership_transfer)

BOOST_AUTO_TEST_CASE(it_goes_to_whom_it_is_given_at_once_and_without_a_pre_vote) {
  Group group({"", "", ""});
  group.campaign(1);
  group.at(1).transfer_leader(NodeId{3});
  group.settle();  // no tick: nobody's timer has a part in it, and the old
                   // leader was heard just now
  BOOST_TEST((group.role(3) == Role::leader));
  BOOST_TEST((group.role(1) == Role::follower));
  BOOST_TEST(group.term(3) == 2u);
  BOOST_TEST((group.core(2).leader() == NodeId{3}));
  BOOST_TEST((group.transfers(1).front().answer == TransferAnswer::begun));
}

BOOST_AUTO_TEST_CASE(without_a_name_it_goes_to_the_voter_with_most_of_the_log) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(2);
  group.propose(1, "a");
  group.settle();
  group.join(2);
  group.at(1).transfer_leader();
  BOOST_TEST((group.transfers(1).front().to == NodeId{3}));
  group.settle();
  BOOST_TEST((group.role(3) == Role::leader));
}

BOOST_AUTO_TEST_CASE(who_lacks_entries_gets_them_before_it_is_asked) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  for (const char* p : {"a", "b", "c"}) group.propose(1, p);
  group.settle();
  group.at(1).transfer_leader(NodeId{3});
  BOOST_TEST(count_asked(group, 3) == 0u);
  group.join(3);
  group.pass(milliseconds(200));
  BOOST_TEST(count_asked(group, 3) == 1u);
  BOOST_TEST((group.role(3) == Role::leader));
  BOOST_TEST(group.applied(3).size() == 3u);
}

BOOST_AUTO_TEST_CASE(nothing_is_proposed_meanwhile_and_everything_again_when_it_is_given_up) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  group.at(1).transfer_leader(NodeId{3});
  group.propose(1, "a");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::transferring));
  group.pass(milliseconds(700));
  BOOST_TEST((group.transfers(1).back().answer == TransferAnswer::gave_up));
  BOOST_TEST((group.role(1) == Role::leader));
  group.propose(1, "b");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::accepted));
}

BOOST_AUTO_TEST_CASE(asked_again_and_again_the_deadline_stays) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  for (int i = 0; i < 8; ++i) {
    group.at(1).transfer_leader(NodeId{3});
    group.pass(milliseconds(100));
  }
  BOOST_TEST((std::ranges::count_if(group.transfers(1), [](const TransferOutcome& one) {
                return one.answer == TransferAnswer::gave_up;
              }) == 1));
}

BOOST_AUTO_TEST_CASE(a_lost_timeout_now_is_repeated) {
  Group group({"", "", ""});
  group.campaign(1);
  bool lost = false;
  group.lose([&lost](const Envelope& one) {
    return std::holds_alternative<TimeoutNow>(one.message) && !std::exchange(lost, true);
  });
  group.at(1).transfer_leader(NodeId{2});
  group.settle();
  BOOST_REQUIRE(lost);
  BOOST_TEST((group.role(1) == Role::leader));
  group.pass(milliseconds(100));
  BOOST_TEST((group.role(2) == Role::leader));
}

BOOST_AUTO_TEST_CASE(a_doubled_or_late_timeout_now_does_nothing_more) {
  Group group({"", "", ""});
  group.campaign(1);
  group.at(1).transfer_leader(NodeId{2});
  group.settle();
  BOOST_REQUIRE((group.role(2) == Role::leader));
  const auto term = group.term(2);
  for (const unsigned to : {2u, 3u})
    group.at(to).receive({1, NodeId{1}, NodeId{to}, Term{1}, TimeoutNow{}});
  group.settle();
  BOOST_TEST(group.term(2) == term);
  BOOST_TEST((group.role(2) == Role::leader));
}

BOOST_AUTO_TEST_CASE(a_timeout_now_from_somebody_else_than_the_leader_is_not_obeyed) {
  Group group({"", "", ""});
  group.campaign(1);
  group.at(2).receive({1, NodeId{3}, NodeId{2}, Term{1}, TimeoutNow{}});
  BOOST_TEST((group.role(2) == Role::follower));
}

BOOST_AUTO_TEST_CASE(a_target_that_dies_after_it_was_asked_costs_one_ordinary_election) {
  Group group({"", "", ""});
  group.campaign(1);
  group.at(1).transfer_leader(NodeId{2});
  group.cut(2);
  group.pass(seconds(2));
  BOOST_TEST((group.role(1) == Role::leader));
  BOOST_TEST(group.term(1) == 1u);
  group.propose(1, "a");
  group.settle();
  BOOST_TEST(group.applied(3).size() == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_but_another_voter_can_have_it) {
  Config config;
  config.learners = {NodeId{4}};
  Group group({"", "", ""}, config);
  group.campaign(1);
  for (const NodeId to : {NodeId{1}, NodeId{4}, NodeId{9}}) {
    group.at(1).transfer_leader(to);
    BOOST_TEST((group.transfers(1).back().answer == TransferAnswer::no_such_voter));
  }
  group.at(2).transfer_leader(NodeId{3});
  BOOST_TEST((group.transfers(2).back().answer == TransferAnswer::not_leader));
  BOOST_TEST((group.transfers(2).back().to == NodeId{1}));
  Group alone({""});
  alone.at(1).transfer_leader();
  BOOST_TEST((alone.transfers(1).back().answer == TransferAnswer::no_such_voter));
}

BOOST_AUTO_TEST_CASE(a_leader_whose_disk_stalls_hands_over_instead_of_only_going) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(1);
  group.propose(1, "a");
  Duration waited;
  for (; group.role(1) == Role::leader; waited = waited + milliseconds(10))
    group.pass(milliseconds(10));
  BOOST_TEST(waited.ns <= milliseconds(700).ns);
  BOOST_TEST((group.role(2) == Role::leader || group.role(3) == Role::leader));  // in the same tick
}

BOOST_AUTO_TEST_SUITE_END()
