// How long the leader takes a node for alive, what it grants, and how long it keeps who asks; Raft is the
// test's.
#include "actors/cluster/state_actor.hpp"
#include "actors/workloads/scheduler_actor.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

constexpr Duration lease = milliseconds(600);

/// A state_actor in whose time a moment passes only when the test says so.
struct Lessor {
  explicit Lessor(std::size_t nodes = 1) {
    for (std::uint64_t id = 2; id <= nodes; ++id)
      ground.config.nodes.push_back(
          {NodeName{"n" + std::to_string(id)}, {"127.0.0.1", 7201}, NodeId{id}});
    state = ground.keep(spawn_state(*ground.system, *ground.services, {}));
    raft.serve(state);
    connect_state(state, raft.actor, ground.keep(spawn_scheduler(*ground.system)));
    clock.hold();
  }
  /// It leads, and n1 joins at the first index.
  void lead_a_node() {
    raft.role(raft::Role::leader, 1, 0);
    auto joined = ground.start_asking<Submitted>(state, Submit({1000, "ada"}, world::node("n1")));
    const auto proposal = raft.next_proposal();
    BOOST_REQUIRE(proposal.has_value());
    raft.answer(*proposal, raft::Answer::accepted, 1);
    raft.commit(*proposal, 1);
    BOOST_REQUIRE(joined.get().has_value());
  }
  Result<LeaseGranted> renew(const std::string& node) {
    return ground.ask<LeaseGranted>(state, RenewLease(NodeName{node}, seconds(20)));
  }
  Ground::Asked<LogIndex> look() {
    return ground.start_asking<LogIndex>(state, Look([](const state::ClusterState&) {}));
  }
  /// Returns when everything that was asked before has been taken up.
  void hear_out() {
    BOOST_REQUIRE(
        ground.ask<LogIndex>(state, Look([](const state::ClusterState&) {}, true)).has_value());
  }
  /// Whether n1 is declared lost `within` this time.
  bool loses_it(std::chrono::milliseconds within) {
    const auto proposal = raft.next_proposal(within);
    if (!proposal) return false;
    const auto command = state::decode_command(proposal->payloads->at(0));
    return command && std::holds_alternative<state::NodeLost>(command->body);
  }

  TempFolder folder;
  HandClock clock;
  Ground ground{folder.path / "data", {.lease = lease, .clock = &clock}};
  ScriptedRaft raft{ground};
  caf::actor state;
};

BOOST_AUTO_TEST_SUITE(leases)

BOOST_AUTO_TEST_CASE(the_leader_grants_its_own_lease_to_nodes_that_joined) {
  Lessor leader;
  BOOST_TEST((leader.renew("n1").error().kind == FaultKind::not_leader));
  leader.lead_a_node();
  const auto granted = leader.renew("n1");
  BOOST_REQUIRE(granted.has_value());
  BOOST_TEST((granted->lease == lease));
  const auto stranger = leader.renew("n2");
  BOOST_REQUIRE(!stranger.has_value());
  BOOST_TEST((stranger.error().kind == FaultKind::not_leader));  // it has to join
}

// A leader that was cut off renewed the lease of a node that was cut off with it, when its successor
// counted already: the node's work ran twice.
BOOST_AUTO_TEST_CASE(a_new_leader_waits_as_long_as_the_old_one_may_believe_that_it_leads) {
  Lessor leader;
  leader.lead_a_node();
  leader.raft.role(raft::Role::follower, 2, 1);
  leader.raft.role(raft::Role::leader, 3, 1);
  BOOST_REQUIRE(leader.look().get().has_value());  // it is the new one by now
  leader.clock.advance(lease + limits::lease_margin + limits::isolated_leader - milliseconds(50));
  BOOST_TEST(!leader.loses_it(a_while));
  leader.clock.advance(milliseconds(100));
  BOOST_TEST(leader.loses_it(patience));
}

BOOST_AUTO_TEST_CASE(once_it_has_renewed_a_node_is_lost_after_its_lease_and_the_margin) {
  Lessor leader;
  leader.lead_a_node();
  BOOST_REQUIRE(leader.renew("n1").has_value());
  leader.clock.advance(lease + limits::lease_margin - milliseconds(50));
  BOOST_TEST(!leader.loses_it(a_while));
  leader.clock.advance(milliseconds(100));
  BOOST_TEST(leader.loses_it(patience));
}

// It was in no list, so it was never late.
BOOST_AUTO_TEST_CASE(a_node_that_joins_and_is_never_heard_again_is_lost) {
  Lessor leader;
  leader.lead_a_node();
  bool lost = false;
  for (int step = 0; step < 100 && !lost; ++step) {
    leader.clock.advance(milliseconds(100));
    lost = leader.loses_it(std::chrono::milliseconds(50));
  }
  BOOST_TEST(lost);
}

// Each stayed in the list after its caller had given up, until the list was full.
BOOST_AUTO_TEST_CASE(who_asks_and_finds_no_leader_is_not_kept_longer_than_he_waits) {
  Lessor leaderless, of_three(3);
  auto waits = leaderless.look();  // for a leader
  of_three.raft.role(raft::Role::leader, 1, 0);
  auto asked = of_three.look();  // of Raft, which never answers here
  for (auto* one : {&leaderless, &of_three}) one->hear_out();
  for (auto* one : {&leaderless, &of_three}) one->clock.advance(limits::state_wait - seconds(1));
  std::this_thread::sleep_for(a_while);
  BOOST_TEST(!waits.answered());
  BOOST_TEST(!asked.answered());
  for (auto* one : {&leaderless, &of_three}) one->clock.advance(seconds(2));
  for (auto* one : {&waits, &asked}) {
    const auto answer = one->get();
    BOOST_REQUIRE(!answer.has_value());
    BOOST_TEST((answer.error().kind == FaultKind::out_of_time));
    BOOST_TEST(answer.error().what.find("runi cluster status") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
