// Runs that are submitted and cancelled.
#include "state/change.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/test_name.hpp"

namespace runink::state {
namespace {

std::optional<Problem> check_volumes(const ClusterState& cluster, const pipeline::Plan& plan) {
  for (const pipeline::Step& step : plan.steps) {
    const std::optional<VolumeNeed> need = volume_need(step);
    if (!need) continue;
    const VolumeAnswer answer = ask_volume(cluster, plan.herd, *need);
    if (answer == VolumeAnswer::missing)
      return Problem{Refusal::volume_missing, "The step '" + step.name.value +
                                                  "' needs the volume '" + need->volume.value +
                                                  "', which no node offers."};
    if (answer == VolumeAnswer::not_granted)
      return Problem{Refusal::volume_not_granted,
                     "The volume '" + need->volume.value + "' is not granted to the herd '" +
                         plan.herd.value + "' for " +
                         (need->access == Access::write ? "writing" : "reading") +
                         ", which the step '" + step.name.value + "' needs."};
  }
  return {};
}

std::optional<Problem> check_room(const ClusterState& cluster, const Herd& herd) {
  if (cluster.runs.size() >= limits::runs_live)
    return Problem{Refusal::too_many, "The cluster has as many live runs as are possible."};
  if (auto reached = quota_of_runs_reached(cluster, herd.name))
    return Problem{Refusal::quota_runs, std::move(*reached)};
  return {};
}

/// The contracts of a plan that must be registered. Those of a test may be documents of its bundle
/// that are no version yet: a test registers nothing.
std::vector<pipeline::ContractUse> registered_uses(const pipeline::Plan& plan) {
  std::vector<pipeline::ContractUse> uses = pipeline::contracts_of(plan);
  if (is_test(plan.pipeline))
    std::erase_if(uses, [](const pipeline::ContractUse& use) { return use.version == 0; });
  return uses;
}

bool is_request_id(const RequestId& request) {
  if (request.value.empty() || request.value.size() > limits::request_id_bytes) return false;
  for (const char c : request.value)
    if (c < '!' || c > '~') return false;
  return true;
}

Run new_run(const Change& change, const RunSubmitted& submitted) {
  Run run;
  run.head.id = submitted.run;
  run.head.request = submitted.request;
  run.head.caller = change.caller;
  run.head.submitted_at = change.now;
  run.head.submitted = change.index;
  run.head.herd = submitted.plan.herd;
  run.head.pipeline = submitted.plan.pipeline;
  run.head.bundle = submitted.plan.bundle;
  run.plan = submitted.plan;
  run.stages.resize(run.plan.steps.size());
  for (std::size_t step = 0; step < run.stages.size(); ++step)
    run.stages[step].partitions.resize(run.plan.steps[step].partitions);
  return run;
}

}  // namespace

Outcome apply_one(Change& change, const RunSubmitted& submitted) {
  return apply_with(change, submitted, {});
}

Outcome apply_with(Change& change, const RunSubmitted& submitted,
                   const std::vector<ContractApplied>& contracts) {
  const pipeline::Plan& plan = submitted.plan;
  if (!is_request_id(submitted.request))
    return refuse(Refusal::bad_value,
                  "A request id has 1 to 128 printable characters without blanks.");
  if (auto problem = check_plan(plan)) return refuse(*problem);
  if (submitted.run != run_id_of(plan.herd, submitted.request))
    return refuse(Refusal::wrong_run_id, "The run's id is not that of its herd and request.");
  if (is_test(plan.pipeline) && !contracts.empty())
    return refuse(Refusal::bad_plan, "A test run registers no contracts.");
  const Digest digest = sha256(encode(plan));
  const RequestKey key{plan.herd, submitted.request};
  if (const auto known = change.cluster.requests.find(key);
      known != change.cluster.requests.end()) {
    if (known->second.plan == digest) return repeat();
    return refuse(Refusal::request_conflict, "The request id was used for another plan (run " +
                                                 known->second.run.value +
                                                 "). Repeat that one, or use a new request id.");
  }
  const auto herd = change.cluster.herds.find(plan.herd);
  if (herd == change.cluster.herds.end())
    return refuse(Refusal::no_such_herd,
                  "There is no herd '" + plan.herd.value + "'; apply its herd file first.");
  if (submitted.policy != governance::digest_of(herd->second.policy))
    return refuse(Refusal::policy_changed,
                  "The policy of the herd '" + plan.herd.value +
                      "' changed since the pipeline was compiled. Compile it again.");
  if (!change.cluster.bundles.contains(plan.bundle))
    return refuse(Refusal::bundle_not_stored, "The bundle of the run is not stored.");
  if (auto problem = check_volumes(change.cluster, plan)) return refuse(*problem);
  const auto brought = number_contracts(change.cluster, contracts);
  if (!brought) return refuse(brought.error());
  if (auto problem = check_contracts(change.cluster, plan.herd, registered_uses(plan), *brought))
    return refuse(*problem);
  if (auto problem = check_room(change.cluster, herd->second)) return refuse(*problem);

  put_contracts(change, *brought);
  Run& run = change.cluster.runs[submitted.run];
  run = new_run(change, submitted);
  RequestRow& request = change.cluster.requests[key];
  request = {key, submitted.run, digest, change.index, LogIndex{}, RunStatus::running};
  change.put(request);
  change.put_head(run);
  change.put_plan(run);
  change.events.push_back(RunChanged{submitted.run, RunStatus::running});
  for (std::size_t step = 0; step < run.stages.size(); ++step) {
    for (std::size_t p = 0; p < run.stages[step].partitions.size(); ++p)
      change.put_partition(run, step, p);
    if (plan.steps[step].inputs.empty())
      ready_stage(change, run, step);
    else
      change.put_stage(run, step);
  }
  return accept();
}

Outcome apply_one(Change& change, const RunCancelled& cancelled) {
  const auto at = change.cluster.runs.find(cancelled.run);
  RunStatus status = RunStatus::running;
  if (at != change.cluster.runs.end()) {
    status = at->second.head.status;
  } else if (const auto past = change.cluster.archived_runs.find(cancelled.run);
             past != change.cluster.archived_runs.end()) {
    status = change.cluster.requests.at(past->second).status;
  } else {
    return refuse(Refusal::no_such_run, "There is no live run of that id.");
  }
  if (status == RunStatus::cancelled) return repeat();
  if (status != RunStatus::running)
    return refuse(Refusal::run_ended, "The run " + cancelled.run.value + " has " +
                                          std::string(to_string(status)) + " already.");
  Run& run = at->second;
  run.head.cancelled_by = change.caller;
  end_run(change, run, RunStatus::cancelled);
  settle(change, run);
  return accept();
}

}  // namespace runink::state
