// The Raft paper as a test list: one scenario per sentence, with the section it stands in.
#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

template <class M>
std::vector<Envelope> of_kind(const Group& group) {
  std::vector<Envelope> found;
  for (const Envelope& one : group.sent())
    if (std::holds_alternative<M>(one.message)) found.push_back(one);
  return found;
}

bool is_leader(const Group& group, unsigned n) { return group.role(n) == Role::leader; }

}  // namespace

BOOST_AUTO_TEST_SUITE(raft_paper)

// ---- 5.1 and 5.2: terms and elections

BOOST_AUTO_TEST_CASE(a_node_starts_as_a_follower) {
  const Group group({"", "", ""});
  for (unsigned n : {1u, 2u, 3u}) BOOST_TEST((group.role(n) == Role::follower));
}

BOOST_AUTO_TEST_CASE(who_hears_no_leader_becomes_one) {
  Group group({"", "", ""});
  group.pass(seconds(2));
  unsigned leaders = 0;
  for (unsigned n : {1u, 2u, 3u}) leaders += is_leader(group, n);
  BOOST_TEST(leaders == 1u);
}

BOOST_AUTO_TEST_CASE(a_minority_elects_nobody_and_raises_no_term) {
  Group group({"", "", ""});
  group.cut(2);
  group.cut(3);
  group.pass(seconds(5));
  BOOST_TEST(!is_leader(group, 1));
  BOOST_TEST(group.term(1) == 0u);  // pre-vote: who cannot win does not try
}

BOOST_AUTO_TEST_CASE(a_leader_keeps_its_followers_by_heartbeats) {
  Group group({"", "", ""});
  group.campaign(2);
  const auto term = group.term(2);
  group.pass(seconds(5));
  BOOST_TEST(is_leader(group, 2));
  BOOST_TEST(group.term(1) == term);
}

BOOST_AUTO_TEST_CASE(a_second_candidate_in_one_term_is_refused) {
  Group group({"", "", ""});
  const auto ask = [&](unsigned from) {
    Envelope request{1, NodeId{from}, NodeId{3}, Term{1}, VoteRequest{}};
    group.at(3).receive(request);
  };
  ask(1);
  ask(2);
  ask(1);
  const auto answers = of_kind<VoteResponse>(group);
  BOOST_REQUIRE(answers.size() == 3u);
  BOOST_TEST(std::get<VoteResponse>(answers[0].message).granted);
  BOOST_TEST(!std::get<VoteResponse>(answers[1].message).granted);
  BOOST_TEST(std::get<VoteResponse>(answers[2].message).granted);  // asked again, answered again
}

BOOST_AUTO_TEST_CASE(a_vote_survives_a_crash) {
  Group group({"", "", ""});
  group.at(3).receive({1, NodeId{1}, NodeId{3}, Term{1}, VoteRequest{}});
  group.restart(3);
  group.at(3).receive({1, NodeId{2}, NodeId{3}, Term{1}, VoteRequest{}});
  BOOST_TEST(!std::get<VoteResponse>(of_kind<VoteResponse>(group).back().message).granted);
}

