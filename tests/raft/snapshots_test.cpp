// Snapshots in place of logs: who gets one, what becomes of the log, what survives which crash. Raft
// paper, section 7.
#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

bool leads(const Group& group, unsigned n) { return group.role(n) == Role::leader; }

template <class M>
std::vector<Envelope> sent_to(const Group& group, unsigned n) {
  std::vector<Envelope> found;
  for (const Envelope& one : group.sent())
    if (one.to == NodeId{n} && std::holds_alternative<M>(one.message)) found.push_back(one);
  return found;
}

Config eager(Bytes trailing = {}) {
  Config config;
  config.log_most = Bytes{100};
  config.log_trailing = trailing;
  return config;
}

void write_some(Group& group, unsigned leader, unsigned count, char what = 'a') {
  for (unsigned i = 0; i < count; ++i) {
    group.propose(leader, std::string(1, static_cast<char>(what + i)));
    group.settle();
  }
}

using Strings = std::vector<std::string>;

/// 1 leads; 3 was away while everything it lacks went into snapshot 1 and out of the log.
struct OneLagsBehind : Group {
  explicit OneLagsBehind(Config config = eager()) : Group({"", "", ""}, std::move(config)) {
    campaign(1);
    settle();
    cut(3);
    pass(milliseconds(400));
    write_some(*this, 1, 5);
    take_snapshot(1);
    BOOST_REQUIRE(first(1) > core(3).log().last().value + 1);
  }
  void come_back() {
    join(3);
    pass(milliseconds(200));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshots_in_place_of_logs)

BOOST_AUTO_TEST_CASE(one_is_asked_for_when_enough_was_applied_and_the_log_goes_when_it_is_there) {
  Group group({""}, eager(Bytes{66}));
  write_some(group, 1, 1);
  BOOST_TEST(group.asked(1).empty());
  write_some(group, 1, 9);
  BOOST_TEST(group.asked(1) == Strings{"take"}, boost::test_tools::per_element());  // once
  BOOST_TEST(group.first(1) == 1u);
  group.take_snapshot(1);
  BOOST_TEST(group.core(1).snapshot()->index.value == 11u);
  BOOST_TEST(group.first(1) == 10u);  // two entries stay: log_trailing
  write_some(group, 1, 4);
  BOOST_TEST(group.asked(1).size() == 2u);
  group.restart(1);
  BOOST_TEST(leads(group, 1));
  BOOST_TEST(group.first(1) == 10u);
  BOOST_TEST(group.applied(1).size() == 14u);
}

// Its own snapshot named no voters, and it refused to start on it.
BOOST_AUTO_TEST_CASE(who_joins_makes_none_before_it_knows_its_group) {
  Config founded_by_1;
  founded_by_1.voters = {NodeId{1}};
  Group group({"", ""}, founded_by_1);
  write_some(group, 1, 3);
  group.change(1, "l2");
  group.settle();
  group.pass(milliseconds(300));
  const LogIndex joined = group.core(2).configurations().newest_index();
  BOOST_REQUIRE(joined > LogIndex{3});
  BOOST_REQUIRE(group.core(2).applied() >= joined);
  BOOST_TEST(!group.core(2).describe(LogIndex{}).has_value());
  BOOST_TEST(!group.core(2).describe(previous(joined)).has_value());
  BOOST_REQUIRE(group.core(2).describe(joined).has_value());
  BOOST_TEST(is_consistent(*group.core(2).describe(joined)));
  BOOST_TEST(
      group.core(1).describe(previous(joined)).has_value());  // a founder knows it from the start
}

// All entries of it came late, while it was installed, and from a time when none of them was committed: what the
// snapshot says of them was looked for in the log, from which it was just cut.
BOOST_AUTO_TEST_CASE(
    one_of_entries_that_came_meanwhile_and_are_not_known_as_committed_is_installed) {
  Group group({"", "", ""}, eager());
  std::optional<Envelope> late;
  bool nobody_tells = true;
  group.lose([&](const Envelope& one) {
    const auto* append = std::get_if<Append>(&one.message);
    if (one.to == NodeId{3} && append && append->commit == LogIndex{}) late = one;
    return (one.to == NodeId{3} && append != nullptr) ||
           (nobody_tells && std::holds_alternative<AppendResponse>(one.message));
  });
  group.campaign(1);
  write_some(group, 1, 5);
  group.pass(milliseconds(300));  // what is not acknowledged is sent again, and all that came since
  const LogIndex last = group.core(1).log().last();
  nobody_tells = false;
  group.cut(3);  // the log is not kept for who is away
  group.pass(milliseconds(400));
  group.take_snapshot(1);
  group.hold_snapshots(3);
  group.join(3);
  group.pass(milliseconds(300));
  BOOST_REQUIRE((group.asked(3) == Strings{"fetch 1 from 1"}));
  group.end_fetch(3);
  group.at(3).receive(*late);
  BOOST_REQUIRE((group.core(3).log().last() == last));
  BOOST_REQUIRE((group.core(3).log().committed() == LogIndex{}));
  group.end_install(3);
  BOOST_TEST((group.core(3).log().committed() == last));
}

BOOST_AUTO_TEST_CASE(one_that_failed_is_asked_for_again_after_a_while) {
  Group group({""}, eager());
  write_some(group, 1, 5);
  group.at(1).snapshot_taken(std::nullopt);
  write_some(group, 1, 1);
  BOOST_TEST(group.asked(1).size() == 1u);
  group.pass(seconds(11));
  BOOST_TEST(group.asked(1).size() == 2u);
}

BOOST_AUTO_TEST_CASE(who_lacks_what_the_log_no_longer_holds_gets_a_snapshot_and_then_the_rest) {
  OneLagsBehind group;
  write_some(group, 1, 1, 'x');
  group.come_back();
  BOOST_TEST(group.asked(3) == (Strings{"fetch 1 from 1", "install 1"}),
             boost::test_tools::per_element());
  BOOST_TEST(group.applied(3) == (Strings{"a", "b", "c", "d", "e", "x"}),
             boost::test_tools::per_element());
  BOOST_TEST(group.commit(3) == group.commit(1));
  BOOST_TEST(
      (group.core(1).followers().at(NodeId{3}).state() == FollowerProgress::State::replicate));
  const std::size_t offers = sent_to<SnapshotOffer>(group, 3).size();
  group.pass(seconds(1));
  BOOST_TEST(sent_to<SnapshotOffer>(group, 3).size() == offers);
}

BOOST_AUTO_TEST_CASE(heartbeats_are_answered_and_nothing_is_applied_while_one_is_installed) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  BOOST_TEST(group.asked(3) == Strings{"fetch 1 from 1"}, boost::test_tools::per_element());
  group.end_fetch(3);
  write_some(group, 1, 2, 'x');
  group.pass(seconds(2));
  BOOST_TEST(group.core(3).installing());
  BOOST_TEST(leads(group, 1));
  BOOST_TEST((group.core(3).leader() == NodeId{1}));
  BOOST_TEST(group.applied(3).empty());
  group.end_install(3);
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(3).size() == 7u);
}

