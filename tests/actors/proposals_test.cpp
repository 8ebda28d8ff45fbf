// The state_actor as the only proposer: its projection and what Raft may do to it. Raft is the
// test's.
#include "actors/cluster/disk_reserve.hpp"
#include "actors/cluster/state_actor.hpp"
#include "actors/workloads/scheduler_actor.hpp"
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

struct Leader {
  Leader() {
    raft.serve(state);
    connect_state(state, raft.actor, ground.keep(spawn_scheduler(*ground.system)));
  }
  void leads(std::uint64_t term = 1, std::uint64_t last = 0) {
    raft.role(raft::Role::leader, term, last);
  }
  Ground::Asked<Submitted> say(state::Body body) {
    return ground.start_asking<Submitted>(state, Submit({1000, "ada"}, std::move(body)));
  }
  Ground::Asked<Submitted> herd(const std::string& name) { return say(world::herd(name)); }
  ProposeEntries proposed() {
    auto proposal = raft.next_proposal();
    BOOST_REQUIRE(proposal.has_value());
    return *proposal;
  }
  std::set<std::string> herds() {
    auto names = std::make_shared<std::set<std::string>>();
    caf::scoped_actor self{*ground.system};
    bool answered = false;
    self->request(state, patience, Look([names](const state::ClusterState& cluster) {
                    for (const auto& [name, herd] : cluster.herds) names->insert(name.value);
                  }))
        .receive([&](Result<LogIndex>& looked) { answered = looked.has_value(); },
                 [](caf::error&) {});
    BOOST_TEST(answered);
    return *names;
  }
  TempFolder folder;
  Ground ground{folder.path / "data"};
  ScriptedRaft raft{ground};
  caf::actor state = ground.keep(spawn_state(*ground.system, *ground.services, {}));
};

using Names = std::set<std::string>;

BOOST_FIXTURE_TEST_SUITE(proposals, Leader)

BOOST_AUTO_TEST_CASE(a_command_is_answered_when_it_is_applied_and_not_before) {
  leads();
  auto asked = herd("finance");
  const ProposeEntries proposal = proposed();
  BOOST_TEST(proposal.payloads->size() == 1);
  raft.answer(proposal, raft::Answer::accepted, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  BOOST_TEST(!asked.answered());
  raft.commit(proposal, 1);
  auto answer = asked.get();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->index.value == 1);
}

BOOST_AUTO_TEST_CASE(commands_that_wait_together_are_one_proposal) {
  leads();
  std::promise<void> looking, go_on;
  auto look = ground.start_asking<LogIndex>(state, Look(
                                                       [&](const state::ClusterState&) {
                                                         looking.set_value();
                                                         go_on.get_future().wait();
                                                       },
                                                       true));
  looking.get_future().wait();
  // Who looks reads no mail meanwhile: all three are in the mailbox when it goes on.
  for (const char* name : {"finance", "risk", "sales"})
    caf::anon_send(state, Submit({1000, "ada"}, world::herd(name)));
  go_on.set_value();
  BOOST_TEST(look.get().has_value());
  const ProposeEntries proposal = proposed();
  BOOST_REQUIRE(proposal.payloads->size() == 3);
  raft.answer(proposal, raft::Answer::accepted, 1);
  raft.commit(proposal, 1);
  BOOST_TEST((herds() == Names{"finance", "risk", "sales"}));
}

BOOST_AUTO_TEST_CASE(before_it_leads_commands_wait_and_then_go_in_order) {
  auto one = herd("finance");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  auto two = herd("finance");
  BOOST_TEST(!raft.next_proposal(std::chrono::milliseconds(50)).has_value());
  leads();
  const ProposeEntries proposal = proposed();
  BOOST_REQUIRE(proposal.payloads->size() == 2);
  raft.answer(proposal, raft::Answer::accepted, 1);
  raft.commit(proposal, 1);
  BOOST_TEST((one.get()->outcome.verdict == state::Verdict::accepted));
  BOOST_TEST((two.get()->outcome.verdict == state::Verdict::repeated));
}

