// Defects that others shipped, each as the scenario in which it showed. Where a mutant of ours has
// the same defect, the scenario is run with it, too: it must end badly then, or it would prove
// nothing.
//
// Told elsewhere: Cloudflare's partial partition (partitions_test), two leaders that change members
// without an entry of their own term, and two voters of which one must go (members_test), leaders
// with a hung disk (paper_test, transfer_test), failed writes (driver_test). What is the disk's,
// the client's or the state machine's (etcd #13766, #14098; Redpanda #3039) belongs to the tests of
// those rooms.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "drawn_group.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

/// Three nodes, all with this defect; the first leads and has applied "a".
struct Three : Group {
  explicit Three(Mutant mutant = Mutant::none) : Group({"", "", ""}, with(mutant)) {
    campaign(1);
    propose(1, "a");
    settle();
  }
  static Config with(Mutant mutant) {
    Config config;
    config.mutant = mutant;
    return config;
  }
  bool leads(unsigned n) const { return role(n) == Role::leader; }
  std::size_t ready_reads(unsigned n) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        reads(n), [](const ReadOutcome& one) { return one.answer == ReadAnswer::ready; }));
  }
  bool has_applied(unsigned n, const std::string& payload) const {
    return std::ranges::find(applied(n), payload) != applied(n).end();
  }
};