BOOST_AUTO_TEST_CASE(nothing_of_it_is_acknowledged_before_it_is_installed) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  group.end_fetch(3);
  group.pass(milliseconds(200));
  BOOST_TEST((group.core(1).followers().at(NodeId{3}).match() < group.core(1).snapshot()->index));
  group.end_install(3);
  group.settle();
  BOOST_TEST((group.core(1).followers().at(NodeId{3}).match() >= group.core(1).snapshot()->index));
}

BOOST_AUTO_TEST_CASE(
    a_crash_right_after_the_install_loses_nothing_although_the_log_is_the_old_one) {
  OneLagsBehind group;
  group.hold_disk(3);
  group.come_back();
  BOOST_TEST(group.asked(3).back() == "install 1");
  BOOST_TEST(group.first(3) == 7u);
  group.restart(3);
  BOOST_TEST(group.first(3) == 7u);
  BOOST_TEST(group.applied(3).size() == 5u);
  BOOST_TEST(group.commit(3) == 6u);
  group.release_disk(3);
  write_some(group, 1, 1, 'x');
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(3).size() == 6u);
  group.restart(3);
  BOOST_TEST(group.first(3) == 7u);
  BOOST_TEST(group.log(3) == "1");
}

BOOST_AUTO_TEST_CASE(one_that_fails_is_offered_again_and_the_newest_then) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  write_some(group, 1, 3, 'x');
  group.take_snapshot(1);
  group.end_fetch(3, false);
  group.pass(milliseconds(200));
  BOOST_TEST(group.asked(3).back() == "fetch 2 from 1");
  group.end_fetch(3);
  group.end_install(3, false);
  BOOST_TEST(group.applied(3).empty());
  group.pass(milliseconds(200));
  BOOST_TEST(group.asked(3).back() == "fetch 2 from 1");
  group.end_fetch(3);
  group.end_install(3);
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(3).size() == 8u);
}