BOOST_AUTO_TEST_CASE(a_lost_leadership_answers_what_was_on_its_way_with_unknown_outcome) {
  leads();
  auto asked = herd("finance");
  const ProposeEntries proposal = proposed();
  raft.answer(proposal, raft::Answer::accepted, 1);
  raft.role(raft::Role::follower, 2, 1);
  auto answer = asked.get();
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().kind == FaultKind::unknown_outcome));
  // It leads again, and the command did make it: the projection stands on it.
  leads(3, 1);
  auto next = herd("risk");
  BOOST_TEST(!raft.next_proposal(std::chrono::milliseconds(50)).has_value());
  raft.commit(proposal, 1);
  const ProposeEntries second = proposed();
  raft.answer(second, raft::Answer::accepted, 2);
  raft.commit(second, 2);
  BOOST_TEST(next.get()->index.value == 2);
  BOOST_TEST((herds() == Names{"finance", "risk"}));
}

BOOST_AUTO_TEST_CASE(a_lost_leadership_drops_what_was_projected) {
  leads();
  auto asked = herd("finance");
  const ProposeEntries first = proposed();
  raft.role(raft::Role::follower, 2, 0);
  raft.answer(first, raft::Answer::not_leader);
  BOOST_TEST((asked.get().error().kind == FaultKind::unknown_outcome));
  leads(3, 0);  // it did not make it
  auto again = herd("finance");
  const ProposeEntries second = proposed();
  BOOST_REQUIRE(second.payloads->size() == 1);
  raft.answer(second, raft::Answer::accepted, 1);
  raft.commit(second, 1);
  BOOST_TEST((again.get()->outcome.verdict == state::Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(new_work_is_refused_before_the_disk_is_full_and_the_rest_long_after) {
  const state::Body herd{world::herd("finance")};
  const state::Body brought{state::ContractsBrought{}};
  const state::Body failed{state::AttemptFailed{}};
  const Bytes one{1};
  BOOST_TEST(!no_room_for(herd, limits::disk_reserve).has_value());
  const auto refused = no_room_for(herd, limits::disk_reserve - one);
  BOOST_REQUIRE(refused.has_value());
  BOOST_TEST((refused->kind == FaultKind::exhausted));
  BOOST_TEST(
      refused->what.find("63 MiB are left, and below 64 MiB no new work") != std::string::npos,
      refused->what);
  BOOST_TEST(no_room_for(brought, limits::disk_reserve - one).has_value());
  BOOST_TEST(!no_room_for(failed, limits::disk_reserve - one).has_value());
  const state::Body deletes{state::KvTransaction{{}, {}, {}, {state::KvDelete{"k"}}, {}}};
  const state::Body puts_in_session{
      state::KvInSession{SessionId{1}, 1, 1, {{}, {}, {}, {}, {state::KvPut{"k", "v"}}}}};
  const state::Body puts{state::KvTransaction{{}, {}, {}, {}, {state::KvPut{"k", "v"}}}};
  BOOST_TEST(!no_room_for(deletes, limits::disk_reserve - one).has_value());
  BOOST_TEST(no_room_for(puts, limits::disk_reserve - one).has_value());
  BOOST_TEST(no_room_for(puts_in_session, limits::disk_reserve - one).has_value());
  BOOST_TEST(!no_room_for(failed, limits::disk_least).has_value());
  BOOST_TEST(no_room_for(failed, limits::disk_least - one).has_value());
}

BOOST_AUTO_TEST_CASE(a_proposal_that_raft_refuses_is_exhausted_and_the_next_one_stands_alone) {
  leads();
  auto asked = herd("finance");
  raft.answer(proposed(), raft::Answer::busy);
  auto answer = asked.get();
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().kind == FaultKind::exhausted));
  auto next = herd("risk");
  const ProposeEntries second = proposed();
  raft.answer(second, raft::Answer::accepted, 1);
  raft.commit(second, 1);
  BOOST_TEST(next.get()->index.value == 1);
  BOOST_TEST((herds() == Names{"risk"}));
}

BOOST_AUTO_TEST_CASE(what_was_accepted_before_a_refusal_is_still_answered_with_its_own_outcome) {
  leads();
  auto accepted = herd("finance");
  const ProposeEntries first = proposed();
  auto refused = herd("risk");
  const ProposeEntries second = proposed();
  raft.answer(first, raft::Answer::accepted, 1);
  raft.answer(second, raft::Answer::busy);
  BOOST_TEST((refused.get().error().kind == FaultKind::exhausted));
  // The next command must not take the place of the one that is in the log already.
  auto next = herd("third");
  BOOST_TEST(!raft.next_proposal(std::chrono::milliseconds(50)).has_value());
  raft.commit(first, 1);
  auto answer = accepted.get();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->index.value == 1);
  const ProposeEntries third = proposed();
  raft.answer(third, raft::Answer::accepted, 2);
  raft.commit(third, 2);
  BOOST_TEST(next.get()->index.value == 2);
  BOOST_TEST((herds() == Names{"finance", "third"}));
}

