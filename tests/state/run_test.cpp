// Runs from submit to lineage, as scenarios.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/state/refusals.hpp"
#include "tests/state/world.hpp"
#include "vocabulary/test_name.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

template <class E>
std::vector<E> events_of(const Applied& applied) {
  std::vector<E> found;
  for (const Event& event : applied.events)
    if (const E* one = std::get_if<E>(&event)) found.push_back(*one);
  return found;
}

World one_node() { return World::with({node("n1")}); }

StageStatus status(const World& world, const RunId& run, std::size_t step) {
  return world.state.run(run)->stages[step].head.status;
}

Run archived(const World& world, const RunId& run) {
  const auto row = world.store.find({Table::history_runs, key_of(run)});
  BOOST_REQUIRE(row != world.store.end());
  return decode_run(row->second).value();
}

void is_repeated(const Applied& applied) {
  BOOST_TEST((applied.outcome.verdict == Verdict::repeated));
  BOOST_TEST(applied.events.empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_run)

BOOST_AUTO_TEST_CASE(goes_from_submit_to_published_sink_and_lineage) {
  World world = one_node();
  const RunId run = world.run(settlement());
  BOOST_TEST((status(world, run, 0) == StageStatus::ready));
  BOOST_TEST((status(world, run, 1) == StageStatus::waiting));
  world.done(run, "trades");
  BOOST_TEST((status(world, run, 0) == StageStatus::succeeded));
  BOOST_TEST((status(world, run, 1) == StageStatus::ready));
  const LogIndex trades = world.state.applied;

  const AttemptKey netting = world.placed(run, "netted");
  const std::optional<Assignment> assignment = assignment_of(world.state, netting);
  BOOST_REQUIRE(assignment.has_value());
  BOOST_REQUIRE(assignment->inputs.size() == 1u);
  BOOST_TEST((assignment->inputs[0].version.index == trades));
  BOOST_TEST(assignment->inputs[0].files.at(0).first == "part.parquet");
  world.commit(netting);
  const LogIndex netted = world.state.applied;

  const Applied sunk = world.done(run, "report");
  BOOST_TEST((status(world, run, 2) == StageStatus::publishing));
  BOOST_TEST(events_of<PublishDue>(sunk).size() == 1u);
  const std::vector<Publication> due = publications_of(world.state, NodeName{"n1"});
  BOOST_REQUIRE(due.size() == 1u);
  const Applied published =
      world.say(SinkPublished{run, StepName{"report"}, NodeName{"n1"}, due[0].index, false});
  BOOST_TEST(events_of<RunArchived>(published).size() == 1u);
  BOOST_TEST(world.state.runs.empty());
  BOOST_TEST((archived(world, run).head.status == RunStatus::succeeded));

  const SinkTarget& target = world.state.targets.at({VolumeName{"reports"}, "out.parquet"});
  BOOST_TEST((target.index == due[0].index));
  const Lineage lineage = lineage_of(target.inputs, [&](const VersionKey& key) {
    const DatasetVersion* found = world.state.version(key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  });
  BOOST_REQUIRE(lineage.edges.size() == 1u);
  BOOST_TEST((lineage.edges[0].first.index == trades));
  BOOST_TEST((lineage.edges[0].second.index == netted));
  BOOST_TEST(lineage.versions.size() == 2u);
  BOOST_TEST(lineage.missing.empty());
}

BOOST_AUTO_TEST_CASE(is_the_same_run_when_its_request_is_repeated_even_after_it_ended) {
  World world = one_node();
  const RunId run = world.run(plan({source("trades")}));
  is_repeated(world.say(submit(plan({source("trades")}), "r-1")));
  is_refused(world.say(submit(plan({source("others")}), "r-1")), Refusal::request_conflict);
  world.done(run, "trades");
  BOOST_TEST(world.state.runs.empty());
  is_repeated(world.say(submit(plan({source("trades")}), "r-1")));
  is_refused(world.say(submit(plan({source("others")}), "r-1")), Refusal::request_conflict);
}

BOOST_AUTO_TEST_CASE(is_refused_with_the_reason_when_something_is_not_there) {
  World world = one_node();
  is_refused(world.say(submit(plan({source("trades")}, "nobody"), "r")), Refusal::no_such_herd);
  is_refused(world.say(submit(plan({source("trades")}, "risk"), "r")), Refusal::volume_not_granted);
  pipeline::Plan other = plan({source("trades")});
  other.bundle = digest_of("another");
  is_refused(world.say(submit(other, "r")), Refusal::bundle_not_stored);
  pipeline::Plan missing = plan({source("trades")});
  std::get<pipeline::SourceWork>(missing.steps[0].work).location.volume = VolumeName{"sea"};
  is_refused(world.say(submit(missing, "r")), Refusal::volume_missing);
  pipeline::Plan leaves = plan({source("trades")});
  std::get<pipeline::SourceWork>(leaves.steps[0].work).location.path = "../etc/passwd";
  is_refused(world.say(submit(leaves, "r")), Refusal::bad_plan);
  is_refused(world.say(submit(plan({sql("netted", {"trades"})}), "r")), Refusal::bad_plan);
  RunSubmitted forged = submit(plan({source("trades")}), "r");
  forged.run = RunId{std::string(32, '0')};
  is_refused(world.say(forged), Refusal::wrong_run_id);
  BOOST_TEST(world.state.runs.empty());
}

// A plan with the masks of yesterday must not run under the policy of today.
BOOST_AUTO_TEST_CASE(is_refused_when_the_policy_changed_since_it_was_compiled) {
  World world = one_node();
  const RunSubmitted submitted = submit(plan({source("trades")}), "r");
  HerdApplied stricter = herd("finance");
  stricter.policy.masking.by_field["email"] = governance::MaskMethod::redact;
  world.say(stricter);
  is_refused(world.say(submitted), Refusal::policy_changed);
  BOOST_TEST(world.state.runs.empty());
  RunSubmitted again = submitted;
  again.policy = governance::digest_of(stricter.policy);
  BOOST_TEST((world.say(again).outcome.verdict == Verdict::accepted));
  // What was taken once is not judged again; a quota is no policy.
  world.say(herd("finance", {MilliCpu{1000}, {}, 0, 0}));
  BOOST_TEST((world.say(again).outcome.verdict == Verdict::repeated));
}

BOOST_AUTO_TEST_CASE(of_a_test_may_use_no_volume_and_stands_apart_from_the_real_pipeline) {
  World world = one_node();
  pipeline::Plan test = plan({source("trades")});
  test.pipeline.value += test_ending;
  is_refused(world.say(submit(test, "r-1")), Refusal::bad_plan);
  auto& work = std::get<pipeline::SourceWork>(test.steps.front().work);
  work.location.volume.reset();
  BOOST_TEST((world.say(submit(test, "r-1")).outcome.verdict == Verdict::accepted));
  pipeline::Plan twice = test;
  twice.pipeline.value += test_ending;
  is_refused(world.say(submit(twice, "r-2")), Refusal::bad_name);
}

BOOST_AUTO_TEST_CASE(counts_against_the_quota_of_its_herd_while_it_runs) {
  World world = one_node();
  Quota quota;
  quota.runs = 1;
  world.say(herd("finance", quota));
  const RunId run = world.run(plan({source("trades")}));
  is_refused(world.say(submit(plan({source("trades")}), "r-2")), Refusal::quota_runs);
  world.done(run, "trades");
  BOOST_TEST(
      (world.say(submit(plan({source("trades")}), "r-2")).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(that_fails_ends_its_other_slices_and_holds_their_slots_until_they_are_gone) {
  World world = one_node();
  const RunId run = world.run(plan({source("a"), source("b"), sql("c", {"a", "b"})}));
  const AttemptKey a = world.placed(run, "a");
  const AttemptKey b = world.placed(run, "b");
  const Applied end = world.say(failed(a, AttemptEnd::exited));
  BOOST_TEST(events_of<AttemptEnding>(end).size() == 1u);
  BOOST_TEST((world.state.run(run)->head.status == RunStatus::failed));
  BOOST_TEST((status(world, run, 2) == StageStatus::skipped));
  BOOST_TEST(uses_of(world.state).of_nodes[NodeName{"n1"}].slices == 1u);
  BOOST_TEST(assignments_of(world.state, NodeName{"n1"}).at(0).ending);
  // It finished before it could be killed: its slot is free, what it made is not taken.
  const Applied late = world.commit(b);
  BOOST_TEST(late.outcome.discarded);
  BOOST_TEST(world.state.runs.empty());
  BOOST_TEST(world.state.datasets.empty());
  const RunView view = view_of(archived(world, run));
  BOOST_TEST(view.failure == "The step 'a' failed. Its program exited with code 3.");
  BOOST_TEST((view.stages[1].attempts[0].end == AttemptEnd::cancelled));
}

BOOST_AUTO_TEST_CASE(says_in_its_own_words_how_an_attempt_ended_and_what_to_do) {
  AttemptView view;
  view.status = AttemptStatus::ended;
  view.end = AttemptEnd::exited;
  view.exit_code = 1;
  for (const auto& [reason, name] : slice_reasons) {
    view.reason = reason;
    const std::string said = describe_end(view);
    if (reason == SliceReason::none) {
      BOOST_TEST(said == "Its program exited with code 1.");
      continue;
    }
    BOOST_TEST(said.find("(" + std::string(name) + "): ") != std::string::npos, said);
    BOOST_TEST(said.size() > name.size() + 45u, said);
    BOOST_TEST(said.ends_with('.'), said);
  }
  view.reason = SliceReason::none;
  view.end = AttemptEnd::setup_failed;
  view.setup_step = 61;
  view.setup_errno = 2;
  BOOST_TEST(describe_end(view).starts_with(
      "Its program could not be started: No such file or directory (ENOENT). "));
  view.setup_errno = 4711;
  BOOST_TEST(describe_end(view).find("started: errno 4711.") != std::string::npos);
  view.setup_step = 51;
  view.setup_errno = 13;
  BOOST_TEST(describe_end(view) ==
             "Its sandbox could not be built: attach_mount (step 51) failed: permission denied "
             "(EACCES). `runi doctor` looks for the cause.");
  view.setup_step = 999;
  BOOST_TEST(describe_end(view).starts_with("Its sandbox could not be built: step 999 failed: "));
  view.end = AttemptEnd::signalled;
  view.signal = 11;
  BOOST_TEST(describe_end(view) == "Its program was killed by signal 11 (SIGSEGV).");
  view.signal = 40;
  BOOST_TEST(describe_end(view) == "Its program was killed by signal 40.");
}

BOOST_AUTO_TEST_CASE(that_is_cancelled_places_nothing_new_and_says_who_did_it) {
  World world = one_node();
  const RunId run = world.run(settlement());
  const AttemptKey trades = world.placed(run, "trades");
  world.say(RunCancelled{run});
  BOOST_TEST((status(world, run, 0) == StageStatus::cancelled));
  is_repeated(world.say(RunCancelled{run}));
  is_refused(world.place(run, "trades"), Refusal::run_ended);
  world.say(failed(trades, AttemptEnd::cancelled));
  BOOST_TEST(world.state.runs.empty());
  BOOST_TEST(archived(world, run).head.cancelled_by.name == "ada");
  is_repeated(world.say(RunCancelled{run}));
  is_refused(world.say(RunCancelled{RunId{"unknown"}}), Refusal::no_such_run);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_placement)

BOOST_AUTO_TEST_CASE(is_checked_again_and_a_wrong_guess_is_refused) {
  World world = World::with({node("n1", 1500), node("n2")});
  const RunId run = world.run(plan({source("a"), source("b"), sql("c", {"a"})}));
  is_refused(world.place(run, "c"), Refusal::not_ready);
  is_refused(world.place(run, "a", "n9"), Refusal::no_such_node);
  is_refused(world.place(run, "a", "n1", 5), Refusal::no_such_partition);
  world.placed(run, "a");
  is_refused(world.place(run, "a", "n2"), Refusal::already_placed);
  is_refused(world.place(run, "b", "n1"), Refusal::node_full);
  world.say(NodeLost{NodeName{"n2"}, 1});
  is_refused(world.place(run, "b", "n2"), Refusal::node_not_alive);
  NodeJoined voter = node("n2", 4000, 2);
  voter.worker = false;
  world.say(voter);
  is_refused(world.place(run, "b", "n2"), Refusal::not_a_worker);
  NodeJoined bare = node("n2", 4000, 3);
  bare.volumes.clear();
  world.say(bare);
  is_refused(world.place(run, "b", "n2"), Refusal::volume_missing);
}

BOOST_AUTO_TEST_CASE(among_others_is_refused_alone_and_the_attempt_is_the_index_of_the_entry) {
  World world = one_node();
  const RunId run = world.run(plan({source("a"), source("b")}));
  const Applied placed =
      world.say(SlicesPlaced{world.state.applied,
                             1,
                             {{{run, StepName{"a"}, Partition{0}}, NodeName{"n1"}},
                              {{run, StepName{"b"}, Partition{0}}, NodeName{"n9"}}}});
  BOOST_TEST((placed.outcome.verdict == Verdict::accepted));
  BOOST_REQUIRE(placed.outcome.placements.size() == 1u);
  BOOST_TEST((placed.outcome.placements[0].refusal == Refusal::no_such_node));
  BOOST_REQUIRE(world.state.live_attempts.size() == 1u);
  BOOST_TEST(world.state.live_attempts.begin()->attempt.value == world.state.applied.value);
}

BOOST_AUTO_TEST_CASE(stays_within_the_quota_of_the_herd) {
  World world = one_node();
  Quota quota;
  quota.cpu = MilliCpu{1500};
  world.say(herd("finance", quota));
  const RunId run = world.run(plan({source("a"), source("b")}));
  world.placed(run, "a");
  is_refused(world.place(run, "b"), Refusal::quota_herd);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_attempt)

BOOST_AUTO_TEST_CASE(
    that_fails_is_tried_again_after_a_backoff_that_doubles_and_then_its_run_fails) {
  World world = one_node();
  pipeline::Step step = source("a");
  step.retry = {3, seconds(1)};
  const RunId run = world.run(plan({step}));
  const Applied first = world.say(failed(world.placed(run, "a"), AttemptEnd::timed_out));
  BOOST_TEST((events_of<RetryDue>(first).at(0).at == world.now + seconds(1)));
  is_refused(world.place(run, "a"), Refusal::too_early);
  world.wait(seconds(1));
  const Applied second = world.say(failed(world.placed(run, "a"), AttemptEnd::bad_output));
  BOOST_TEST((events_of<RetryDue>(second).at(0).at == world.now + seconds(2)));
  world.wait(seconds(2));
  world.say(failed(world.placed(run, "a"), AttemptEnd::exited));
  const Run ended = archived(world, run);
  BOOST_TEST((ended.head.status == RunStatus::failed));
  BOOST_TEST(ended.stages[0].partitions[0].ended.size() == 3u);
}

BOOST_AUTO_TEST_CASE(waits_an_hour_at_most_for_its_retry) {
  World world = one_node();
  pipeline::Step step = source("a");
  step.retry = {100, seconds(1800)};
  const RunId run = world.run(plan({step}));
  for (int i = 0; i < 80; ++i) {
    const Applied end = world.say(failed(world.placed(run, "a"), AttemptEnd::exited));
    BOOST_REQUIRE((events_of<RetryDue>(end).at(0).at <= world.now + seconds(3600)));
    world.wait(seconds(3600));
  }
}

BOOST_AUTO_TEST_CASE(
    that_is_lost_with_its_node_does_not_count_against_retry_until_it_is_too_often) {
  World world = one_node();
  const RunId run = world.run(plan({source("a")}));
  for (std::uint32_t i = 0; i < limits::lost_attempts; ++i) {
    const AttemptKey attempt = world.placed(run, "a");
    BOOST_REQUIRE(world.state.live_attempts.contains(attempt));
    const Applied lost = world.say(NodeLost{NodeName{"n1"}, i + 1});
    BOOST_REQUIRE((events_of<AttemptOver>(lost).at(0).end == AttemptEnd::lost));
    is_refused(world.commit(attempt), Refusal::fenced);
    world.say(node("n1", 4000, i + 2));
    world.wait(seconds(60));
  }
  BOOST_TEST((world.state.run(run)->head.status == RunStatus::running));
  world.say(failed(world.placed(run, "a"), AttemptEnd::lost));
  BOOST_TEST((archived(world, run).head.status == RunStatus::failed));
}

BOOST_AUTO_TEST_CASE(lives_on_when_its_node_comes_back_in_a_new_incarnation) {
  World world = one_node();
  const RunId run = world.run(plan({source("a")}));
  const AttemptKey attempt = world.placed(run, "a");
  world.say(node("n1", 4000, 2));
  BOOST_TEST(world.state.live_attempts.contains(attempt));
  is_repeated(world.say(node("n1", 4000, 2)));
  is_refused(world.say(node("n1", 4000, 1)), Refusal::stale_incarnation);
  is_refused(world.say(NodeLost{NodeName{"n1"}, 1}), Refusal::stale_incarnation);
  BOOST_TEST((world.commit(attempt).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(that_reports_its_end_twice_is_heard_once) {
  World world = one_node();
  pipeline::Step step = source("a");
  step.retry.attempts = 2;
  const RunId run = world.run(plan({step}));
  const AttemptKey attempt = world.placed(run, "a");
  world.say(failed(attempt, AttemptEnd::exited));
  is_repeated(world.say(failed(attempt, AttemptEnd::exited)));
  is_refused(world.say(failed(attempt, AttemptEnd::timed_out)), Refusal::fenced);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_commit)

BOOST_AUTO_TEST_CASE(of_the_last_partition_makes_the_stage_true_in_that_entry) {
  World world = one_node();
  pipeline::Step wide = source("a");
  wide.partitions = 2;
  const RunId run = world.run(plan({wide, sql("b", {"a"})}));
  const AttemptKey first = world.placed(run, "a", "n1", 0);
  const AttemptKey second = world.placed(run, "a", "n1", 1);
  world.commit(second);
  BOOST_TEST(world.state.datasets.empty());
  is_repeated(world.commit(second));
  world.commit(first);
  const LogIndex index = world.state.applied;
  const DatasetVersion* version = world.state.version(
      {HerdName{"finance"}, PipelineName{"settlement"}, DatasetName{"a"}, index});
  BOOST_REQUIRE(version != nullptr);
  BOOST_TEST(version->rows == 14u);
  BOOST_TEST(version->parts.size() == 2u);
  BOOST_TEST((status(world, run, 1) == StageStatus::ready));
  const std::vector<InputDataset> inputs =
      inputs_of(*world.state.run(run), world.state.run(run)->plan.steps[1]);
  BOOST_REQUIRE(inputs.at(0).files.size() == 2u);
  BOOST_TEST(inputs[0].files[0].first == "p0-part.parquet");
  BOOST_TEST(inputs[0].files[1].first == "p1-part.parquet");
}

BOOST_AUTO_TEST_CASE(must_hold_exactly_the_outputs_of_the_plan) {
  World world = one_node();
  const RunId run = world.run(settlement());
  const AttemptKey attempt = world.placed(run, "trades");
  const PartitionCommitted right = world.commit_of(attempt);
  PartitionCommitted wrong = right;
  wrong.outputs.clear();
  is_refused(world.say(wrong), Refusal::wrong_outputs);
  wrong = right;
  wrong.outputs.push_back(wrong.outputs[0]);
  is_refused(world.say(wrong), Refusal::wrong_outputs);
  wrong = right;
  wrong.outputs[0].files[0].first = "../escape";
  is_refused(world.say(wrong), Refusal::wrong_outputs);
  wrong = right;
  wrong.holders = {NodeName{"n9"}};
  is_refused(world.say(wrong), Refusal::no_such_node);
  wrong = right;
  wrong.attempt.attempt.value -= 1;
  is_refused(world.say(wrong), Refusal::fenced);
  BOOST_TEST((world.say(right).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(of_a_run_that_is_in_history_is_refused_as_ended) {
  World world = one_node();
  const RunId run = world.run(plan({source("a")}));
  const AttemptKey attempt = world.placed(run, "a");
  const PartitionCommitted commit = world.commit_of(attempt);
  world.say(commit);
  is_refused(world.say(commit), Refusal::run_ended);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_sink)

BOOST_AUTO_TEST_CASE(is_published_once_and_only_at_the_index_of_its_commit) {
  World world = one_node();
  pipeline::Plan two = settlement();
  two.steps.push_back(sink("copy", "netted"));
  const RunId run = world.run(two);
  world.done(run, "trades");
  world.done(run, "netted");
  world.done(run, "report");
  const LogIndex index = world.state.applied;
  const StepName report{"report"};
  const NodeName n1{"n1"};
  is_refused(world.say(SinkPublished{run, StepName{"copy"}, n1, index, false}),
             Refusal::not_publishing);
  is_refused(world.say(SinkPublished{run, report, n1, previous(index), false}),
             Refusal::out_of_date);
  world.say(SinkPublished{run, report, n1, index, false});
  is_repeated(world.say(SinkPublished{run, report, n1, index, false}));
  is_refused(world.say(SinkRefused{run, report, n1, PublishRefusal::disk_full, 28}),
             Refusal::not_publishing);
}

BOOST_AUTO_TEST_CASE(that_cannot_be_published_fails_its_run_with_the_reason) {
  World world = one_node();
  const RunId run = world.run(settlement());
  world.done(run, "trades");
  world.done(run, "netted");
  world.done(run, "report");
  world.say(SinkRefused{run, StepName{"report"}, NodeName{"n1"}, PublishRefusal::disk_full, 28});
  const RunView view = view_of(archived(world, run));
  BOOST_TEST((view.head.status == RunStatus::failed));
  BOOST_TEST(view.failure.find("disk_full") != std::string::npos);
  BOOST_TEST(world.state.targets.empty());
}

BOOST_AUTO_TEST_CASE(that_is_superseded_leaves_the_newer_target_alone) {
  World world = one_node();
  const RunId older = world.run(settlement(), "r-1");
  const RunId newer = world.run(settlement(), "r-2");
  std::map<RunId, LogIndex> index;
  for (const RunId& run : {older, newer}) {
    world.done(run, "trades");
    world.done(run, "netted");
    world.done(run, "report");
    index[run] = world.state.applied;
  }
  world.say(SinkPublished{newer, StepName{"report"}, NodeName{"n1"}, index[newer], false});
  world.say(SinkPublished{older, StepName{"report"}, NodeName{"n1"}, index[older], true});
  BOOST_TEST((world.state.targets.begin()->second.run == newer));
  BOOST_TEST(view_of(archived(world, older)).stages[2].sink->superseded);
}

BOOST_AUTO_TEST_CASE(on_its_way_is_waited_for_when_its_run_is_cancelled) {
  World world = one_node();
  const RunId run = world.run(settlement());
  world.done(run, "trades");
  world.done(run, "netted");
  world.done(run, "report");
  const LogIndex index = world.state.applied;
  world.say(RunCancelled{run});
  BOOST_TEST(publications_of(world.state, NodeName{"n1"}).size() == 1u);
  world.say(SinkPublished{run, StepName{"report"}, NodeName{"n1"}, index, false});
  BOOST_TEST(world.state.runs.empty());
  BOOST_TEST((archived(world, run).head.status == RunStatus::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_state)

BOOST_AUTO_TEST_CASE(passes_over_an_index_that_it_applied_before) {
  World world = one_node();
  const ClusterState before = world.state;
  const Applied again = apply(world.state, world.state.applied, Command{}, "");
  BOOST_TEST((again.outcome.verdict == Verdict::repeated));
  BOOST_TEST(again.rows.empty());
  BOOST_CHECK(world.state == before);
  const Applied nothing = apply_nothing(world.state, next(world.state.applied));
  BOOST_TEST(nothing.rows.size() == 1u);
  BOOST_TEST((world.state.hash != before.hash));
}

BOOST_AUTO_TEST_CASE(keeps_the_newest_versions_of_a_dataset_and_moves_older_ones_to_history) {
  World world = one_node();
  for (int i = 0; i < 10; ++i)
    world.done(world.run(plan({source("a")}), "r-" + std::to_string(i)), "a");
  BOOST_TEST(world.state.datasets.begin()->second.size() == limits::dataset_versions);
  std::size_t past = 0;
  for (const Row& row : world.stored())
    if (row.table == Table::history_datasets) {
      BOOST_TEST(decode_version(*row.value).has_value());
      ++past;
    }
  BOOST_TEST(past == 10 - limits::dataset_versions);
}

BOOST_AUTO_TEST_CASE(forgets_the_oldest_requests_of_ended_runs_only_beyond_the_limit) {
  World world = one_node();
  const std::uint32_t count = limits::finished_requests + 3;
  for (std::uint32_t i = 0; i < count; ++i) {
    const RunId run = world.run(plan({source("a")}), "r-" + std::to_string(i));
    world.say(RunCancelled{run});
  }
  BOOST_TEST(world.state.requests.size() == limits::finished_requests);
  BOOST_TEST(!world.state.requests.contains({HerdName{"finance"}, RequestId{"r-2"}}));
  BOOST_TEST(world.state.requests.contains({HerdName{"finance"}, RequestId{"r-3"}}));
}

BOOST_AUTO_TEST_CASE(names_every_artifact_that_must_be_kept) {
  World world = one_node();
  const RunId run = world.run(settlement());
  world.done(run, "trades");
  const std::vector<Digest> live = reachable_artifacts(world.state);
  for (const std::string name : {"bundle", "trades", "log"})
    BOOST_TEST(std::ranges::binary_search(live, digest_of(name)));
  world.say(RunCancelled{run});
  std::set<Digest> kept;
  for (const Row& row : world.stored())
    BOOST_TEST(artifacts_of(row, [&](const Digest& one) { kept.insert(one); }).has_value());
  BOOST_TEST(kept.contains(digest_of("log")));
}

BOOST_AUTO_TEST_CASE(does_not_remove_a_herd_that_has_live_runs) {
  World world = one_node();
  const RunId run = world.run(settlement());
  is_refused(world.say(HerdRemoved{HerdName{"finance"}}), Refusal::herd_in_use);
  world.say(RunCancelled{run});
  BOOST_TEST((world.say(HerdRemoved{HerdName{"finance"}}).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(keeps_the_versions_of_a_pipeline_and_the_same_bundle_changes_nothing) {
  World world = one_node();
  const PipelineApplied apply{HerdName{"finance"}, PipelineName{"settlement"}, digest_of("bundle")};
  world.say(apply);
  is_repeated(world.say(apply));
  is_refused(world.say(PipelineApplied{apply.herd, apply.pipeline, digest_of("unknown")}),
             Refusal::bundle_not_stored);
  BOOST_TEST(world.state.pipelines.begin()->second.versions.size() == 1u);
}

BOOST_AUTO_TEST_CASE(refuses_a_command_of_another_version_and_a_time_that_cannot_be) {
  World world = one_node();
  Command command;
  command.at = world.now;
  command.version = 2;
  is_refused(world.say(command), Refusal::unknown_version);
  BOOST_TEST(decode_command(encode(command)).error().what.find("newer Runink") !=
             std::string::npos);
  command.version = 1;
  command.at = WallTime{-1};
  is_refused(world.say(command), Refusal::bad_value);
}

BOOST_AUTO_TEST_SUITE_END()