BOOST_AUTO_TEST_CASE(while_one_is_fetched_it_and_the_log_behind_it_are_kept) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  write_some(group, 1, 3, 'x');
  group.take_snapshot(1);
  group.pass(milliseconds(100));
  BOOST_TEST(group.first(1) == 7u);
  BOOST_TEST((group.core(1).snapshots_in_use() == std::set{SnapshotId{1}, SnapshotId{2}}));
  group.end_fetch(3);
  group.end_install(3);
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(3).size() == 8u);
  BOOST_TEST(group.asked(3) == (Strings{"fetch 1 from 1", "install 1"}),
             boost::test_tools::per_element());
  BOOST_TEST((group.core(1).snapshots_in_use() == std::set{SnapshotId{2}}));
  BOOST_TEST(group.first(1) == 10u);
}

// ClickHouse Keeper #95766: a log that waits for the slowest grows until nobody can catch up.
BOOST_AUTO_TEST_CASE(a_log_that_has_become_too_long_waits_for_nobody) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  write_some(group, 1, 9, 'm');
  group.take_snapshot(1);
  group.pass(milliseconds(100));
  BOOST_TEST(group.first(1) == 16u);
  BOOST_TEST(group.asked(3).back() == "fetch 2 from 1");
}

BOOST_AUTO_TEST_CASE(a_follower_that_lags_a_little_and_lives_gets_entries) {
  Group group({"", "", ""}, eager());
  group.campaign(1);
  group.settle();
  group.hold_disk(3);
  write_some(group, 1, 4);
  group.take_snapshot(1);
  group.pass(milliseconds(100));
  BOOST_TEST(group.first(1) == 2u);
  group.release_disk(3);
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(3).size() == 4u);
  BOOST_TEST(group.asked(3) == Strings{"take"}, boost::test_tools::per_element());
  BOOST_TEST(group.first(1) == 6u);
}

// CockroachDB: snapshot_sent_and_leadership_change.
BOOST_AUTO_TEST_CASE(one_of_an_old_leader_serves_the_new_one_as_well) {
  OneLagsBehind group;
  group.take_snapshot(2);
  group.hold_snapshots(3);
  group.come_back();
  group.end_fetch(3);
  group.cut(1);
  group.campaign(2);
  BOOST_REQUIRE(leads(group, 2));
  group.pass(milliseconds(200));
  group.end_install(3);
  group.pass(milliseconds(200));
  BOOST_TEST(group.asked(3) == (Strings{"fetch 1 from 1", "install 1"}),
             boost::test_tools::per_element());
  BOOST_TEST(group.applied(3).size() == 5u);
  BOOST_TEST(group.commit(3) == group.commit(2));
  BOOST_TEST(
      (group.core(2).followers().at(NodeId{3}).state() == FollowerProgress::State::replicate));
}

BOOST_AUTO_TEST_CASE(one_that_comes_too_late_is_not_installed) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  group.cut(1);
  group.campaign(2);  // its log is whole
  BOOST_REQUIRE(leads(group, 2));
  group.pass(milliseconds(200));
  BOOST_TEST(group.applied(3).size() == 5u);
  group.end_fetch(3);
  BOOST_TEST(group.asked(3).back() == "discard 1");
  BOOST_TEST(group.applied(3).size() == 5u);
}

BOOST_AUTO_TEST_CASE(one_that_is_overtaken_while_it_is_installed_takes_nothing_back) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  group.end_fetch(3);
  group.cut(1);
  group.campaign(2);
  BOOST_REQUIRE(leads(group, 2));
  write_some(group, 2, 1, 'x');
  group.pass(milliseconds(200));
  BOOST_TEST(group.commit(3) == group.commit(2));
  BOOST_TEST(group.applied(3).empty());
  group.end_install(3);
  BOOST_TEST(group.applied(3).size() == 6u);
  BOOST_TEST(group.first(3) > 1u);
}

BOOST_AUTO_TEST_CASE(one_that_contradicts_itself_is_not_believed) {
  OneLagsBehind group;
  group.hold_snapshots(3);
  group.come_back();
  SnapshotMeta bad = *group.core(1).snapshot();
  bad.configuration_index = next(bad.index);
  group.at(3).snapshot_fetched(bad.id, bad);
  BOOST_TEST(group.asked(3).back() == "discard 1");
  bad = *group.core(1).snapshot();
  bad.term = Term{99};
  group.at(3).snapshot_fetched(bad.id, bad);
  BOOST_TEST(group.asked(3).back() == "discard 1");
  BOOST_TEST(!group.core(3).installing());
}

