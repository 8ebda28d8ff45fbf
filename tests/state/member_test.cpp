// Who belongs to the cluster.
#include <boost/test/unit_test.hpp>

#include "tests/state/world.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

Founder founder(const std::string& name, std::uint64_t id) {
  return {NodeId{id}, NodeName{name}, "10.0.0." + std::to_string(id) + ":7201"};
}
MembersFounded three() { return {{founder("n1", 1), founder("n2", 2), founder("n3", 3)}}; }
MemberAdded added(const std::string& name, std::uint64_t id, MemberRole role = MemberRole::voter) {
  return {NodeName{name}, NodeId{id}, "10.0.0." + std::to_string(id) + ":7201", role};
}
MemberRemoved removed(const std::string& name, bool force = false) {
  return {NodeName{name}, NodeId{}, force};
}

struct Members {
  World world;
  Members() { world.say(three()); }
  Outcome say(const Body& body) { return world.say(body).outcome; }
  bool refuses(const Body& body, Refusal why) {
    const Outcome outcome = say(body);
    BOOST_TEST(outcome.what.empty() == (why == Refusal::none), outcome.what);
    return outcome.verdict == Verdict::refused && outcome.refusal == why;
  }
  bool has(const std::string& name) { return world.state.members.contains(NodeName{name}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(a_member)

BOOST_FIXTURE_TEST_CASE(is_a_founder_or_was_added_and_who_did_it_stands_there, Members) {
  BOOST_TEST(world.state.members.size() == 3u);
  BOOST_TEST(world.state.members.at(NodeName{"n2"}).founder);
  BOOST_TEST((say(added("n4", 40)).verdict == Verdict::accepted));
  const Member& member = world.state.members.at(NodeName{"n4"});
  BOOST_TEST((member.id == NodeId{40}));
  BOOST_TEST(!member.founder);
  BOOST_TEST((member.since == world.state.applied));
  BOOST_TEST(!member.by.name.empty());
  BOOST_TEST((say(three()).verdict == Verdict::repeated));
  BOOST_TEST(world.state.members.size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(is_added_once_and_may_move_unless_it_is_a_founder, Members) {
  say(added("n4", 40));
  BOOST_TEST((say(added("n4", 40)).verdict == Verdict::repeated));
  MemberAdded moved = added("n4", 40);
  moved.address = "elsewhere:7201";
  BOOST_TEST((say(moved).verdict == Verdict::accepted));
  BOOST_TEST(world.state.members.at(NodeName{"n4"}).address == "elsewhere:7201");
  MemberAdded founder_moved = added("n1", 1);
  founder_moved.address = "elsewhere:7202";
  BOOST_TEST(refuses(founder_moved, Refusal::member_exists));
}

BOOST_FIXTURE_TEST_CASE(has_a_name_an_id_and_an_address_of_its_own, Members) {
  BOOST_TEST(refuses(added("n2", 40), Refusal::member_exists));  // another data folder
  BOOST_TEST(refuses(added("n4", 2), Refusal::member_exists));   // the id of n2
  MemberAdded same_place = added("n4", 40);
  same_place.address = "10.0.0.3:7201";
  BOOST_TEST(refuses(same_place, Refusal::member_exists));
  BOOST_TEST(refuses(added("N 4", 40), Refusal::bad_name));
  BOOST_TEST(refuses(added("n4", 0), Refusal::bad_value));
  MemberAdded nowhere = added("n4", 40);
  nowhere.address = std::string(limits::address_bytes + 1, 'x');
  BOOST_TEST(refuses(nowhere, Refusal::bad_value));
}

BOOST_FIXTURE_TEST_CASE(that_works_only_votes_when_it_is_promoted, Members) {
  say(added("n4", 40, MemberRole::worker));
  BOOST_TEST((say(added("n4", 40, MemberRole::worker)).verdict == Verdict::repeated));
  BOOST_TEST(refuses(added("n4", 40), Refusal::member_exists));
  BOOST_TEST(refuses(LeaderAsked{NodeName{"n4"}}, Refusal::member_exists));
  BOOST_TEST((say(MemberPromoted{NodeName{"n4"}}).verdict == Verdict::accepted));
  BOOST_TEST((say(MemberPromoted{NodeName{"n4"}}).verdict == Verdict::repeated));
  BOOST_TEST(refuses(MemberPromoted{NodeName{"n5"}}, Refusal::no_such_node));
  BOOST_TEST((say(LeaderAsked{NodeName{"n4"}}).verdict == Verdict::accepted));
  BOOST_TEST((say(LeaderAsked{}).verdict == Verdict::accepted));
  BOOST_TEST(refuses(LeaderAsked{NodeName{"n5"}}, Refusal::no_such_node));
}

BOOST_FIXTURE_TEST_CASE(that_was_removed_never_comes_back_under_its_id, Members) {
  say(added("n4", 40));
  BOOST_TEST((say(removed("n4")).verdict == Verdict::accepted));
  BOOST_TEST(!has("n4"));
  BOOST_TEST((say(removed("n4")).verdict == Verdict::repeated));
  BOOST_TEST(refuses(removed("n9"), Refusal::no_such_node));
  BOOST_TEST(refuses(added("n4", 40), Refusal::removed_member));
  BOOST_TEST(refuses(added("n9", 40), Refusal::removed_member));
  NodeJoined back = node("n4");
  back.id = NodeId{40};
  BOOST_TEST(refuses(back, Refusal::removed_member));
  BOOST_TEST((say(added("n4", 41)).verdict == Verdict::accepted));  // with an empty data folder
  BOOST_TEST(refuses({MemberRemoved{NodeName{"n4"}, NodeId{39}, false}}, Refusal::no_such_node));
  BOOST_TEST((say(MemberRemoved{NodeName{"n4"}, NodeId{40}, false}).verdict == Verdict::repeated));
  BOOST_TEST(has("n4"));
}

BOOST_FIXTURE_TEST_CASE(that_is_the_only_voter_stays, Members) {
  say(removed("n1"));
  say(added("n4", 40, MemberRole::worker));
  say(removed("n2"));
  BOOST_TEST(refuses(removed("n3"), Refusal::member_exists));
  BOOST_TEST(refuses(removed("n3", true), Refusal::member_exists));
  BOOST_TEST((say(removed("n4")).verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(that_is_removed_loses_its_slices_to_others) {
  World world = World::with({node("n1")});
  world.say(three());
  const RunId run = world.run(settlement());
  world.placed(run, "trades");
  BOOST_TEST(world.state.live_attempts.size() == 1u);
  BOOST_TEST((world.say(removed("n1")).outcome.verdict == Verdict::accepted));
  BOOST_TEST(world.state.live_attempts.empty());
  BOOST_TEST(world.state.placeable.size() == 1u);
  BOOST_TEST(!world.state.nodes.contains(NodeName{"n1"}));
}

BOOST_AUTO_TEST_CASE(that_has_a_sink_to_publish_stays_unless_it_is_forced_out_and_the_sink_fails) {
  World world = World::with({node("n1")});
  world.say(three());
  const RunId run = world.run(settlement());
  world.done(run, "trades");
  world.done(run, "netted");
  world.done(run, "report");
  const Outcome refused = world.say(removed("n1")).outcome;
  BOOST_TEST((refused.refusal == Refusal::member_exists));
  BOOST_TEST(refused.what.find("1 sink") != std::string::npos, refused.what);
  BOOST_TEST((world.say(removed("n1", true)).outcome.verdict == Verdict::accepted));
  BOOST_TEST(world.state.run(run) == nullptr);  // over, with its last slice
  BOOST_TEST((world.state.requests.begin()->second.status == RunStatus::failed));
}

BOOST_FIXTURE_TEST_CASE(that_alone_is_left_buries_all_others_even_those_that_no_table_knew,
                        Members) {
  say(added("n4", 40));
  ClusterRecovered recovered{NodeName{"n2"},  NodeId{2},
                             "10.0.0.2:7201", Term{7},
                             LogIndex{9},     {NodeId{1}, NodeId{3}, NodeId{40}, NodeId{50}}};
  BOOST_TEST((say(recovered).verdict == Verdict::accepted));
  BOOST_TEST(world.state.members.size() == 1u);
  BOOST_TEST(has("n2"));
  BOOST_TEST(world.state.removed_members.size() == 4u);
  recovered.survivor = NodeName{"n1"};
  recovered.id = NodeId{1};
  BOOST_TEST(refuses(recovered, Refusal::removed_member));
}

BOOST_FIXTURE_TEST_CASE(stands_in_the_rows_as_in_memory, Members) {
  say(added("n4", 40, MemberRole::worker));
  say(removed("n1"));
  const auto again = load(rows_of(world.state));
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST((again->members == world.state.members));
  BOOST_TEST((again->removed_members == world.state.removed_members));
}

BOOST_AUTO_TEST_CASE(list_of_founders_must_be_sorted_and_without_repeats) {
  World world;
  const auto refused = [&](std::vector<Founder> founders) {
    return world.say(MembersFounded{std::move(founders)}).outcome.refusal == Refusal::bad_value;
  };
  BOOST_TEST(refused({}));
  BOOST_TEST(refused({founder("n2", 2), founder("n1", 1)}));
  BOOST_TEST(refused({founder("n1", 1), founder("n1", 2)}));
  BOOST_TEST(world.state.members.empty());
}

BOOST_AUTO_TEST_SUITE_END()
