// What only the replay of published scripts sets: no pre-votes, no check of quorums, an election timeout
// that is not drawn by chance.
#include <boost/test/unit_test.hpp>
#include <utility>
#include <vector>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

/// One of three, alone with its clock.
struct Alone {
  Alone() {
    Config config;
    config.self = NodeId{1};
    config.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
    cores.emplace_back(config, Recovered{}, LogIndex{});
    step(Tick{now});
  }
  Core& core() { return cores.front(); }
  /// Its disk writes at once.
  void step(Input input) {
    const Effects effects = core().step(std::move(input));
    if (const auto& write = effects.persist)
      core().step(LogPersisted{write->seq, write->last_term(), write->last_index()});
  }
  void hear_from_leader(std::uint64_t term) {
    step(Receive{{1, NodeId{2}, NodeId{1}, Term{term}, Heartbeat{}}});
  }
  /// How long it takes until it stands for election; at most two seconds.
  Duration until_it_stands() {
    const Instant began = now;
    while (core().role() == Role::follower && now - began < seconds(2)) {
      now = now + milliseconds(10);
      step(Tick{now});
    }
    return now - began;
  }

  Instant now{seconds(5).ns};
  std::vector<Core> cores;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(switches_of_scripts)

BOOST_AUTO_TEST_CASE(without_pre_votes_a_candidate_enters_the_next_term_at_once) {
  for (const bool asks : {true, false}) {
    Config config;
    config.asks_pre_votes = asks;
    Group group({"", "", ""}, config);
    group.at(1).campaign();
    BOOST_TEST((group.role(1) == (asks ? Role::pre_candidate : Role::candidate)));
    BOOST_TEST(group.term(1) == (asks ? 0u : 1u));
  }
}

BOOST_AUTO_TEST_CASE(where_no_quorum_is_checked_a_leader_leads_on_alone) {
  for (const bool checks : {true, false}) {
    Config config;
    config.checks_quorum = checks;
    Group group({"", "", ""}, config);
    group.campaign(1);
    group.cut(1);
    group.pass(seconds(2));
    BOOST_TEST((group.role(1) == Role::leader) == !checks);
  }
}

BOOST_AUTO_TEST_CASE(where_no_quorum_is_checked_nobody_refuses_a_vote_because_of_a_leader) {
  for (const bool checks : {true, false}) {
    Config config;
    config.checks_quorum = checks;
    Group group({"", "", ""}, config);
    group.campaign(1);
    group.at(2).receive({1, NodeId{3}, NodeId{2}, Term{9}, VoteRequest{LogIndex{9}, Term{8}}});
    BOOST_TEST(group.term(2) == (checks ? 1u : 9u));
    group.at(2).receive(
        {1, NodeId{3}, NodeId{2}, Term{9}, PreVoteRequest{Term{10}, LogIndex{9}, Term{8}}});
    const auto& last = group.on_the_way().back().message;
    BOOST_REQUIRE(std::holds_alternative<PreVoteResponse>(last));
    BOOST_TEST(std::get<PreVoteResponse>(last).granted == !checks);
  }
}

BOOST_AUTO_TEST_CASE(a_fixed_election_timeout_counts_from_when_the_leader_was_last_heard) {
  Alone node;
  node.step(SetElectionTimeout{milliseconds(1000)});
  BOOST_TEST(node.until_it_stands().ns == milliseconds(1000).ns);

  Alone heard;
  heard.hear_from_leader(1);
  heard.now = heard.now + milliseconds(100);
  heard.step(Tick{heard.now});
  heard.step(SetElectionTimeout{milliseconds(800)});
  BOOST_TEST(heard.until_it_stands().ns == milliseconds(700).ns);

  Alone again;
  again.step(SetElectionTimeout{milliseconds(800)});
  again.hear_from_leader(1);  // another term: chance is back
  BOOST_TEST(again.until_it_stands().ns <= milliseconds(600).ns);

  Alone kept;
  kept.hear_from_leader(1);
  kept.step(SetElectionTimeout{milliseconds(800)});
  kept.hear_from_leader(1);
  BOOST_TEST(kept.until_it_stands().ns == milliseconds(800).ns);
}

BOOST_AUTO_TEST_SUITE_END()