BOOST_AUTO_TEST_CASE(what_was_sent_behind_a_refused_proposal_has_an_unknown_outcome) {
  leads();
  auto refused = herd("finance");
  const ProposeEntries first = proposed();
  auto behind = herd("risk");
  const ProposeEntries second = proposed();
  raft.answer(first, raft::Answer::busy);
  BOOST_TEST((refused.get().error().kind == FaultKind::exhausted));
  BOOST_TEST((behind.get().error().kind == FaultKind::unknown_outcome));
  auto next = herd("third");
  BOOST_TEST(!raft.next_proposal(std::chrono::milliseconds(50)).has_value());
  raft.answer(second, raft::Answer::accepted, 1);  // where nobody foresaw it
  raft.commit(second, 1);
  const ProposeEntries third = proposed();
  raft.answer(third, raft::Answer::accepted, 2);
  raft.commit(third, 2);
  BOOST_TEST(next.get()->index.value == 2);
  BOOST_TEST((herds() == Names{"risk", "third"}));
}

BOOST_AUTO_TEST_CASE(an_entry_of_rafts_own_moves_what_is_behind_it_and_no_answer_is_mixed_up) {
  leads();
  auto before = herd("before");
  const ProposeEntries first = proposed();
  raft.answer(first, raft::Answer::accepted, 1);
  auto behind = herd("behind");  // foreseen at 2, where Raft has put a configuration
  const ProposeEntries second = proposed();
  auto last = herd("last");
  const ProposeEntries third = proposed();
  raft.commit(first, 1);
  raft.commit_own(2);  // committed before Raft has even seen the second proposal
  BOOST_TEST(before.get()->index.value == 1);
  BOOST_TEST(!behind.answered());
  raft.answer(second, raft::Answer::accepted, 3);
  raft.answer(third, raft::Answer::accepted, 4);
  raft.commit(second, 3);
  raft.commit(third, 4);
  BOOST_TEST(behind.get()->index.value == 3);
  BOOST_TEST(last.get()->index.value == 4);
  // What comes now stands where it is foreseen again.
  auto next = herd("next");
  const ProposeEntries fourth = proposed();
  raft.answer(fourth, raft::Answer::accepted, 5);
  raft.commit(fourth, 5);
  BOOST_TEST(next.get()->index.value == 5);
  BOOST_TEST((herds() == Names{"before", "behind", "last", "next"}));
}

BOOST_AUTO_TEST_CASE(an_entry_of_rafts_own_while_nothing_is_on_its_way_costs_nothing) {
  leads();
  raft.commit_own(1);
  raft.commit_own(2);
  auto asked = herd("finance");
  const ProposeEntries proposal = proposed();
  raft.answer(proposal, raft::Answer::accepted, 3);
  raft.commit(proposal, 3);
  BOOST_TEST(asked.get()->index.value == 3);
}

BOOST_AUTO_TEST_CASE(a_command_that_no_entry_can_hold_is_refused_at_once) {
  leads();
  state::HerdApplied big = world::herd("finance");
  big.description.assign(limits::command.value + 1, 'x');
  BOOST_TEST((say(big).get().error().kind == FaultKind::bad_input));
  auto next = herd("finance");
  const ProposeEntries proposal = proposed();
  raft.answer(proposal, raft::Answer::accepted, 1);
  raft.commit(proposal, 1);
  BOOST_TEST(next.get().has_value());
}

BOOST_AUTO_TEST_CASE(many_commands_at_once_share_few_proposals_and_keep_their_order) {
  std::vector<Ground::Asked<Submitted>> asked;
  for (int i = 0; i < 50; ++i) asked.push_back(herd("h" + std::to_string(i)));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  leads();
  std::uint64_t at = 1;
  std::size_t proposals = 0;
  while (at <= 50) {
    const ProposeEntries proposal = proposed();
    ++proposals;
    raft.answer(proposal, raft::Answer::accepted, at);
    raft.commit(proposal, at);
    at += proposal.payloads->size();
  }
  BOOST_TEST(proposals < 10u);
  std::set<std::uint64_t> indexes;
  for (auto& one : asked) {
    auto answer = one.get();
    BOOST_REQUIRE(answer.has_value());
    indexes.insert(answer->index.value);
  }
  BOOST_TEST(indexes.size() == 50u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
