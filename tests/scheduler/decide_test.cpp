// What is placed where, in which order, and why the others wait.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "scheduler/scheduler.hpp"
#include "tests/state/world.hpp"

using namespace runink;
using namespace runink::scheduler;
using state::testing::World;

namespace {

NodeView node(const std::string& name, std::uint64_t cpu = 4000) {
  NodeView view;
  view.name = NodeName{name};
  view.alive = view.worker = true;
  view.capacity = {MilliCpu{cpu}, GiB(4), GiB(10)};
  return view;
}
HerdView herd(const std::string& name, std::uint64_t used_cpu = 0) {
  HerdView view;
  view.name = HerdName{name};
  view.used.cpu = MilliCpu{used_cpu};
  return view;
}
PartitionView partition(const std::string& run, const std::string& step = "a",
                        const std::string& herd = "finance", std::uint64_t submitted = 1) {
  PartitionView view;
  view.key = {RunId{run}, StepName{step}, Partition{0}};
  view.herd = HerdName{herd};
  view.submitted = LogIndex{submitted};
  return view;
}
View view_with(std::vector<PartitionView> partitions, std::vector<NodeView> nodes) {
  View view;
  view.partitions = std::move(partitions);
  view.nodes = std::move(nodes);
  view.herds = {herd("finance"), herd("risk")};
  return view;
}

std::string placed_on(const Decision& decision) {
  const Place* place = std::get_if<Place>(&decision.choice);
  return place == nullptr ? "" : place->node.value;
}
const Wait& wait_of(const Decision& decision) {
  const Wait* wait = std::get_if<Wait>(&decision.choice);
  BOOST_REQUIRE(wait != nullptr);
  return *wait;
}
void waits(const View& view, WaitReason reason, Change change, std::uint64_t amount = 0) {
  const std::vector<Decision> decisions = decide(view, WallTime{100});
  BOOST_REQUIRE(decisions.size() == 1u);
  const Wait& wait = wait_of(decisions[0]);
  BOOST_TEST(to_string(wait.reason) == to_string(reason));
  BOOST_TEST(to_string(wait.unblock.change) == to_string(change));
  BOOST_TEST(wait.unblock.amount == amount);
  BOOST_TEST(render(decisions[0]).find("waits") != std::string::npos);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_ready_partition)

BOOST_AUTO_TEST_CASE(goes_where_most_of_its_input_lies_even_when_another_node_is_emptier) {
  View view = view_with({partition("r")}, {node("n1", 8000), node("n2"), node("n3")});
  view.partitions[0].input_bytes = GiB(2);
  view.partitions[0].held = {{NodeName{"n2"}, GiB(1)}, {NodeName{"n3"}, GiB(2)}};
  const std::vector<Decision> decisions = decide(view, WallTime{});
  BOOST_TEST(placed_on(decisions[0]) == "n3");
  BOOST_TEST(decisions[0].nodes[1].score.locality == 500u);
}

BOOST_AUTO_TEST_CASE(avoids_nodes_where_it_failed_then_takes_the_emptier_then_the_first_name) {
  View view = view_with({partition("r")}, {node("n1"), node("n2"), node("n3")});
  BOOST_TEST(placed_on(decide(view, WallTime{})[0]) == "n1");
  view.partitions[0].failures[NodeName{"n1"}] = 1;
  BOOST_TEST(placed_on(decide(view, WallTime{})[0]) == "n2");
  view.nodes[1].used.cpu = MilliCpu{1000};
  BOOST_TEST(placed_on(decide(view, WallTime{})[0]) == "n3");
}

BOOST_AUTO_TEST_CASE(is_not_placed_twice_on_what_an_earlier_decision_took) {
  const View view = view_with({partition("r", "a"), partition("r", "b"), partition("r", "c")},
                              {node("n1", 2000)});
  const std::vector<Decision> decisions = decide(view, WallTime{});
  BOOST_TEST(placements_of(decisions).size() == 2u);
  BOOST_TEST((wait_of(decisions[2]).reason == WaitReason::nodes_full));
}

BOOST_AUTO_TEST_CASE(waits_for_its_retry_time_and_says_until_when) {
  View view = view_with({partition("r")}, {node("n1")});
  view.partitions[0].not_before = WallTime{500};
  waits(view, WaitReason::retry_later, Change::wait_until);
  BOOST_TEST((next_retry(decide(view, WallTime{100})) == WallTime{500}));
  BOOST_TEST(placed_on(decide(view, WallTime{500})[0]) == "n1");
}

BOOST_AUTO_TEST_CASE(waits_with_the_smallest_change_when_nodes_are_full) {
  View view = view_with({partition("r")}, {node("n1"), node("n2")});
  view.nodes[0].used.cpu = MilliCpu{3800};
  view.nodes[1].used.cpu = MilliCpu{3500};
  waits(view, WaitReason::nodes_full, Change::free_cpu, 500);
  const Decision decision = decide(view, WallTime{})[0];
  BOOST_TEST(wait_of(decision).unblock.node.value == "n2");
  BOOST_TEST(render(decision).find("500m cpu must become free on the node 'n2'.") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(waits_as_never_possible_when_no_node_is_large_enough) {
  View view = view_with({partition("r")}, {node("n1"), node("n2")});
  view.partitions[0].needs.memory = GiB(6);
  view.nodes[1].capacity.memory = GiB(5);
  view.nodes[1].alive = false;
  waits(view, WaitReason::no_node_ever, Change::need_less_memory, GiB(1).value);
  waits(view_with({partition("r")}, {}), WaitReason::no_node_ever, Change::add_node);
}

BOOST_AUTO_TEST_CASE(waits_for_the_volume_or_its_grant) {
  View view = view_with({partition("r")}, {node("n1")});
  view.partitions[0].volume = state::VolumeNeed{VolumeName{"lake"}, state::Access::write};
  waits(view, WaitReason::no_node_ever, Change::offer_volume);
  view.nodes[0].volumes = {{VolumeName{"lake"}, {{HerdName{"finance"}, state::Access::read}}}};
  waits(view, WaitReason::no_node_ever, Change::grant_volume);
  view.nodes[0].volumes[0].grants[HerdName{"finance"}] = state::Access::write;
  BOOST_TEST(placed_on(decide(view, WallTime{})[0]) == "n1");
}

BOOST_AUTO_TEST_CASE(waits_for_a_node_that_is_not_alive_or_not_a_worker) {
  View view = view_with({partition("r")}, {node("n1")});
  view.nodes[0].alive = false;
  waits(view, WaitReason::no_node_alive, Change::start_node);
  view.nodes[0].worker = false;
  waits(view, WaitReason::no_node_ever, Change::make_worker);
}

BOOST_AUTO_TEST_CASE(waits_for_the_quota_of_its_herd) {
  View view = view_with({partition("r")}, {node("n1")});
  view.herds[0].quota.cpu = MilliCpu{1500};
  view.herds[0].used.cpu = MilliCpu{1000};
  waits(view, WaitReason::herd_quota, Change::raise_quota_cpu, 500);
  view.herds[0].quota.cpu = MilliCpu{900};
  waits(view, WaitReason::quota_too_small, Change::raise_quota_cpu, 100);
  view.herds.clear();
  waits(view, WaitReason::herd_missing, Change::apply_herd);
}

BOOST_AUTO_TEST_CASE(is_given_up_only_when_the_platform_lost_it_too_often) {
  View view = view_with({partition("r")}, {node("n1")});
  view.partitions[0].lost = limits::lost_attempts;
  BOOST_TEST(placed_on(decide(view, WallTime{})[0]) == "n1");
  view.partitions[0].lost = limits::lost_attempts + 1;
  BOOST_TEST(std::holds_alternative<GiveUp>(decide(view, WallTime{})[0].choice));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(herds)

BOOST_AUTO_TEST_CASE(share_a_full_node_by_what_they_use_now_not_by_who_came_first) {
  View view = view_with({}, {node("n1", 4000)});
  for (int i = 0; i < 4; ++i) {
    view.partitions.push_back(partition("f" + std::to_string(i), "a", "finance", 1));
    view.partitions.push_back(partition("k" + std::to_string(i), "a", "risk", 9));
  }
  std::size_t finance = 0;
  for (const state::Placement& one : placements_of(decide(view, WallTime{})))
    finance += one.partition.run.value[0] == 'f' ? 1 : 0;
  BOOST_TEST(finance == 2u);
  view.herds[0].used.cpu = MilliCpu{3000};
  view.nodes[0].used.cpu = MilliCpu{1000};
  for (const state::Placement& one : placements_of(decide(view, WallTime{})))
    BOOST_TEST(one.partition.run.value[0] == 'k');
}

BOOST_AUTO_TEST_CASE(run_the_older_run_first_and_a_run_in_the_order_of_its_plan) {
  View view = view_with({partition("a", "x", "finance", 7), partition("b", "y", "finance", 3),
                         partition("b", "z", "finance", 3)},
                        {node("n1")});
  view.partitions[1].place = 1;
  view.partitions[2].place = 0;
  const std::vector<Decision> decisions = decide(view, WallTime{});
  BOOST_TEST(decisions[0].partition.step.value == "z");
  BOOST_TEST(decisions[1].partition.step.value == "y");
  BOOST_TEST(decisions[2].partition.step.value == "x");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(every_decision)

BOOST_AUTO_TEST_CASE(is_accepted_by_apply_on_the_state_that_it_was_made_for) {
  std::size_t accepted = 0;
  for (std::uint64_t seed = 200; seed < 208; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      state::testing::random_log(
          seed, 250, [&](const World& world, const state::Command&, const state::Applied&) {
            const View view = view_of(world.state);
            BOOST_REQUIRE((decode<View>(encode(view), "a view").value() == view));
            const std::vector<Decision> decisions = decide(view, world.now);
            BOOST_REQUIRE(decisions == decide(view, world.now));
            BOOST_REQUIRE(decisions.size() == view.partitions.size());
            const std::vector<state::Placement> placements = placements_of(decisions);
            if (placements.empty()) return;
            World next = world;
            const state::Applied applied =
                next.say(state::SlicesPlaced{world.state.applied, decide_version, placements});
            BOOST_REQUIRE((applied.outcome.verdict == state::Verdict::accepted));
            BOOST_REQUIRE_MESSAGE(applied.outcome.placements.empty(),
                                  applied.outcome.placements.front().what);
            accepted += placements.size();
            // And nothing more was possible: on the new state the same moment places nothing.
            BOOST_REQUIRE(placements_of(decide(view_of(next.state), world.now)).empty());
          });
    }
  }
  BOOST_TEST(accepted > 200u);
}

BOOST_AUTO_TEST_CASE(of_an_unknown_version_is_none) {
  BOOST_TEST(decide(view_with({partition("r")}, {node("n1")}), WallTime{}, 99).empty());
}

BOOST_AUTO_TEST_SUITE_END()