BOOST_AUTO_TEST_CASE(it_names_the_members_to_a_node_that_joins) {
  Config config = eager();
  config.voters = {NodeId{1}, NodeId{2}};
  Group group({"", "", ""}, config);
  group.campaign(1);
  BOOST_TEST((group.change(1, "l3").answer == Answer::accepted));
  group.cut(3);
  group.settle();
  write_some(group, 1, 5);
  group.pass(milliseconds(400));
  group.take_snapshot(1);
  group.join(3);
  group.pass(milliseconds(300));
  BOOST_TEST(group.asked(3).back() == "install 1");
  BOOST_TEST(group.members(3) == "1 2 learners 3");
  BOOST_TEST(group.applied(3).size() == 5u);
  group.restart(3);
  BOOST_TEST(group.members(3) == "1 2 learners 3");
}

BOOST_AUTO_TEST_CASE(only_so_many_followers_are_offered_one_at_once) {
  Group group({"", "", "", "", "", "", ""}, eager());
  group.campaign(1);
  group.settle();
  for (const unsigned n : {5u, 6u, 7u}) group.cut(n);
  group.pass(milliseconds(400));
  write_some(group, 1, 5);
  group.take_snapshot(1);
  for (const unsigned n : {5u, 6u, 7u}) {
    group.hold_snapshots(n);
    group.join(n);
  }
  group.pass(milliseconds(300));
  std::vector<unsigned> fetching;
  for (const unsigned n : {5u, 6u, 7u})
    if (!group.asked(n).empty()) fetching.push_back(n);
  BOOST_REQUIRE(fetching.size() == 2u);
  group.end_fetch(fetching.front());
  group.end_install(fetching.front());
  group.pass(milliseconds(300));
  for (const unsigned n : {5u, 6u, 7u}) BOOST_TEST(!group.asked(n).empty());
}

BOOST_AUTO_TEST_CASE(who_has_nothing_but_a_snapshot_can_vote_and_lead) {
  OneLagsBehind group;
  group.come_back();
  BOOST_TEST(group.log(3) == "");
  group.cut(1);
  group.campaign(3);
  BOOST_TEST(leads(group, 3));
  BOOST_TEST(group.commit(2) == 7u);
  write_some(group, 3, 1, 'x');
  BOOST_TEST(group.applied(2).size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_node_that_can_install_none_says_so_and_stays_a_member) {
  OneLagsBehind group;
  group.without_snapshots(3);
  group.come_back();
  group.pass(seconds(1));
  BOOST_TEST(group.asked(3).empty());
  BOOST_TEST(group.applied(3).empty());
  BOOST_TEST(!sent_to<SnapshotResponse>(group, 1).empty());
  BOOST_TEST(leads(group, 1));
}

BOOST_AUTO_TEST_CASE(an_append_from_before_the_log_begins_is_old_news) {
  OneLagsBehind group;
  group.come_back();
  const auto answers = sent_to<AppendResponse>(group, 1).size();
  group.at(3).receive({1, NodeId{1}, NodeId{3}, Term{1}, Append{LogIndex{2}, Term{1}, {}, {}}});
  const auto all = sent_to<AppendResponse>(group, 1);
  BOOST_REQUIRE(all.size() == answers + 1);
  const auto& answer = std::get<AppendResponse>(all.back().message);
  BOOST_TEST(answer.accepted);
  BOOST_TEST(answer.match.value == 6u);
}

BOOST_AUTO_TEST_CASE(an_offer_of_what_is_here_already_is_answered_as_an_append_is) {
  OneLagsBehind group;
  const auto answers = sent_to<AppendResponse>(group, 1).size();
  group.at(2).receive({1, NodeId{1}, NodeId{2}, Term{1}, SnapshotOffer{{}, LogIndex{4}, Term{1}}});
  const auto all = sent_to<AppendResponse>(group, 1);
  BOOST_REQUIRE(all.size() == answers + 1);
  BOOST_TEST(std::get<AppendResponse>(all.back().message).accepted);
  BOOST_TEST(group.asked(2) == Strings{"take"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_offer_of_an_old_leader_is_answered_with_the_term) {
  Group group({"11", "33", "33"});
  group.at(2).receive({1, NodeId{1}, NodeId{2}, Term{1}, SnapshotOffer{{}, LogIndex{9}, Term{1}}});
  const auto answers = sent_to<SnapshotResponse>(group, 1);
  BOOST_REQUIRE(answers.size() == 1u);
  BOOST_TEST((answers.front().term == Term{3}));
  BOOST_TEST(group.asked(2).empty());
}

BOOST_AUTO_TEST_SUITE_END()