BOOST_AUTO_TEST_CASE(a_vote_does_not_leave_before_it_is_durable) {
  Group group({"", "", ""});
  group.hold_disk(3);
  group.at(3).receive({1, NodeId{1}, NodeId{3}, Term{1}, VoteRequest{}});
  BOOST_TEST(of_kind<VoteResponse>(group).empty());
  group.release_disk(3);
  BOOST_TEST(of_kind<VoteResponse>(group).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_for_votes_does_not_leave_before_its_term_is_durable) {
  Group group({"", "", ""});
  group.hold_disk(1);
  group.campaign(1);
  BOOST_TEST(of_kind<VoteRequest>(group).empty());
  group.release_disk(1);
  BOOST_TEST(of_kind<VoteRequest>(group).size() == 2u);
  group.settle();
  BOOST_TEST(is_leader(group, 1));
}

BOOST_AUTO_TEST_CASE(a_candidate_that_meets_the_leader_of_its_term_follows_it) {
  Group group({"", "", ""});
  group.hold_disk(1);
  group.campaign(1);
  BOOST_TEST((group.role(1) == Role::candidate));
  group.at(1).receive({1, NodeId{2}, NodeId{1}, Term{1}, Heartbeat{}});
  BOOST_TEST((group.role(1) == Role::follower));
  BOOST_TEST((group.core(1).leader() == NodeId{2}));
}

BOOST_AUTO_TEST_CASE(a_leader_that_meets_a_higher_term_steps_down) {
  Group group({"", "", ""});
  group.campaign(1);
  group.at(1).receive({1, NodeId{2}, NodeId{1}, Term{9}, AppendResponse{}});
  BOOST_TEST((group.role(1) == Role::follower));
  BOOST_TEST(group.term(1) == 9u);
}

BOOST_AUTO_TEST_CASE(an_old_leader_learns_from_any_answer_that_it_is_old) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(1);
  group.campaign(2);
  BOOST_TEST(is_leader(group, 2));
  BOOST_TEST(is_leader(group, 1));  // it does not know yet
  group.join(1);
  group.pass(milliseconds(200));
  BOOST_TEST((group.role(1) == Role::follower));
  BOOST_TEST((group.core(1).leader() == NodeId{2}));
}

BOOST_AUTO_TEST_CASE(a_leader_that_hears_no_quorum_steps_down) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(1);
  group.pass(milliseconds(700));
  BOOST_TEST(!is_leader(group, 1));
}

BOOST_AUTO_TEST_CASE(a_node_that_was_away_does_not_depose_a_working_leader) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  group.pass(seconds(5));
  const auto term = group.term(1);
  group.join(3);
  group.pass(seconds(2));
  BOOST_TEST(is_leader(group, 1));
  BOOST_TEST(group.term(1) == term);
}

BOOST_AUTO_TEST_CASE(a_paused_process_does_not_campaign_on_the_strength_of_its_pause) {
  Group group({"", "", ""});
  group.campaign(1);
  const auto pre_votes = of_kind<PreVoteRequest>(group).size();
  group.at(2).tick(Instant{seconds(1000).ns});
  BOOST_TEST((group.role(2) == Role::follower));
  BOOST_TEST(of_kind<PreVoteRequest>(group).size() == pre_votes);
}

BOOST_AUTO_TEST_CASE(a_leader_whose_disk_stalls_gives_way) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(1);
  group.propose(1, "a");
  group.pass(seconds(2));
  BOOST_TEST(!is_leader(group, 1));
  BOOST_TEST((is_leader(group, 2) || is_leader(group, 3)));
}

// ---- 5.3: replication

BOOST_AUTO_TEST_CASE(a_proposal_is_replicated_committed_and_applied_everywhere) {
  Group group({"", "", ""});
  group.campaign(1);
  group.propose(1, "a");
  group.settle();
  BOOST_TEST(group.commit(1) == 2u);  // the leader's no-op, then ours
  for (unsigned n : {1u, 2u, 3u}) {
    BOOST_TEST(group.applied(n) == std::vector<std::string>{"a"}, boost::test_tools::per_element());
    BOOST_TEST(group.log(n) == "11");
  }
}

BOOST_AUTO_TEST_CASE(a_follower_acknowledges_only_what_is_durable) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  group.hold_disk(2);
  group.propose(1, "a");
  group.settle();
  BOOST_TEST(group.commit(1) == 1u);
  group.release_disk(2);
  group.settle();
  BOOST_TEST(group.commit(1) == 2u);
}

BOOST_AUTO_TEST_CASE(several_appends_that_one_sync_makes_durable_are_acknowledged_once) {
  Group group({"", "", ""});
  group.campaign(1);
  group.cut(3);
  group.hold_disk(2);
  for (const char* p : {"a", "b", "c"}) group.propose(1, p);
  group.settle();
  const auto before = of_kind<AppendResponse>(group).size();
  group.release_disk_in_one_sync(2);
  BOOST_TEST(of_kind<AppendResponse>(group).size() == before + 1);
  group.settle();
  BOOST_TEST(group.commit(1) == 4u);
}

