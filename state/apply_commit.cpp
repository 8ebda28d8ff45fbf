// A partition's outputs: fenced, checked against the plan, and true at once when it is the last.
#include <algorithm>
#include <set>

#include "governance/rules.hpp"
#include "state/change.hpp"
#include "state/quality.hpp"
#include "vocabulary/limits.hpp"

namespace runink::state {
namespace {

constexpr std::size_t counters_most = 1024;
constexpr std::size_t counter_name_bytes = 256;

Problem wrong(const pipeline::Step& step, std::string_view what) {
  return {Refusal::wrong_outputs,
          "The outputs of the step '" + step.name.value + "' " + std::string(what)};
}

std::optional<Problem> check_files(const pipeline::Step& step, const Output& output) {
  for (std::size_t i = 0; i < output.files.size(); ++i) {
    const auto& [name, file] = output.files[i];
    if (!is_inner_path(name)) return wrong(step, "have a file with an impossible name.");
    if (i > 0 && !(output.files[i - 1].first < name))
      return wrong(step, "must name their files sorted and once.");
    if (file.digest.empty()) return wrong(step, "have a file without a digest.");
    if (file.size > limits::memory_largest) return wrong(step, "have a file of impossible size.");
  }
  return {};
}

/// The outputs in the order of the plan, or why they cannot be taken.
std::optional<Problem> check_outputs(const pipeline::Step& step,
                                     const PartitionCommitted& committed,
                                     std::vector<Output>& ordered) {
  const std::vector<DatasetName> expected = expected_outputs(step);
  std::size_t files = 0;
  for (const DatasetName& name : expected) {
    const auto made = std::ranges::find(committed.outputs, name, &Output::dataset);
    if (made == committed.outputs.end()) return wrong(step, "lack a dataset of the plan.");
    if (auto problem = check_files(step, *made)) return problem;
    files += made->files.size();
    ordered.push_back(*made);
  }
  if (committed.outputs.size() != expected.size())
    return wrong(step, "hold a dataset that is not in the plan, or one twice.");
  if (files > limits::commit_files)
    return wrong(step, "have more than " + std::to_string(limits::commit_files) +
                           " files; write fewer, larger ones.");
  if (std::holds_alternative<pipeline::SinkWork>(step.work) && files != 1)
    return wrong(step, "must be exactly one file, since it is a sink.");
  return {};
}

/// A rule without a count could not be judged, so each one has its own.
std::optional<Problem> check_quality(const pipeline::Step& step,
                                     const std::vector<QualityCount>& quality) {
  const auto* validate = std::get_if<pipeline::ValidateWork>(&step.work);
  const std::size_t rules = validate ? governance::rules_of(validate->rules).size() : 0;
  if (quality.size() != rules)
    return wrong(step, "must come with one count for each rule of its contract.");
  for (std::size_t i = 0; i < quality.size(); ++i)
    if (quality[i].rule != i) return wrong(step, "must name the rules of its contract in order.");
  return {};
}

std::optional<Problem> check_rest(const ClusterState& cluster, const pipeline::Step& step,
                                  const PartitionCommitted& committed) {
  if (committed.holders.empty() || committed.holders.size() > limits::nodes)
    return Problem{Refusal::bad_value, "A commit must name a node that holds its outputs."};
  for (const NodeName& holder : committed.holders)
    if (!cluster.nodes.contains(holder))
      return Problem{Refusal::no_such_node, "A holder of the outputs is not a node."};
  if (committed.read.size() > limits::commit_files)
    return wrong(step, "were made from too many outside files.");
  for (const FileRead& read : committed.read)
    if (read.path.size() > 2 * limits::path_bytes)
      return wrong(step, "were made from a file with too long a path.");
  if (committed.counters.size() > counters_most) return wrong(step, "came with too many counters.");
  if (auto problem = check_quality(step, committed.quality)) return problem;
  for (const auto& [name, value] : committed.counters)
    if (name.size() > counter_name_bytes)
      return wrong(step, "came with a counter that has too long a name.");
  return {};
}

/// The run ended before: the slot is free now, and what the slice made is not taken.
Outcome discard(Change& change, Run& run, std::size_t step, std::size_t partition,
                const PartitionCommitted& committed) {
  EndedAttempt ended;
  ended.attempt = committed.attempt.attempt;
  ended.end = AttemptEnd::cancelled;
  ended.usage = committed.usage;
  ended.log = committed.log;
  end_attempt(change, run, step, partition, ended);
  Outcome outcome;
  outcome.discarded = true;
  return outcome;
}

Commit new_commit(const Change& change, const PartitionCommitted& committed,
                  const LiveAttempt& live, std::vector<Output> outputs) {
  Commit commit;
  commit.attempt = committed.attempt.attempt;
  commit.node = live.node;
  commit.index = change.index;
  commit.placed_at = live.placed_at;
  commit.at = change.now;
  commit.outputs = std::move(outputs);
  const std::set<NodeName> holders(committed.holders.begin(), committed.holders.end());
  commit.holders.assign(holders.begin(), holders.end());
  commit.read = committed.read;
  commit.counters = committed.counters;
  commit.usage = committed.usage;
  commit.log = committed.log;
  commit.quality = committed.quality;
  return commit;
}

}  // namespace

Outcome apply_one(Change& change, const PartitionCommitted& committed) {
  const PartitionKey& key = committed.attempt.partition;
  const auto at = change.cluster.runs.find(key.run);
  if (at == change.cluster.runs.end()) {
    if (change.cluster.archived_runs.contains(key.run))
      return refuse(Refusal::run_ended, "The run " + key.run.value + " has ended.");
    return refuse(Refusal::no_such_run, "There is no live run of that id.");
  }
  Run& run = at->second;
  const std::optional<std::size_t> step = run.place_of(key.step);
  if (!step || key.partition.value >= run.stages[*step].partitions.size())
    return refuse(Refusal::no_such_partition,
                  "The run " + key.run.value + " has no such step or partition.");
  const pipeline::Step& work = run.plan.steps[*step];
  PartitionState& partition = run.stages[*step].partitions[key.partition.value];
  if (partition.commit && partition.commit->attempt == committed.attempt.attempt) return repeat();
  const auto live = partition.live.find(committed.attempt.attempt);
  if (live == partition.live.end())
    return refuse(Refusal::fenced,
                  "The attempt " + std::to_string(committed.attempt.attempt.value) +
                      " of the step '" + key.step.value + "' is over; what it made is not taken.");
  if (live->second.ending) return discard(change, run, *step, key.partition.value, committed);
  std::vector<Output> outputs;
  if (auto problem = check_outputs(work, committed, outputs)) return refuse(*problem);
  if (auto problem = check_rest(change.cluster, work, committed)) return refuse(*problem);

  partition.commit = new_commit(change, committed, live->second, std::move(outputs));
  partition.live.erase(live);
  change.put_partition(run, *step, key.partition.value);
  change.events.push_back(PartitionDone{committed.attempt, partition.commit->node});
  const bool last =
      std::ranges::all_of(run.stages[*step].partitions,
                          [](const PartitionState& one) { return one.commit.has_value(); });
  if (last && breaks_contract(run, *step)) {
    run.stages[*step].head.reason = SliceReason::contract_violated;
    fail_stage(change, run, *step);
  } else if (last) {
    make_stage_true(change, run, *step);
  }
  settle(change, run);
  return accept();
}

}  // namespace runink::state