template <class M>
bool holds(const Envelope& one) {
  return std::holds_alternative<M>(one.message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bug_classes)

// ---- stale reads

// etcd 0.4.1 and Consul's default mode: a leader that slept through its own end answered from what
// it knew.
BOOST_AUTO_TEST_CASE(a_leader_that_wakes_up_deposed_answers_no_read) {
  for (const Mutant mutant : {Mutant::none, Mutant::read_without_asking}) {
    Three group(mutant);
    group.cut(1);
    group.campaign(2);
    group.propose(2, "b");
    group.settle();
    BOOST_REQUIRE(group.has_applied(2, "b"));
    BOOST_REQUIRE(group.leads(1));  // it does not know it yet
    group.join(1);
    group.read(1);
    const bool stale = group.ready_reads(1) > 0 && !group.has_applied(1, "b");
    BOOST_TEST(stale == (mutant != Mutant::none));
    group.settle();
    if (mutant == Mutant::none) BOOST_TEST(group.ready_reads(1) == 0u);
  }
}

// etcd #20418: the number of a question was used again, so late answers to the first confirmed the
// second.
BOOST_AUTO_TEST_CASE(late_answers_to_earlier_questions_confirm_no_later_read) {
  for (const Mutant mutant : {Mutant::none, Mutant::reuse_read_seq}) {
    Three group(mutant);
    group.read(1);
    std::vector<Envelope> echoes;
    group.lose([&echoes](const Envelope& one) {
      if (holds<HeartbeatResponse>(one)) echoes.push_back(one);
      return false;
    });
    group.settle();
    BOOST_REQUIRE(group.ready_reads(1) == 1u);
    group.cut(1);
    group.campaign(2);
    group.propose(2, "b");
    group.settle();
    group.read(1);
    for (int times = 0; times < 2; ++times)
      for (const Envelope& echo : echoes) group.at(1).receive(echo);
    BOOST_TEST((group.ready_reads(1) > 1) == (mutant != Mutant::none));
  }
}

// etcd #7331, Redis-Raft #18: a new leader may lack the news that an entry is committed, which its
// predecessor has already answered for.
BOOST_AUTO_TEST_CASE(a_new_leader_that_missed_a_commit_does_not_answer_without_it) {
  for (const Mutant mutant : {Mutant::none, Mutant::read_before_own_commit}) {
    Three group(mutant);
    // 2 gets "b", but not the news that it is committed.
    group.lose([](const Envelope& one) {
      const auto* append = std::get_if<Append>(&one.message);
      return one.to == NodeId{2} && (holds<Heartbeat>(one) || (append && append->entries.empty()));
    });
    group.propose(1, "b");
    group.settle();
    BOOST_REQUIRE(group.has_applied(1, "b"));
    BOOST_REQUIRE(!group.has_applied(2, "b"));
    group.lose([](const Envelope& one) { return holds<Append>(one); });
    group.campaign(2);
    BOOST_REQUIRE(group.leads(2));
    group.read(2);
    group.settle();
    BOOST_TEST((group.ready_reads(2) > 0 && !group.has_applied(2, "b")) ==
               (mutant != Mutant::none));
  }
}

// ---- lost writes

// etcd #14370: a single member answered before its log was on disk.
BOOST_AUTO_TEST_CASE(a_single_voter_that_crashes_has_answered_for_nothing_that_it_loses) {
  for (const Mutant mutant : {Mutant::none, Mutant::count_self_before_sync}) {
    Group group({""}, Three::with(mutant));
    group.hold_disk(1);
    group.propose(1, "a");
    group.settle();
    const bool answered = group.commit(1) == 2;
    BOOST_TEST(answered == (mutant != Mutant::none));
    group.restart(1);
    BOOST_TEST(group.log(1) == "1");  // "a" was never on disk
  }
}

// NATS 2.12.1: acknowledged writes waited minutes for their sync; all machines lost power.
BOOST_AUTO_TEST_CASE(what_was_acknowledged_survives_the_power_loss_of_all_nodes) {
  for (const Mutant mutant : {Mutant::none, Mutant::acknowledge_before_sync}) {
    Three group(mutant);
    for (const unsigned n : {2u, 3u}) group.hold_disk(n);
    group.propose(1, "b");
    group.settle();
    const bool acknowledged = group.has_applied(1, "b");
    BOOST_TEST(acknowledged == (mutant != Mutant::none));
    for (const unsigned n : {1u, 2u, 3u}) group.restart(n);
    for (const unsigned n : {2u, 3u}) group.release_disk(n);
    group.cut(1);
    group.campaign(2);
    BOOST_REQUIRE(group.leads(2));
    BOOST_TEST(group.has_applied(2, "a"));
    BOOST_TEST(group.has_applied(3, "a"));
    BOOST_TEST(!group.has_applied(2, "b"));
  }
}

// etcd-io/raft's race of append threads: an entry is overwritten before its write is done. The late
// news of that write must not count for what stands there now.
BOOST_AUTO_TEST_CASE(the_end_of_an_old_write_acknowledges_nothing_newer) {
  Config config;
  config.self = NodeId{3};
  config.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  Core core(config, {}, {});
  const auto append = [&](std::uint64_t leader, std::uint64_t term, std::string payload) {
    const Entry entry{Term{term}, LogIndex{1}, EntryType::command, std::move(payload)};
    return core.step(Receive{
        {1, NodeId{leader}, NodeId{3}, Term{term}, Append{LogIndex{}, Term{}, {}, {entry}}}});
  };
  const auto write = append(1, 1, "old").persist;
  const auto over = append(2, 2, "new").persist;
  BOOST_REQUIRE(write.has_value());
  BOOST_REQUIRE(over.has_value());
  core.step(LogPersisted{write->seq, write->last_term(), write->last_index()});
  BOOST_TEST((core.log().durable() == LogIndex{}));
  core.step(LogPersisted{over->seq, over->last_term(), over->last_index()});
  BOOST_TEST((core.log().durable() == LogIndex{1}));
  BOOST_TEST(core.log().at(LogIndex{1}).payload == "new");
}

// Redis-Raft #17, Redpanda #6018: a leader that was cut off changed the members and counted the
// newcomer.
BOOST_AUTO_TEST_CASE(a_leader_cut_off_with_a_newcomer_commits_nothing) {
  Config config;
  for (const std::uint64_t id : {1, 2, 3}) config.voters.insert(NodeId{id});
  Group group({"", "", "", ""}, config);
  group.campaign(1);
  const auto sides = [](const Envelope& one) {
    const auto side = [](NodeId id) { return id == NodeId{1} || id == NodeId{4}; };
    return side(one.from) != side(one.to);
  };
  group.lose(sides);
  BOOST_REQUIRE((group.change(1, "v4", true).answer == Answer::accepted));
  group.propose(1, "lost");
  group.settle();
  BOOST_TEST(group.applied(1).empty());  // 1 and 4 are two of four
  group.campaign(2);
  BOOST_REQUIRE((group.role(2) == Role::leader));
  group.propose(2, "kept");
  group.settle();
  BOOST_TEST(group.applied(3).size() == 1u);
  group.lose({});
  group.pass(seconds(2));
  for (const unsigned n : {1u, 2u, 3u}) {
    BOOST_TEST(group.applied(n) == std::vector<std::string>{"kept"},
               boost::test_tools::per_element());
    BOOST_TEST(group.members(n) == "1 2 3");
  }
}

// ---- split brain

// camunda #1068, Redis-Raft #28 and #44: a vote was forgotten in a crash and given again in the
// same term.
BOOST_AUTO_TEST_CASE(a_crash_between_a_vote_and_its_answer_gives_no_second_vote) {
  for (const Mutant mutant : {Mutant::none, Mutant::forget_vote}) {
    Group group({"", "", ""}, Three::with(mutant));
    const auto granted_to = [&group](unsigned candidate) {
      group.on_the_way().clear();
      group.at(3).receive({1, NodeId{candidate}, NodeId{3}, Term{1}, VoteRequest{}});
      return std::ranges::any_of(group.on_the_way(), [](const Envelope& one) {
        const auto* vote = std::get_if<VoteResponse>(&one.message);
        return vote && vote->granted;
      });
    };
    BOOST_TEST(granted_to(1));
    group.restart(3);
    BOOST_TEST(granted_to(2) == (mutant != Mutant::none));
  }
}

// The other half: a vote that was not on disk has not left, so it may be given to another.
BOOST_AUTO_TEST_CASE(a_vote_that_a_crash_took_was_never_heard) {
  Group group({"", "", ""});
  group.hold_disk(3);
  group.at(3).receive({1, NodeId{1}, NodeId{3}, Term{1}, VoteRequest{}});
  BOOST_TEST(group.on_the_way().empty());
  group.restart(3);
  group.release_disk(3);
  group.at(3).receive({1, NodeId{2}, NodeId{3}, Term{1}, VoteRequest{}});
  BOOST_REQUIRE(group.on_the_way().size() == 1u);
  BOOST_TEST(std::get<VoteResponse>(group.on_the_way().front().message).granted);
}

// etcd #7280, #11284, #12359: members held from when they were applied, so who lagged behind was
// elected by a majority of those of yesterday.
BOOST_AUTO_TEST_CASE(who_has_not_applied_a_change_still_campaigns_among_the_new_members) {
  Three group;
  // 2 gets the entry that removes 3, and not the news that it is committed.
  group.lose([](const Envelope& one) {
    const auto* append = std::get_if<Append>(&one.message);
    return holds<Heartbeat>(one) || (append && append->entries.empty()) || one.to == NodeId{3};
  });
  BOOST_REQUIRE((group.change(1, "r3", true).answer == Answer::accepted));
  group.settle();
  BOOST_REQUIRE(group.commit(1) > group.commit(2));
  group.lose({});
  group.cut(1);
  for (int i = 0; i < 10; ++i) {
    group.campaign(2);
    group.pass(milliseconds(100));
  }
  BOOST_TEST(!group.leads(2));  // 3 would vote for it, and has no vote
  BOOST_TEST(!group.leads(3));
  group.join(1);
  group.pass(seconds(2));
  BOOST_TEST((group.leads(1) || group.leads(2)));
  BOOST_TEST(group.members(2) == "1 2");
}

// ---- no progress

// Redpanda #2048, #31547: refusals did not say the term, so who had the log asked for ever in terms
// that were over, and who had the term lacked the log.
BOOST_AUTO_TEST_CASE(who_has_the_log_learns_the_term_from_the_refusal_of_its_pre_vote) {
  Group group({"", "1", "11"});
  group.cut(1);
  group.at(2).receive({1, NodeId{1}, NodeId{2}, Term{9}, HeartbeatResponse{}});
  BOOST_REQUIRE(group.term(2) == 9u);
  group.pass(seconds(3));
  BOOST_TEST((group.role(3) == Role::leader));
  BOOST_TEST(group.term(3) >= 10u);
  BOOST_TEST(group.log(2) == group.log(3));
}

// Redpanda #30815: a follower that was being brought up to date heard appends, no heartbeats, and
// stood for election in between.
BOOST_AUTO_TEST_CASE(appends_alone_keep_a_follower_from_standing_for_election) {
  Three group;
  group.lose([](const Envelope& one) { return holds<Heartbeat>(one) && one.to == NodeId{3}; });
  const auto term = group.term(1);
  for (int i = 0; i < 100; ++i) {
    group.propose(1, "more");
    group.pass(milliseconds(50));
    BOOST_REQUIRE((group.role(3) == Role::follower));
  }
  BOOST_TEST(group.leads(1));
  BOOST_TEST(group.term(1) == term);
}

// etcd #13527: ticks waited behind a slow disk, so a leader that nobody heard did not notice it.
BOOST_AUTO_TEST_CASE(
    a_leader_whose_ticks_come_late_commits_nothing_and_goes_when_it_hears_of_the_next) {
  Three group;
  group.cut(1);
  group.campaign(2);
  BOOST_REQUIRE(group.leads(2));
  group.at(1).tick(Instant{seconds(10'000).ns});  // hours late: counts as one heartbeat
  group.propose(1, "late");
  group.propose(2, "b");
  group.settle();
  BOOST_TEST(group.commit(1) == 2u);
  BOOST_TEST(group.has_applied(3, "b"));
  group.join(1);
  group.pass(seconds(1));
  BOOST_TEST(group.leads(2));
  BOOST_TEST(group.has_applied(1, "b"));
  BOOST_TEST(!group.has_applied(1, "late"));
}

// Ours, found by the simulation (seed 285): the log was full of commands that were not committed, a change
// of members was taken, as it must be, and the invariant that bounds commands ended the leader.
BOOST_AUTO_TEST_CASE(members_change_while_no_more_commands_are_taken) {
  Config config;
  config.self = NodeId{1};
  config.voters = {NodeId{1}};
  config.uncommitted_most = Bytes{10};
  Core core(config, Recovered{}, LogIndex{});
  Effects effects = core.step(Tick{Instant{seconds(1).ns}});
  while (effects.persist)
    effects = core.step(LogPersisted{effects.persist->seq, effects.persist->last_term(),
                                     effects.persist->last_index()});
  BOOST_REQUIRE((core.role() == Role::leader));
  core.step(Propose{ProposalTag{1}, {"0123456789"}});
  effects = core.step(Propose{ProposalTag{2}, {"x"}});
  BOOST_TEST((effects.proposals.at(0).answer == Answer::busy));

  const Observation before = observe(core);
  ChangeMembers change;
  change.changes = {{MemberChange::Kind::join, NodeId{2}}};
  effects = core.step(std::move(change));
  BOOST_TEST((effects.proposals.at(0).answer == Answer::accepted));
  BOOST_TEST(broken_invariant(before, core, effects).value_or("nothing") == "nothing");
}

BOOST_AUTO_TEST_SUITE_END()
