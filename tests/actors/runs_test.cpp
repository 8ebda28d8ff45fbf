// Runs on a leader with real stores, real Raft and a worker that says what the test says.
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

struct Furnished {
  explicit Furnished(Wishes wishes = {}) : cluster(folder.path / "data", std::move(wishes)) {
    cluster.furnish();
    worker.open();
  }
  AttemptKey assigned(const std::string& step) {
    auto attempt = worker.attempt_of(step);
    BOOST_REQUIRE_MESSAGE(attempt, "step '" + step + "' was not assigned");
    return *attempt;
  }
  Submitted commit(const AttemptKey& attempt) {
    auto answer = cluster.say(cluster.commit_of(attempt));
    BOOST_REQUIRE(answer.has_value());
    return *answer;
  }
  TempFolder folder;
  Cluster cluster;
  ScriptedWorker worker{cluster.ground, cluster.state, "n1"};
};

const pipeline::Plan two_steps =
    world::plan({world::source("trades"), world::sql("netted", {"trades"})});
const RunId first_run = state::run_id_of(HerdName{"finance"}, RequestId{"r-1"});

/// "trades succeeded" and the like, in order.
std::vector<std::string> told(const std::vector<FeedItem>& items) {
  std::vector<std::string> lines;
  for (const FeedItem& item : items) {
    if (!item.event) continue;
    if (const auto* stage = std::get_if<state::StageChanged>(&*item.event))
      lines.push_back(stage->step.value + " " + std::string(to_string(stage->status)));
    if (const auto* run = std::get_if<state::RunChanged>(&*item.event))
      lines.push_back("run " + std::string(to_string(run->status)));
    if (std::holds_alternative<state::RunArchived>(*item.event)) lines.push_back("archived");
  }
  return lines;
}

BOOST_AUTO_TEST_SUITE(runs_of_a_leader)

BOOST_AUTO_TEST_CASE(a_submitted_run_and_its_placement_are_one_sync_of_the_log) {
  Furnished house;
  const std::uint64_t before = house.cluster.ground.log_store->syncs();
  auto answer = house.cluster.submit(two_steps, "r-1");
  BOOST_REQUIRE(answer.has_value());
  const AttemptKey attempt = house.assigned("trades");
  BOOST_TEST((attempt.partition.run == first_run));
  BOOST_TEST(attempt.attempt.value == answer->index.value + 1);
  BOOST_TEST(house.cluster.ground.log_store->syncs() == before + 1);
}

BOOST_AUTO_TEST_CASE(the_next_stage_is_placed_in_the_entry_right_behind_the_commit) {
  Furnished house;
  BOOST_REQUIRE(house.cluster.submit(two_steps, "r-1").has_value());
  const auto body = house.cluster.commit_of(house.assigned("trades"));
  const std::uint64_t before = house.cluster.ground.log_store->syncs();
  auto answer = house.cluster.say(body);
  BOOST_REQUIRE(answer.has_value());
  const AttemptKey next = house.assigned("netted");
  BOOST_TEST(next.attempt.value == answer->index.value + 1);
  BOOST_TEST(house.cluster.ground.log_store->syncs() == before + 1);
  const auto cluster = house.cluster.look();
  const state::Run* run = cluster.run(first_run);
  BOOST_REQUIRE(run != nullptr);
  BOOST_TEST((run->stages[0].head.status == state::StageStatus::succeeded));
  BOOST_TEST((run->stages[0].head.committed == answer->index));
  BOOST_TEST((run->stages[1].head.status == state::StageStatus::running));
}

BOOST_AUTO_TEST_CASE(a_run_whose_last_stage_commits_has_succeeded) {
  Furnished house;
  BOOST_REQUIRE(house.cluster.submit(two_steps, "r-1").has_value());
  house.commit(house.assigned("trades"));
  house.commit(house.assigned("netted"));
  const auto cluster = house.cluster.look();
  BOOST_TEST(cluster.live_attempts.empty());
  const auto& request = cluster.requests.at({HerdName{"finance"}, RequestId{"r-1"}});
  BOOST_TEST((request.status == state::RunStatus::succeeded));
  BOOST_TEST(house.worker.becomes([](const Assignments& all) { return all.attempts.empty(); }));
}

