// What follows from a change: stages become true, runs end, and ended runs move to history.
#include <algorithm>

#include "state/change.hpp"
#include "vocabulary/limits.hpp"

namespace runink::state {

VersionKey version_key(const Run& run, const DatasetName& dataset, LogIndex index) {
  return {run.head.herd, run.head.pipeline, dataset, index};
}

std::vector<VersionKey> versions_read(const Run& run, std::size_t step) {
  std::vector<VersionKey> read;
  for (const DatasetName& input : run.plan.steps[step].inputs) {
    const pipeline::Step* producer = run.plan.producer(input);
    const std::size_t at = static_cast<std::size_t>(producer - run.plan.steps.data());
    read.push_back(version_key(run, input, run.stages[at].head.committed));
  }
  return read;
}

namespace {

/// backoff * 2^(n-1), at most an hour.
Duration backoff_after(Duration first, std::uint32_t n) {
  Duration wait = std::min(first, limits::backoff_longest);
  for (std::uint32_t i = 1; i < n && wait < limits::backoff_longest; ++i)
    wait = std::min(wait * 2, limits::backoff_longest);
  return wait;
}

/// The platform's own faults: the first is placed again at once, the next ones wait from 100 ms on,
/// so that a broken node does not use up all tries in a moment.
Duration wait_after_loss(std::uint32_t lost) {
  return lost < 2 ? Duration{0} : backoff_after(milliseconds(100), lost - 1);
}

void change_stage(Change& change, Run& run, std::size_t step, StageStatus status) {
  StageHead& head = run.stages[step].head;
  head.status = status;
  if (is_over(status)) head.ended_at = change.now;
  change.events.push_back(StageChanged{run.head.id, run.plan.steps[step].name, status});
  change.put_stage(run, step);
}

DatasetVersion new_version(const Change& change, const Run& run, std::size_t step,
                           std::size_t output) {
  const pipeline::Step& work = run.plan.steps[step];
  DatasetVersion version;
  version.key = version_key(run, work.outputs[output], change.index);
  version.run = run.head.id;
  version.step = work.name;
  version.bundle = run.head.bundle;
  version.at = change.now;
  version.rows_known = true;
  for (const PartitionState& partition : run.stages[step].partitions) {
    const Commit& commit = *partition.commit;
    const Output& made = commit.outputs[output];
    version.parts.push_back({commit.attempt, made.files, commit.holders});
    version.rows += made.rows;
    version.rows_known = version.rows_known && made.rows_known;
    version.content_hash += made.content_hash;
    if (version.columns.empty()) version.columns = made.columns;
    version.read.insert(version.read.end(), commit.read.begin(), commit.read.end());
  }
  version.inputs = versions_read(run, step);
  return version;
}

/// Datasets keep the newest versions and those of live runs in memory; the others become history.
void trim_versions(Change& change, const Run& ended) {
  for (const pipeline::Step& step : ended.plan.steps)
    for (const DatasetName& dataset : step.outputs) {
      const auto at = change.cluster.datasets.find({ended.head.herd, ended.head.pipeline, dataset});
      if (at == change.cluster.datasets.end()) continue;
      auto& versions = at->second;
      for (auto one = versions.begin();
           one != versions.end() && versions.size() > limits::dataset_versions;) {
        if (change.cluster.runs.contains(one->second.run)) {
          ++one;
          continue;
        }
        change.put_history(one->second);
        change.remove(Table::datasets, key_of(one->second.key));
        one = versions.erase(one);
      }
    }
}

void archive(Change& change, const RunId& id) {
  auto at = change.cluster.runs.find(id);
  const Run run = std::move(at->second);
  change.cluster.runs.erase(at);
  change.put_history(run);
  change.remove(Table::runs, key_of(id));
  change.remove(Table::plans, key_of(id));
  for (std::size_t step = 0; step < run.stages.size(); ++step) {
    change.remove(Table::stages, key_of(id, run.plan.steps[step].name));
    for (std::size_t p = 0; p < run.stages[step].partitions.size(); ++p)
      change.remove(Table::partitions, key_of(partition_key(run, step, p)));
  }
  trim_versions(change, run);

  const RequestKey key{run.head.herd, run.head.request};
  RequestRow& request = change.cluster.requests.at(key);
  request.archived = change.index;
  request.status = run.head.status;
  change.put(request);
  change.cluster.archived_requests.insert({change.index, key});
  change.cluster.archived_runs[id] = key;
  while (change.cluster.archived_requests.size() > limits::finished_requests) {
    const RequestKey oldest = change.cluster.archived_requests.begin()->second;
    change.cluster.archived_runs.erase(change.cluster.requests.at(oldest).run);
    change.cluster.requests.erase(oldest);
    change.remove(Table::requests, key_of(oldest));
    change.cluster.archived_requests.erase(change.cluster.archived_requests.begin());
  }
  change.events.push_back(RunArchived{id});
}

void finish_run(Change& change, Run& run, RunStatus status) {
  run.head.status = status;
  run.head.ended_at = change.now;
  run.head.ended = change.index;
  change.put_head(run);
  change.events.push_back(RunChanged{run.head.id, status});
}

bool inputs_are_true(const Run& run, const pipeline::Step& step) {
  return std::ranges::all_of(step.inputs, [&](const DatasetName& input) {
    const pipeline::Step* producer = run.plan.producer(input);
    const std::size_t at = static_cast<std::size_t>(producer - run.plan.steps.data());
    return run.stages[at].head.committed != LogIndex{};
  });
}

}  // namespace

void ready_stage(Change& change, Run& run, std::size_t step) {
  run.stages[step].head.ready_at = change.now;
  change_stage(change, run, step, StageStatus::ready);
}

void succeed_stage(Change& change, Run& run, std::size_t step) {
  change_stage(change, run, step, StageStatus::succeeded);
}

void make_stage_true(Change& change, Run& run, std::size_t step) {
  const pipeline::Step& work = run.plan.steps[step];
  run.stages[step].head.committed = change.index;
  if (std::holds_alternative<pipeline::SinkWork>(work.work)) {
    const Commit& commit = *run.stages[step].partitions.front().commit;
    change_stage(change, run, step, StageStatus::publishing);
    change.events.push_back(PublishDue{run.head.id, work.name, commit.node, change.index});
    return;
  }
  for (std::size_t output = 0; output < work.outputs.size(); ++output) {
    DatasetVersion version = new_version(change, run, step, output);
    change.put(version);
    const DatasetKey key{version.key.herd, version.key.pipeline, version.key.dataset};
    change.cluster.datasets[key].emplace(change.index, std::move(version));
  }
  change_stage(change, run, step, StageStatus::succeeded);
  for (std::size_t next = 0; next < run.stages.size(); ++next)
    if (run.stages[next].head.status == StageStatus::waiting &&
        inputs_are_true(run, run.plan.steps[next]))
      ready_stage(change, run, next);
}

void end_run(Change& change, Run& run, RunStatus status) {
  finish_run(change, run, status);
  for (std::size_t step = 0; step < run.stages.size(); ++step) {
    Stage& stage = run.stages[step];
    for (std::size_t p = 0; p < stage.partitions.size(); ++p) {
      bool any = false;
      for (auto& [attempt, live] : stage.partitions[p].live) {
        if (live.ending) continue;
        live.ending = any = true;
        change.events.push_back(AttemptEnding{{partition_key(run, step, p), attempt}, live.node});
      }
      if (any) change.put_partition(run, step, p);
    }
    const StageStatus now = stage.head.status;
    if (now == StageStatus::waiting || now == StageStatus::ready)
      change_stage(change, run, step, StageStatus::skipped);
    else if (now == StageStatus::running)
      change_stage(change, run, step, StageStatus::cancelled);
  }
}

void fail_stage(Change& change, Run& run, std::size_t step) {
  change_stage(change, run, step, StageStatus::failed);
  if (run.head.status != RunStatus::running) return;
  run.head.failed_step = run.plan.steps[step].name;
  end_run(change, run, RunStatus::failed);
}

void settle(Change& change, Run& run) {
  bool all_succeeded = true;
  bool busy = false;
  for (const Stage& stage : run.stages) {
    all_succeeded = all_succeeded && stage.head.status == StageStatus::succeeded;
    // A file on its way to its target cannot be called back: wait to hear where it stands.
    busy = busy || stage.head.status == StageStatus::publishing;
    for (const PartitionState& partition : stage.partitions) busy = busy || !partition.live.empty();
  }
  if (run.head.status == RunStatus::running && all_succeeded)
    finish_run(change, run, RunStatus::succeeded);
  if (run.head.status != RunStatus::running && !busy) archive(change, RunId{run.head.id});
}

void end_attempt(Change& change, Run& run, std::size_t step, std::size_t partition,
                 const EndedAttempt& ended) {
  PartitionState& state = run.stages[step].partitions[partition];
  const auto live = state.live.find(ended.attempt);
  EndedAttempt record = ended;
  record.node = live->second.node;
  record.placed_at = live->second.placed_at;
  record.ended_at = change.now;
  const bool was_ending = live->second.ending;
  state.live.erase(live);
  state.ended.push_back(record);
  const PartitionKey key = partition_key(run, step, partition);
  change.events.push_back(AttemptOver{{key, record.attempt}, record.node, record.end});

  bool exhausted = false;
  if (!was_ending) {
    // A slice that was cancelled while its run goes on was the platform's doing too.
    if (record.end == AttemptEnd::lost || record.end == AttemptEnd::cancelled) {
      exhausted = ++state.lost > limits::lost_attempts;
      state.not_before = change.now + wait_after_loss(state.lost);
    } else {
      const pipeline::Retry& retry = run.plan.steps[step].retry;
      exhausted = ++state.failures >= retry.attempts;
      state.not_before = change.now + backoff_after(retry.backoff, state.failures);
    }
    if (!exhausted) change.events.push_back(RetryDue{key, state.not_before});
  }
  change.put_partition(run, step, partition);
  if (exhausted) fail_stage(change, run, step);
  settle(change, run);
}

}  // namespace runink::state
