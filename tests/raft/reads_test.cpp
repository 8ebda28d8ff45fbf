// Linearizable reads: a quorum answers after the read came, and never twice the
// same question.
#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"
#include "raft/read_rounds.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

bool is_heartbeat(const Envelope& one) { return std::holds_alternative<Heartbeat>(one.message); }
bool is_echo(const Envelope& one) { return std::holds_alternative<HeartbeatResponse>(one.message); }

std::size_t count_rounds(const Group& group, unsigned leader) {
  std::set<ReadSeq> rounds;
  for (const Envelope& one : group.sent())
    if (const auto* beat = std::get_if<Heartbeat>(&one.message))
      if (one.from == NodeId{leader} && beat->read != ReadSeq{}) rounds.insert(beat->read);
  return rounds.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(linearizable_reads)

BOOST_AUTO_TEST_CASE(a_leader_answers_when_a_quorum_has_confirmed_it_without_any_tick) {
  Group group({"", "", ""});
  group.campaign(1);
  group.propose(1, "a");
  group.settle();
  const ReadTag tag = group.read(1);
  BOOST_TEST(group.reads(1).empty());
  group.settle();
  BOOST_REQUIRE(group.reads(1).size() == 1u);
  BOOST_TEST((group.reads(1).front().tag == tag));
  BOOST_TEST((group.reads(1).front().answer == ReadAnswer::ready));
  BOOST_TEST((group.reads(1).front().index == LogIndex{2}));
}

BOOST_AUTO_TEST_CASE(who_decides_alone_answers_at_once) {
  Group group({""});
  group.read(1);
  BOOST_REQUIRE(group.reads(1).size() == 1u);
  BOOST_TEST((group.reads(1).front().answer == ReadAnswer::ready));
}

BOOST_AUTO_TEST_CASE(a_leader_that_was_deposed_and_does_not_know_it_answers_nothing) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(1);
  group.campaign(2);
  group.propose(2, "new");
  group.settle();
  BOOST_REQUIRE((group.role(1) == Role::leader));
  group.read(1);
  group.settle();
  BOOST_TEST(group.reads(1).empty());
  group.join(1);
  group.pass(milliseconds(200));
  BOOST_REQUIRE(group.reads(1).size() == 1u);
  BOOST_TEST((group.reads(1).front().answer == ReadAnswer::lost));
}

