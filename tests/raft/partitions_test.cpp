// Partial and one-way partitions: the group keeps one leader and goes on while a quorum can talk.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <utility>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

using Links = std::set<std::pair<unsigned, unsigned>>;

/// Messages from the first to the second of each pair are lost.
void break_links(Group& group, Links links) {
  group.lose([links = std::move(links)](const Envelope& one) {
    return links.contains(
        {static_cast<unsigned>(one.from.value), static_cast<unsigned>(one.to.value)});
  });
}

/// Terms that had a leader, over so many seconds with a proposal every 100 ms at whoever leads.
struct Observed {
  std::set<std::uint64_t> terms;
  std::size_t committed = 0;
};
Observed observe_for(Group& group, unsigned nodes, int duration_s) {
  Observed seen;
  const std::uint64_t before = group.commit(1);
  std::uint64_t last = before;
  for (int i = 0; i < duration_s * 10; ++i) {
    group.pass(milliseconds(100));
    for (unsigned n = 1; n <= nodes; ++n) {
      if (group.role(n) != Role::leader) continue;
      seen.terms.insert(group.term(n));
      group.propose(n, "x");
      group.settle();
      last = std::max(last, group.commit(n));
    }
  }
  seen.committed = last - before;
  return seen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(partitions)

// Cloudflare's six hours of 2020-11-02: a leader and one follower do not reach each other, the third
// reaches both.
BOOST_AUTO_TEST_CASE(a_follower_that_only_the_leader_does_not_reach_deposes_nobody) {
  for (const Links& links : {Links{{1, 2}, {2, 1}}, Links{{1, 2}}, Links{{2, 1}}}) {
    Group group({"", "", ""});
    group.campaign(1);
    break_links(group, links);
    const Observed seen = observe_for(group, 3, 60);
    BOOST_TEST(seen.terms.size() == 1u);
    BOOST_TEST(seen.committed > 500u);
    BOOST_TEST((group.role(1) == Role::leader));
  }
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_heard_but_hears_nobody_goes_and_another_comes_once) {
  Group group({"", "", ""});
  group.campaign(1);
  break_links(group, {{2, 1}, {3, 1}});
  const Observed seen = observe_for(group, 3, 60);
  BOOST_TEST(seen.terms.size() == 2u);
  BOOST_TEST(seen.committed > 500u);
}

BOOST_AUTO_TEST_CASE(a_leader_that_hears_but_is_not_heard_goes_and_another_comes_once) {
  Group group({"", "", ""});
  group.campaign(1);
  break_links(group, {{1, 2}, {1, 3}});
  const Observed seen = observe_for(group, 3, 60);
  BOOST_TEST(seen.terms.size() == 2u);
  BOOST_TEST(seen.committed > 500u);
}

BOOST_AUTO_TEST_CASE(five_nodes_on_a_line_of_links_find_one_leader_that_reaches_three) {
  // 1 - 2 - 3 - 4 - 5: only 2, 3 and 4 have three nodes within reach, themselves included.
  Links broken;
  for (unsigned a = 1; a <= 5; ++a)
    for (unsigned b = 1; b <= 5; ++b)
      if (a > b + 1 || b > a + 1) broken.insert({a, b});
  Group group({"", "", "", "", ""});
  break_links(group, broken);
  const Observed seen = observe_for(group, 5, 60);
  BOOST_TEST(seen.committed > 400u);
  BOOST_TEST(seen.terms.size() <= 3u);
}

BOOST_AUTO_TEST_CASE(who_was_a_candidate_of_a_later_term_is_taken_back) {
  Group group({"", "", ""});
  group.campaign(1);
  // It was in term 9 before it lost its connections; its answers carry that term.
  group.at(3).receive({1, NodeId{2}, NodeId{3}, Term{9}, AppendResponse{}});
  group.pass(seconds(3));
  std::set<NodeId> leaders;
  for (unsigned n : {1u, 2u, 3u}) leaders.insert(group.core(n).leader());
  BOOST_TEST(leaders.size() == 1u);
  BOOST_TEST(!leaders.contains(NodeId{}));
  BOOST_TEST(group.term(1) >= 9u);
}

BOOST_AUTO_TEST_CASE(a_message_between_members_is_refused_when_it_is_for_somebody_else) {
  Group group({"", "", ""});
  group.campaign(1);
  const auto sent = group.sent().size();
  group.at(2).receive({1, NodeId{1}, NodeId{3}, Term{9}, Heartbeat{}});
  group.at(2).receive({1, NodeId{2}, NodeId{2}, Term{9}, Heartbeat{}});
  BOOST_TEST(group.term(2) == 1u);
  BOOST_TEST(group.sent().size() == sent);
}

BOOST_AUTO_TEST_SUITE_END()
