// Attempts that failed, and sinks that reached their target or cannot.
#include <algorithm>

#include "state/change.hpp"
#include "vocabulary/limits.hpp"

namespace runink::state {
namespace {

struct Found {
  Run* run = nullptr;
  std::size_t step = 0;
};

/// The live run and its step, or the refusal.
std::optional<Problem> find_step(Change& change, const RunId& id, const StepName& step,
                                 Found& found) {
  const auto at = change.cluster.runs.find(id);
  if (at == change.cluster.runs.end()) {
    if (change.cluster.archived_runs.contains(id))
      return Problem{Refusal::run_ended, "The run " + id.value + " has ended."};
    return Problem{Refusal::no_such_run, "There is no live run of that id."};
  }
  const std::optional<std::size_t> place = at->second.place_of(step);
  if (!place)
    return Problem{Refusal::no_such_partition, "The run " + id.value + " has no such step."};
  found = {&at->second, *place};
  return {};
}

}  // namespace

Outcome apply_one(Change& change, const AttemptFailed& failed) {
  const PartitionKey& key = failed.attempt.partition;
  Found found;
  if (auto problem = find_step(change, key.run, key.step, found)) return refuse(*problem);
  auto& partitions = found.run->stages[found.step].partitions;
  if (key.partition.value >= partitions.size())
    return refuse(Refusal::no_such_partition, "The step has no such partition.");
  const PartitionState& partition = partitions[key.partition.value];
  if (!partition.live.contains(failed.attempt.attempt)) {
    for (const EndedAttempt& ended : partition.ended)
      if (ended.attempt == failed.attempt.attempt && ended.end == failed.end) return repeat();
    return refuse(Refusal::fenced, "The attempt " + std::to_string(failed.attempt.attempt.value) +
                                       " of the step '" + key.step.value + "' is over already.");
  }
  EndedAttempt ended;
  ended.attempt = failed.attempt.attempt;
  ended.end = failed.end;
  ended.exit_code = failed.exit_code;
  ended.signal = failed.signal;
  ended.reason = failed.reason;
  ended.setup_step = failed.setup_step;
  ended.setup_errno = failed.setup_errno;
  ended.usage = failed.usage;
  ended.log = failed.log;
  end_attempt(change, *found.run, found.step, key.partition.value, ended);
  return accept();
}

Outcome apply_one(Change& change, const SinkPublished& published) {
  Found found;
  if (auto problem = find_step(change, published.run, published.step, found))
    return refuse(*problem);
  Run& run = *found.run;
  StageHead& head = run.stages[found.step].head;
  const pipeline::Step& step = run.plan.steps[found.step];
  const auto* sink = std::get_if<pipeline::SinkWork>(&step.work);
  if (sink && head.status == StageStatus::succeeded && head.committed == published.index)
    return repeat();
  if (!sink || head.status != StageStatus::publishing)
    return refuse(Refusal::not_publishing,
                  "The step '" + step.name.value + "' has nothing to publish.");
  if (head.committed != published.index)
    return refuse(Refusal::out_of_date, "The step '" + step.name.value + "' publishes index " +
                                            std::to_string(head.committed.value) + ", not " +
                                            std::to_string(published.index.value) + ".");
  if (!change.cluster.nodes.contains(published.node))
    return refuse(Refusal::no_such_node, "There is no node of that name.");
  head.publisher = published.node;
  head.superseded = published.superseded;
  const TargetKey key{*sink->location.volume, sink->location.path};
  const auto known = change.cluster.targets.find(key);
  const bool newer = known == change.cluster.targets.end() || known->second.index < published.index;
  if (!published.superseded && newer) {
    const Commit& commit = *run.stages[found.step].partitions.front().commit;
    SinkTarget& target = change.cluster.targets[key];
    target = {key,
              published.index,
              run.head.id,
              step.name,
              run.head.herd,
              run.head.pipeline,
              published.node,
              change.now,
              commit.outputs.front().files.front().second,
              versions_read(run, found.step)};
    change.put(target);
  }
  succeed_stage(change, run, found.step);
  settle(change, run);
  return accept();
}

Outcome apply_one(Change& change, const SinkRefused& refused) {
  Found found;
  if (auto problem = find_step(change, refused.run, refused.step, found)) return refuse(*problem);
  Run& run = *found.run;
  StageHead& head = run.stages[found.step].head;
  if (head.status == StageStatus::failed && head.refusal == refused.reason) return repeat();
  if (head.status != StageStatus::publishing)
    return refuse(Refusal::not_publishing,
                  "The step '" + refused.step.value.substr(0, 80) + "' has nothing to publish.");
  if (!change.cluster.nodes.contains(refused.node))
    return refuse(Refusal::no_such_node, "There is no node of that name.");
  head.publisher = refused.node;
  head.refusal = refused.reason;
  head.refusal_errno = refused.error;
  fail_stage(change, run, found.step);
  settle(change, run);
  return accept();
}

}  // namespace runink::state