// etcd #20418: an answer to an earlier question, late or doubled, confirms
// nothing that came after.
BOOST_AUTO_TEST_CASE(a_late_or_doubled_answer_to_an_earlier_round_confirms_no_later_read) {
  Group group({"", "", ""});
  group.campaign(1);
  std::vector<Envelope> echoes;
  group.lose([&](const Envelope& one) {
    if (is_echo(one)) echoes.push_back(one);
    return false;
  });
  group.read(1);
  group.settle();
  BOOST_REQUIRE(group.reads(1).size() == 1u);
  BOOST_REQUIRE(!echoes.empty());
  group.cut(2);
  group.cut(3);
  group.read(1);
  group.settle();
  for (int times = 0; times < 2; ++times)
    for (const Envelope& echo : echoes) group.at(1).receive(echo);
  BOOST_TEST(group.reads(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_of_an_earlier_term_confirms_nothing) {
  Group group({"", "", ""});
  group.campaign(1);
  group.campaign(2);
  group.campaign(1);
  BOOST_REQUIRE(group.term(1) == 3u);
  group.cut(2);
  group.cut(3);
  group.read(1);
  group.at(1).receive({1, NodeId{2}, NodeId{1}, Term{1}, HeartbeatResponse{ReadSeq{1}, {}}});
  BOOST_TEST(group.reads(1).empty());
  group.at(1).receive({1, NodeId{2}, NodeId{1}, Term{3}, HeartbeatResponse{ReadSeq{99}, {}}});
  BOOST_TEST(group.reads(1).empty());  // never asked
  group.at(1).receive({1, NodeId{2}, NodeId{1}, Term{3}, HeartbeatResponse{ReadSeq{1}, {}}});
  BOOST_TEST(group.reads(1).size() == 1u);
}

// etcd #7331
BOOST_AUTO_TEST_CASE(a_new_leader_answers_only_after_an_entry_of_its_own_is_committed) {
  Group group({"", "", ""});
  group.campaign(1);
  group.propose(1, "a");
  group.settle();
  group.lose([](const Envelope& one) { return std::holds_alternative<Append>(one.message); });
  group.campaign(2);
  BOOST_REQUIRE((group.role(2) == Role::leader));
  group.read(2);
  group.settle();
  BOOST_TEST(group.reads(2).empty());
  group.lose({});
  group.pass(milliseconds(300));
  BOOST_REQUIRE(group.reads(2).size() == 1u);
  BOOST_TEST((group.reads(2).front().answer == ReadAnswer::ready));
  BOOST_TEST((group.reads(2).front().index >= LogIndex{3}));
}

BOOST_AUTO_TEST_CASE(what_comes_while_a_round_is_on_its_way_shares_the_next) {
  Group group({"", "", ""});
  group.campaign(1);
  for (int i = 0; i < 50; ++i) group.read(1);
  group.settle();
  BOOST_TEST(group.reads(1).size() == 50u);
  BOOST_TEST(count_rounds(group, 1) == 2u);
}

BOOST_AUTO_TEST_CASE(a_lost_round_is_followed_by_another_with_another_number) {
  Group group({"", "", ""});
  group.campaign(1);
  group.lose(is_heartbeat);
  group.read(1);
  group.settle();
  group.lose({});
  group.pass(milliseconds(100));
  BOOST_TEST(group.reads(1).size() == 1u);
  BOOST_TEST(count_rounds(group, 1) == 2u);
}

BOOST_AUTO_TEST_CASE(a_read_waits_until_the_state_machine_has_what_it_must_see) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(1);
  group.propose(1, "a");
  group.settle();
  BOOST_REQUIRE(group.commit(1) == 2u);  // through the others; our own disk has it not yet
  group.read(1);
  group.settle();
  BOOST_TEST(group.reads(1).empty());
  group.release_disk(1);
  BOOST_REQUIRE(group.reads(1).size() == 1u);
  BOOST_TEST((group.reads(1).front().index == LogIndex{2}));
}

BOOST_AUTO_TEST_CASE(a_follower_has_its_leader_confirm_and_answers_from_its_own_state) {
  Group group({"", "", ""});
  group.campaign(1);
  group.propose(1, "a");
  group.settle();
  for (int i = 0; i < 20; ++i) group.read(3);
  group.settle();
  BOOST_REQUIRE(group.reads(3).size() == 20u);
  for (const ReadOutcome& one : group.reads(3)) {
    BOOST_TEST((one.answer == ReadAnswer::ready));
    BOOST_TEST((one.index >= LogIndex{2}));
  }
  std::size_t questions = 0;
  for (const Envelope& one : group.sent())
    questions += std::holds_alternative<ReadIndexRequest>(one.message);
  BOOST_TEST(questions == 2u);
}

BOOST_AUTO_TEST_CASE(a_follower_asks_again_when_the_question_or_the_answer_is_lost) {
  for (const bool question : {true, false}) {
    Group group({"", "", ""});
    group.campaign(1);
    bool lost = false;
    group.lose([&](const Envelope& one) {
      const bool it = question ? std::holds_alternative<ReadIndexRequest>(one.message)
                               : std::holds_alternative<ReadIndexResponse>(one.message);
      return it && !std::exchange(lost, true);
    });
    group.read(2);
    group.settle();
    BOOST_REQUIRE(lost);
    BOOST_TEST(group.reads(2).empty());
    group.pass(milliseconds(150));
    BOOST_TEST(group.reads(2).size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_life_of_a_follower_confirms_nothing) {
  Group group({"", "", ""});
  group.campaign(1);
  Envelope late;
  group.lose([&](const Envelope& one) {
    if (!std::holds_alternative<ReadIndexResponse>(one.message)) return false;
    late = one;
    return true;
  });
  group.read(2);
  group.settle();
  BOOST_REQUIRE(std::holds_alternative<ReadIndexResponse>(late.message));
  group.restart(2);
  group.pass(milliseconds(200));
  group.cut(2);
  group.read(2);
  group.at(2).receive(late);
  BOOST_TEST(group.reads(2).empty());
}

BOOST_AUTO_TEST_CASE(without_a_leader_a_read_is_refused_and_a_change_of_leader_fails_it) {
  Group group({"", "", ""});
  group.read(1);
  BOOST_REQUIRE(group.reads(1).size() == 1u);
  BOOST_TEST((group.reads(1).front().answer == ReadAnswer::not_leader));
  group.campaign(1);
  group.lose(
      [](const Envelope& one) { return std::holds_alternative<ReadIndexRequest>(one.message); });
  group.read(3);
  group.settle();
  group.campaign(2);
  BOOST_REQUIRE(group.reads(3).size() == 1u);
  BOOST_TEST((group.reads(3).front().answer == ReadAnswer::lost));
}

BOOST_AUTO_TEST_CASE(a_stale_read_waits_for_nothing_but_what_its_asker_has_seen) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  group.propose(1, "a");
  group.settle();
  group.read(3, ReadKind::stale);
  BOOST_REQUIRE(group.reads(3).size() == 1u);
  BOOST_TEST((group.reads(3).front().answer == ReadAnswer::ready));
  group.read(3, ReadKind::stale, LogIndex{2});
  BOOST_TEST(group.reads(3).size() == 1u);
  group.join(3);
  group.pass(milliseconds(200));
  BOOST_REQUIRE(group.reads(3).size() == 2u);
  BOOST_TEST((group.reads(3).back().index >= LogIndex{2}));
}

BOOST_AUTO_TEST_CASE(too_many_waiting_reads_are_answered_busy_at_once) {
  Config config;
  config.reads_most = 3;
  Group group({"", "", ""}, config);
  group.campaign(1);
  for (int i = 0; i < 5; ++i) group.read(1);
  BOOST_REQUIRE(group.reads(1).size() == 2u);
  for (const ReadOutcome& one : group.reads(1)) BOOST_TEST((one.answer == ReadAnswer::busy));
  group.settle();
  BOOST_TEST(group.reads(1).size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_follower_that_asks_an_overloaded_leader_hears_busy) {
  Config config;
  config.reads_most = 1;
  Group group({"", "", ""}, config);
  group.campaign(1);
  group.lose(is_echo);
  group.read(1);
  group.read(2);
  group.settle();
  BOOST_REQUIRE(group.reads(2).size() == 1u);
  BOOST_TEST((group.reads(2).front().answer == ReadAnswer::busy));
}

BOOST_AUTO_TEST_CASE(rounds_answer_those_who_came_before_them_at_the_index_of_their_opening) {
  ReadRounds rounds;
  rounds.add({NodeId{1}, 10, {}});
  rounds.open(ReadSeq{1}, LogIndex{5});
  rounds.add({NodeId{2}, 20, {}});
  BOOST_TEST(rounds.waits());
  rounds.open(ReadSeq{2}, LogIndex{8});
  BOOST_TEST(rounds.confirm(ReadSeq{0}).empty());
  const auto first = rounds.confirm(ReadSeq{1});
  BOOST_REQUIRE(first.size() == 1u);
  BOOST_TEST((first.front().asker.id == 10u && first.front().index == LogIndex{5}));
  const auto second = rounds.confirm(ReadSeq{2});
  BOOST_REQUIRE(second.size() == 1u);
  BOOST_TEST((second.front().index == LogIndex{8}));
  BOOST_TEST(!rounds.in_flight());
}

BOOST_AUTO_TEST_SUITE_END()