BOOST_AUTO_TEST_CASE(a_leader_may_commit_before_its_own_disk_has_written) {
  Group group({"", "", ""});
  group.campaign(1);
  group.hold_disk(1);
  group.propose(1, "a");
  group.settle();
  BOOST_TEST(group.commit(1) == 2u);
  BOOST_TEST(group.applied(1).empty());  // but it applies only what it has itself
  group.release_disk(1);
  BOOST_TEST(group.applied(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_lost_append_is_repeated) {
  Group group({"", "", ""});
  group.campaign(1);
  group.lose([](const Envelope& one) { return std::holds_alternative<Append>(one.message); });
  group.propose(1, "a");
  group.settle();
  group.lose({});
  group.pass(milliseconds(300));
  for (unsigned n : {1u, 2u, 3u}) BOOST_TEST(group.applied(n).size() == 1u);
}

BOOST_AUTO_TEST_CASE(doubled_and_reordered_appends_change_nothing) {
  Group group({"", "", ""});
  group.campaign(1);
  for (const char* p : {"a", "b", "c", "d"}) group.propose(1, p);
  group.settle();
  const auto all = group.sent();
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    if (it->to == NodeId{2} && std::holds_alternative<Append>(it->message))
      group.at(2).receive(*it);
  group.settle();
  BOOST_TEST(group.log(2) == group.log(1));
  BOOST_TEST(group.applied(2).size() == 4u);
}

// Figure 7: followers that lack entries, have extra ones, or both; the leader is that of term 8.
BOOST_AUTO_TEST_CASE(figure_7_a_leader_brings_every_follower_to_its_own_log) {
  const std::string leader = "1114455666";
  for (const char* follower :
       {"111445566", "1114", "11144556666", "111445566677", "1114444", "11122233333"}) {
    // Two more with the leader's log, so that it wins whoever the other is.
    Group group({leader, follower, leader});
    group.at(1).receive({1, NodeId{3}, NodeId{1}, Term{7}, VoteResponse{false}});  // learns term 7
    group.campaign(1);
    if (!is_leader(group, 1)) group.campaign(1);
    BOOST_REQUIRE(is_leader(group, 1));
    group.pass(milliseconds(200));
    BOOST_TEST(group.log(2) == leader + "8");
    BOOST_TEST(group.commit(2) == 11u);
  }
}

namespace {

// A leader with 30 entries of term 3 that a follower lacks, which has 30 of term 2 in their place.
std::size_t probes_until_they_agree(Mutant mutant) {
  Config config;
  config.mutant = mutant;
  Group group({"111" + std::string(30, '3') + "5", "111" + std::string(30, '2'),
               "111" + std::string(30, '3') + "5"},
              config);
  group.campaign(1);
  BOOST_REQUIRE(is_leader(group, 1));
  group.pass(milliseconds(100));
  BOOST_TEST(group.log(2) == group.log(1));
  std::size_t rejected = 0;
  for (const Envelope& one : of_kind<AppendResponse>(group))
    rejected += one.from == NodeId{2} && !std::get<AppendResponse>(one.message).accepted;
  return rejected;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_place_where_logs_agree_is_found_with_one_probe_per_term) {
  const std::size_t probes = probes_until_they_agree(Mutant::none);
  BOOST_TEST(probes >= 1u);
  BOOST_TEST(probes <= 2u);
  BOOST_TEST(probes_until_they_agree(Mutant::lose_reject_hint) >= 30u);  // one for each entry
}

// ---- 5.4: safety

BOOST_AUTO_TEST_CASE(a_candidate_with_an_older_log_is_refused) {
  Group group({"1", "12", "12"});
  group.campaign(1);
  BOOST_TEST(!is_leader(group, 1));
  group.campaign(2);
  BOOST_TEST(is_leader(group, 2));
}

BOOST_AUTO_TEST_CASE(a_longer_log_of_an_older_term_does_not_win) {
  Group group({"1111", "12", "12"});
  group.campaign(1);
  BOOST_TEST(!is_leader(group, 1));
}

BOOST_AUTO_TEST_CASE(entries_of_earlier_terms_commit_only_under_one_of_the_new_leader) {
  Group group({"12", "12", "1"});
  group.campaign(1);
  BOOST_TEST(group.log(3) == "123");
  BOOST_TEST(group.commit(1) == 3u);
}

namespace {

// S2 gets the entry of term 2 in (c), along with S3, and not in (a): so S1 has its acknowledgement.
const std::vector<std::string> figure_8_b{"12", "1", "1", "1", "13"};

Config one_entry_per_append(Mutant mutant = Mutant::none) {
  Config config;
  config.batch_entries_most = 1;
  config.mutant = mutant;
  return config;
}

// Figure 8 (c): S5 is away, S1 leads term 4 and has brought its entry of term 2 to S2 and S3, so that a
// majority holds it; its own entry of term 4 is still on S1 alone.
void bring_to_figure_8_c(Group& group) {
  group.cut(5);
  group.at(1).receive({1, NodeId{5}, NodeId{1}, Term{3}, VoteResponse{}});
  group.lose([&group](const Envelope& one) {
    const auto* append = std::get_if<Append>(&one.message);
    if (!append || append->entries.empty()) return false;
    const Log& log = group.core(static_cast<unsigned>(one.to.value)).log();
    const bool would_be_taken = log.matches(append->prev_index, append->prev_term);
    return one.to == NodeId{4} || (would_be_taken && append->entries.front().term == Term{4});
  });
  group.campaign(1);
  group.pass(milliseconds(200));
  BOOST_REQUIRE(is_leader(group, 1));
  BOOST_REQUIRE(group.term(1) == 4u);
  for (unsigned n : {2u, 3u}) BOOST_REQUIRE(group.log(n) == "12");
}

}  // namespace

BOOST_AUTO_TEST_CASE(figure_8_d_an_old_entry_on_a_majority_is_not_committed_and_may_vanish) {
  Group group(figure_8_b, one_entry_per_append());
  bring_to_figure_8_c(group);
  BOOST_TEST(group.commit(1) < 2u);
  group.lose({});
  group.cut(1);
  group.join(5);
  group.at(5).receive({1, NodeId{2}, NodeId{5}, Term{4}, VoteResponse{}});
  group.campaign(5);
  group.pass(milliseconds(300));
  BOOST_REQUIRE(is_leader(group, 5));
  for (unsigned n : {2u, 3u, 4u}) BOOST_TEST(group.log(n) == "135");
  group.join(1);
  group.pass(milliseconds(500));
  BOOST_TEST(group.log(1) == "135");
}

BOOST_AUTO_TEST_CASE(figure_8_counting_old_terms_would_have_committed_what_vanishes) {
  Group group(figure_8_b, one_entry_per_append(Mutant::count_old_terms));
  bring_to_figure_8_c(group);
  BOOST_TEST(group.commit(1) == 2u);
}

BOOST_AUTO_TEST_CASE(figure_8_e_under_an_entry_of_its_own_term_the_old_one_is_safe) {
  Group group(figure_8_b, one_entry_per_append());
  bring_to_figure_8_c(group);
  group.lose({});
  group.pass(milliseconds(200));
  BOOST_TEST(group.commit(1) == 3u);
  group.cut(1);
  group.join(5);
  group.at(5).receive({1, NodeId{2}, NodeId{5}, Term{4}, VoteResponse{}});
  group.campaign(5);
  BOOST_TEST(!is_leader(group, 5));
}

namespace {

// The leader's entry 2 is on its way to nobody; `term` acknowledges it.
std::uint64_t commit_after_acknowledgement_in(Term term, Mutant mutant = Mutant::none) {
  Config config;
  config.mutant = mutant;
  Group group({"", "", ""}, config);
  group.campaign(1);
  group.cut(2);
  group.cut(3);
  group.propose(1, "a");
  const LogIndex proposed = group.core(1).log().last();
  group.settle();
  group.at(1).receive(
      {1, NodeId{2}, NodeId{1}, term, AppendResponse{true, proposed, {}, {}, {}, {}}});
  return group.commit(1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_acknowledgement_of_an_earlier_term_counts_for_nothing) {
  BOOST_TEST(commit_after_acknowledgement_in(Term{0}) == 1u);
  BOOST_TEST(commit_after_acknowledgement_in(Term{1}) == 2u);
  BOOST_TEST(commit_after_acknowledgement_in(Term{0}, Mutant::accept_stale_acknowledgement) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