BOOST_AUTO_TEST_CASE(a_repeated_submission_is_the_same_run_and_another_plan_is_a_conflict) {
  Furnished house;
  auto first = house.cluster.submit(two_steps, "r-1");
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST((first->outcome.verdict == state::Verdict::accepted));
  auto again = house.cluster.submit(two_steps, "r-1");
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST((again->outcome.verdict == state::Verdict::repeated));
  auto other = house.cluster.submit(world::plan({world::source("other")}), "r-1");
  BOOST_REQUIRE(other.has_value());
  BOOST_TEST((other->outcome.verdict == state::Verdict::refused));
  BOOST_TEST((other->outcome.refusal == state::Refusal::request_conflict));
  BOOST_TEST(house.cluster.look().runs.size() == 1);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_was_fenced_cannot_commit) {
  Furnished house;
  BOOST_REQUIRE(house.cluster.submit(two_steps, "r-1").has_value());
  AttemptKey stranger = house.assigned("trades");
  const auto real = house.cluster.commit_of(stranger);
  auto lie = real;
  lie.attempt.attempt.value -= 1;
  auto refused = house.cluster.say(lie);
  BOOST_REQUIRE(refused.has_value());
  BOOST_TEST((refused->outcome.refusal == state::Refusal::fenced));
  auto taken = house.cluster.say(real);
  BOOST_REQUIRE(taken.has_value());
  BOOST_TEST((taken->outcome.verdict == state::Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(watchers_hear_what_happened_in_order_and_once) {
  Furnished house;
  BOOST_REQUIRE(house.cluster.submit(two_steps, "r-1").has_value());
  const AttemptKey trades = house.assigned("trades");
  const caf::actor run = house.cluster.run_actor(first_run);
  BOOST_REQUIRE(run);
  house.commit(trades);
  house.commit(house.assigned("netted"));
  std::vector<FeedItem> all;
  for (bool ended = false; !ended;) {
    Feed feed = house.cluster.next_items(run, all.empty() ? 0 : all.back().number);
    BOOST_REQUIRE((!feed.items.empty() || feed.ended));
    for (FeedItem& item : feed.items) {
      BOOST_TEST((all.empty() || item.number > all.back().number));
      all.push_back(std::move(item));
    }
    ended = feed.ended;
  }
  const auto lines = told(all);
  const std::vector<std::string> end{"trades succeeded", "netted ready",  "netted running",
                                     "netted succeeded", "run succeeded", "archived"};
  std::vector<std::string> tail(
      lines.end() - static_cast<std::ptrdiff_t>(std::min(end.size(), lines.size())), lines.end());
  BOOST_TEST(tail == end, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_watcher_waits_for_the_next_event_and_gives_up_in_time) {
  Furnished house;
  BOOST_REQUIRE(house.cluster.submit(two_steps, "r-1").has_value());
  const AttemptKey trades = house.assigned("trades");
  const caf::actor run = house.cluster.run_actor(first_run);
  BOOST_REQUIRE(run);
  std::uint64_t last = 0;
  for (const FeedItem& item : house.cluster.next_items(run, 0).items) last = item.number;
  const auto begin = std::chrono::steady_clock::now();
  Feed nothing = house.cluster.next_items(run, last, milliseconds(100));
  BOOST_TEST(nothing.items.empty());
  BOOST_TEST(!nothing.ended);
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(90)));

  caf::anon_send(house.cluster.state, Progress(trades, 500, 12));
  Feed progress = house.cluster.next_items(run, last);
  BOOST_REQUIRE(progress.items.size() == 1);
  BOOST_TEST(!progress.items[0].event.has_value());
  BOOST_TEST(progress.items[0].permille == 500);
  BOOST_TEST(progress.items[0].rows == 12);
}

BOOST_AUTO_TEST_CASE(a_cancelled_run_tells_its_watchers_and_its_worker) {
  Furnished house;
  BOOST_REQUIRE(house.cluster.submit(two_steps, "r-1").has_value());
  const AttemptKey trades = house.assigned("trades");
  const caf::actor run = house.cluster.run_actor(first_run);
  BOOST_REQUIRE(run);
  auto cancelled = house.cluster.ground.ask<Submitted>(run, CancelRun({1000, "ada"}));
  BOOST_REQUIRE(cancelled.has_value());
  BOOST_TEST(house.worker.becomes(
      [](const Assignments& all) { return all.attempts.size() == 1 && all.attempts[0]->ending; }));
  auto end = world::failed(trades, state::AttemptEnd::cancelled);
  BOOST_REQUIRE(house.cluster.say(end).has_value());
  std::vector<std::string> lines;
  std::uint64_t last = 0;
  for (bool ended = false; !ended;) {
    Feed feed = house.cluster.next_items(run, last);
    BOOST_REQUIRE((!feed.items.empty() || feed.ended));
    for (const std::string& line : told(feed.items)) lines.push_back(line);
    if (!feed.items.empty()) last = feed.items.back().number;
    ended = feed.ended;
  }
  BOOST_TEST((std::find(lines.begin(), lines.end(), "run cancelled") != lines.end()));
  BOOST_TEST(lines.back() == "archived");
}

BOOST_AUTO_TEST_CASE(after_a_restart_the_state_is_the_same_and_its_assignments_are_sent_again) {
  TempFolder folder;
  state::ClusterState before;
  AttemptKey attempt;
  {
    Cluster cluster(folder.path / "data");
    cluster.furnish();
    ScriptedWorker worker(cluster.ground, cluster.state, "n1");
    worker.open();
    BOOST_REQUIRE(cluster.submit(two_steps, "r-1").has_value());
    attempt = worker.attempt_of("trades").value();
    before = cluster.look();
    cluster.stop();
  }
  Cluster cluster(folder.path / "data");
  BOOST_TEST((cluster.restored == before));
  BOOST_TEST(cluster.restored.hash == before.hash);
  ScriptedWorker worker(cluster.ground, cluster.state, "n1");
  worker.open();
  const auto again = worker.attempt_of("trades");
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST((*again == attempt));
  BOOST_TEST((cluster.look().live_attempts == before.live_attempts));
  auto done = cluster.say(cluster.commit_of(attempt));
  BOOST_REQUIRE(done.has_value());
  BOOST_TEST((done->outcome.verdict == state::Verdict::accepted));
  BOOST_TEST(worker.attempt_of("netted").has_value());
}

BOOST_AUTO_TEST_CASE(a_lost_state_folder_is_made_anew_from_the_log) {
  TempFolder folder;
  state::ClusterState before;
  {
    Cluster cluster(folder.path / "data");
    cluster.furnish();
    ScriptedWorker worker(cluster.ground, cluster.state, "n1");
    worker.open();
    BOOST_REQUIRE(cluster.submit(two_steps, "r-1").has_value());
    BOOST_REQUIRE(worker.attempt_of("trades").has_value());
    before = cluster.look();
    cluster.stop();
  }
  std::filesystem::remove_all(folder.path / "data" / "state");
  Cluster cluster(folder.path / "data");
  BOOST_TEST(cluster.restored.applied.value == 0);
  const auto after = cluster.look();  // answered once it leads and has applied everything
  BOOST_TEST((after.runs == before.runs));
  BOOST_TEST((after.nodes == before.nodes));
  BOOST_TEST((after.live_attempts == before.live_attempts));
  BOOST_REQUIRE(cluster.ground.state_writer->wait_written(after.applied, seconds(10)));
  BOOST_TEST(cluster.ground.state_store->hash_at(before.applied).value() == before.hash);
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_not_renewed_loses_the_node_and_its_attempts_go_elsewhere) {
  TempFolder folder;
  HandClock clock;
  Cluster cluster(folder.path / "data", {.lease = milliseconds(300), .clock = &clock});
  (void)cluster.look();  // answered once it leads, which takes time
  clock.hold();
  ScriptedWorker mute(cluster.ground, cluster.state, "n1");
  ScriptedWorker loud(cluster.ground, cluster.state, "n2");
  // Only n1 is there at first: it must be the one that gets the run.
  cluster.furnish({"n1"});
  mute.open();
  BOOST_REQUIRE(cluster.submit(two_steps, "r-1").has_value());
  const auto first = mute.attempt_of("trades");
  BOOST_REQUIRE(first.has_value());
  BOOST_REQUIRE(cluster.say(world::node("n2")).has_value());
  loud.open();
  // The leader's margin is 500 ms. However slow the machine is, n2 is never more than a step late.
  for (int step = 0; step < 12; ++step) {
    clock.advance(milliseconds(100));
    BOOST_REQUIRE(loud.renew());
  }
  const auto second = loud.other_attempt(*first);
  BOOST_REQUIRE(second.has_value());
  const auto after = cluster.look();
  BOOST_TEST(!after.nodes.at(NodeName{"n1"}).alive);
  BOOST_TEST(after.nodes.at(NodeName{"n2"}).alive);
  auto late = cluster.say(cluster.commit_of(*first));
  BOOST_REQUIRE(late.has_value());
  BOOST_TEST((late->outcome.refusal == state::Refusal::fenced));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
