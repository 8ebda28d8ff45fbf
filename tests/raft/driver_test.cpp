// The driver with one voter, as a single node runs it, and the answers that a proposer gets.
#include "raft/driver.hpp"

#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

BOOST_AUTO_TEST_SUITE(one_voter)

BOOST_AUTO_TEST_CASE(it_elects_itself_at_its_start_without_waiting) {
  const Group group({""});
  BOOST_TEST((group.role(1) == Role::leader));
  BOOST_TEST(group.log(1) == "1");
  BOOST_TEST(group.commit(1) == 1u);
}

BOOST_AUTO_TEST_CASE(a_proposal_is_written_at_once_and_applied_when_written_without_any_tick) {
  Group group({""});
  group.hold_disk(1);
  group.propose(1, "a");
  BOOST_TEST(group.writes_waiting(1) == 1u);
  BOOST_REQUIRE(group.outcomes(1).size() == 1u);
  BOOST_TEST((group.outcomes(1).front().answer == Answer::accepted));
  BOOST_TEST((group.outcomes(1).front().first == LogIndex{2}));
  BOOST_TEST(group.applied(1).empty());
  group.release_disk(1);
  BOOST_TEST(group.applied(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(it_never_commits_what_is_not_durable) {
  Group group({""});
  group.hold_disk(1);
  group.propose(1, "a");
  group.pass(
      seconds(3));  // a slow disk alone is no reason to give up an office nobody else can take
  BOOST_TEST(group.commit(1) == 1u);
  BOOST_TEST((group.role(1) == Role::leader));
  group.restart(1);
  group.release_disk(1);
  BOOST_TEST(group.log(1) == "12");  // "a" was never true
}

BOOST_AUTO_TEST_CASE(a_restart_commits_everything_that_was_written) {
  Group group({"112"});
  BOOST_TEST(group.log(1) == "1123");
  BOOST_TEST(group.commit(1) == 4u);
  BOOST_TEST(group.applied(1).size() == 3u);
}

BOOST_AUTO_TEST_CASE(it_does_not_lead_before_its_own_vote_is_durable) {
  Group group({"1"});
  group.hold_disk(1);
  group.restart(1);
  BOOST_TEST((group.role(1) == Role::candidate));
  group.pass(seconds(5));
  BOOST_TEST(group.term(1) == 3u);  // one campaign, however long the disk takes
  group.release_disk(1);
  BOOST_TEST((group.role(1) == Role::leader));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(proposals)

BOOST_AUTO_TEST_CASE(who_does_not_lead_names_the_leader) {
  Group group({"", "", ""});
  group.campaign(2);
  group.propose(1, "a");
  BOOST_REQUIRE(group.outcomes(1).size() == 1u);
  BOOST_TEST((group.outcomes(1).front().answer == Answer::not_leader));
  BOOST_TEST((group.outcomes(1).front().leader == NodeId{2}));
}

BOOST_AUTO_TEST_CASE(a_batch_keeps_its_order_and_its_place) {
  Group group({""});
  group.at(1).propose(ProposalTag{7}, {"a", "b", "c"});
  BOOST_TEST((group.outcomes(1).front().tag == ProposalTag{7}));
  BOOST_TEST((group.outcomes(1).front().first == LogIndex{2}));
  BOOST_TEST(group.applied(1) == (std::vector<std::string>{"a", "b", "c"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_can_never_fit_is_refused_as_too_large) {
  Group group({""});
  group.propose(1, std::string(limits::command.value + 1, 'x'));
  BOOST_TEST((group.outcomes(1).back().answer == Answer::too_large));
  group.propose(1, std::string(limits::command.value, 'x'));
  BOOST_TEST((group.outcomes(1).back().answer == Answer::accepted));
  group.at(1).propose(ProposalTag{3},
                      std::vector<std::string>(limits::append_batch_entries + 1, "x"));
  BOOST_TEST((group.outcomes(1).back().answer == Answer::too_large));
}

BOOST_AUTO_TEST_CASE(too_much_on_its_way_is_answered_busy_until_it_is_committed) {
  Config small;
  small.uncommitted_most = Bytes{10};
  Group group({""}, small);
  group.hold_disk(1);
  group.propose(1, "12345678");
  group.propose(1, "123");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::busy));
  group.release_disk(1);
  group.propose(1, "123");
  BOOST_TEST((group.outcomes(1).back().answer == Answer::accepted));
}

BOOST_AUTO_TEST_CASE(after_a_failed_write_nothing_leaves_any_more) {
  Group group({"", "", ""});
  group.campaign(1);
  group.settle();
  group.hold_disk(2);
  group.propose(1, "a");
  group.settle();
  BOOST_REQUIRE(group.at(2).waiting_messages() > 0u);
  group.at(2).persist_failed(PersistSeq{1});
  const std::size_t sent = group.sent().size();
  BOOST_TEST(group.at(2).waiting_messages() == 0u);
  group.at(2).receive({1, NodeId{1}, NodeId{2}, Term{9}, Heartbeat{}});
  group.propose(2, "b");
  BOOST_TEST(group.sent().size() == sent);
  BOOST_TEST((group.outcomes(2).back().answer == Answer::stopped));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_recovered_log)

namespace {
Entry at(std::uint64_t term, std::uint64_t index) {
  return {Term{term}, LogIndex{index}, EntryType::command, "x"};
}
SnapshotMeta snapshot(std::uint64_t term, std::uint64_t index) {
  SnapshotMeta meta;
  meta.id = SnapshotId{1};
  meta.index = LogIndex{index};
  meta.term = Term{term};
  meta.configuration.voters.incoming = {NodeId{1}};
  meta.version = Version{1};
  return meta;
}
SnapshotMeta damaged_snapshot() {
  SnapshotMeta meta = snapshot(1, 1);
  meta.configuration_index = LogIndex{2};
  return meta;
}
}  // namespace

BOOST_AUTO_TEST_CASE(that_is_whole_is_taken) {
  const Recovered good{
      {Term{2}, NodeId{1}, LogIndex{2}}, LogIndex{1}, {at(1, 1), at(2, 2)}, {}, {}};
  BOOST_TEST(check(good).has_value());
  const Recovered compacted{{Term{2}, NodeId{1}, LogIndex{6}},
                            LogIndex{5},
                            {at(1, 5), at(2, 6)},
                            Term{1},
                            snapshot(1, 5)};
  BOOST_TEST(check(compacted).has_value());
  const Recovered just_installed{
      {Term{2}, NodeId{1}, LogIndex{1}}, LogIndex{1}, {at(1, 1)}, {}, snapshot(2, 9)};
  BOOST_TEST(check(just_installed).has_value());
  BOOST_TEST(check(Recovered{}).has_value());
}

BOOST_AUTO_TEST_CASE(that_cannot_be_ours_is_refused_with_the_reason) {
  const HardState two{Term{2}, NodeId{}, LogIndex{}};
  const std::pair<Recovered, const char*> bad[] = {
      {{two, LogIndex{1}, {at(1, 1), at(1, 3)}, {}, {}}, "entry 3 where entry 2"},
      {{two, LogIndex{1}, {at(2, 1), at(1, 2)}, {}, {}}, "below its predecessor"},
      {{two, LogIndex{1}, {at(3, 1)}, {}, {}}, "own term 2"},
      {{{Term{2}, NodeId{}, LogIndex{2}}, LogIndex{1}, {at(1, 1)}, {}, {}}, "lost what it had"},
      {{two, LogIndex{5}, {at(1, 5)}, Term{1}, {}}, "begins at entry 5"},
      {{two, LogIndex{5}, {at(1, 5)}, Term{1}, snapshot(1, 3)}, "begins at entry 5"},
      {{two, LogIndex{5}, {at(1, 5)}, Term{2}, snapshot(2, 4)}, "below its predecessor"},
      {{{Term{2}, NodeId{}, LogIndex{2}}, LogIndex{1}, {at(1, 1), at(1, 2)}, {}, snapshot(2, 2)},
       "different entries 2"},
      {{two, LogIndex{1}, {at(1, 1)}, {}, damaged_snapshot()}, "contradicts itself"},
  };
  for (const auto& [recovered, reason] : bad) {
    const auto answer = check(recovered);
    BOOST_REQUIRE(!answer.has_value());
    BOOST_TEST((answer.error().kind == FaultKind::corrupt));
    BOOST_TEST(answer.error().what.find(reason) != std::string::npos, answer.error().what);
  }
}

BOOST_AUTO_TEST_SUITE_END()
