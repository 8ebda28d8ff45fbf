#include "state/run_view.hpp"

#include <algorithm>

#include "state/change.hpp"
#include "state/errno_text.hpp"

namespace runink::state {
namespace {

/// Digits of a run's id that name it well enough for a person.
constexpr std::size_t run_id_shown = 12;

AttemptView view_of(const PartitionKey& key, const EndedAttempt& ended) {
  AttemptView view;
  view.key = {key, ended.attempt};
  view.node = ended.node;
  view.status = AttemptStatus::ended;
  view.placed_at = ended.placed_at;
  view.ended_at = ended.ended_at;
  view.end = ended.end;
  view.exit_code = ended.exit_code;
  view.signal = ended.signal;
  view.reason = ended.reason;
  view.setup_step = ended.setup_step;
  view.setup_errno = ended.setup_errno;
  view.usage = ended.usage;
  view.log = ended.log;
  return view;
}

void add_attempts(std::vector<AttemptView>& views, const PartitionKey& key,
                  const PartitionState& partition) {
  const auto first = static_cast<std::ptrdiff_t>(views.size());
  for (const EndedAttempt& ended : partition.ended) views.push_back(view_of(key, ended));
  for (const auto& [attempt, live] : partition.live) {
    AttemptView& view = views.emplace_back();
    view.key = {key, attempt};
    view.node = live.node;
    view.status = live.ending ? AttemptStatus::ending : AttemptStatus::live;
    view.placed_at = live.placed_at;
  }
  if (const std::optional<Commit>& commit = partition.commit) {
    AttemptView& view = views.emplace_back();
    view.key = {key, commit->attempt};
    view.node = commit->node;
    view.status = AttemptStatus::committed;
    view.placed_at = commit->placed_at;
    view.ended_at = commit->at;
    view.usage = commit->usage;
    view.log = commit->log;
  }
  std::sort(views.begin() + first, views.end(),
            [](const auto& a, const auto& b) { return a.key.attempt < b.key.attempt; });
}

void add_outputs(StageView& view, const Run& run, std::size_t step) {
  const pipeline::Step& work = run.plan.steps[step];
  const Stage& stage = run.stages[step];
  if (stage.head.committed == LogIndex{} || view.sink) return;
  for (std::size_t output = 0; output < work.outputs.size(); ++output) {
    OutputView& made = view.outputs.emplace_back();
    made.version = version_key(run, work.outputs[output], stage.head.committed);
    made.rows_known = true;
    for (const PartitionState& partition : stage.partitions) {
      const Output& one = partition.commit->outputs[output];
      made.rows += one.rows;
      made.rows_known = made.rows_known && one.rows_known;
      made.content_hash += one.content_hash;
      if (made.columns.empty()) made.columns = one.columns;
      for (const auto& file : one.files) {
        made.size = made.size + file.second.size;
        made.files.push_back(file);
      }
    }
  }
}

void add_sink(StageView& view, const Run& run, std::size_t step) {
  const auto* sink = std::get_if<pipeline::SinkWork>(&run.plan.steps[step].work);
  if (sink == nullptr || !sink->location.volume) return;
  const StageHead& head = run.stages[step].head;
  SinkView shown;
  shown.target = {*sink->location.volume, sink->location.path};
  shown.published = head.status == StageStatus::succeeded && !head.superseded;
  shown.superseded = head.superseded;
  shown.node = head.publisher;
  shown.refusal = head.refusal;
  shown.refusal_errno = head.refusal_errno;
  const std::optional<Commit>& commit = run.stages[step].partitions.front().commit;
  if (commit) shown.file = commit->outputs.front().files.front().second;
  view.sink = std::move(shown);
}

StageView stage_view(const Run& run, std::size_t step) {
  const pipeline::Step& work = run.plan.steps[step];
  const Stage& stage = run.stages[step];
  StageView view;
  view.step = work.name;
  view.kind = pipeline::kind_of(work.work);
  view.status = stage.head.status;
  view.ready_at = stage.head.ready_at;
  view.started_at = stage.head.started_at;
  view.ended_at = stage.head.ended_at;
  view.committed = stage.head.committed;
  view.partitions = work.partitions;
  view.attempts_allowed = work.retry.attempts;
  for (std::size_t p = 0; p < stage.partitions.size(); ++p) {
    const PartitionState& partition = stage.partitions[p];
    view.partitions_done += partition.commit ? 1 : 0;
    view.failures += partition.failures;
    view.lost += partition.lost;
    const bool waits = !partition.commit && partition.live.empty() && !is_over(view.status);
    if (waits && partition.not_before > WallTime{} &&
        (view.retry_at == WallTime{} || partition.not_before < view.retry_at))
      view.retry_at = partition.not_before;
    add_attempts(view.attempts, partition_key(run, step, p), partition);
    if (!partition.commit) continue;
    for (const auto& [name, value] : partition.commit->counters) view.counters[name] += value;
    view.read.insert(view.read.end(), partition.commit->read.begin(), partition.commit->read.end());
  }
  if (const auto* use = pipeline::contract_of(work.work)) view.contract = to_string(*use);
  view.quality = quality_of(run, step);
  view.reason = stage.head.reason;
  add_sink(view, run, step);
  add_outputs(view, run, step);
  return view;
}

/// Which rules failed a stage, by their counts: never by a value.
std::string broken_rules(const StageView& stage) {
  constexpr std::size_t most_shown = 3;
  std::string what = "Its data breaks the contract '" + stage.contract + "': ";
  std::size_t broken = 0;
  for (const QualityView& one : stage.quality) {
    if (one.consequence != Consequence::violated || ++broken > most_shown) continue;
    what += (broken > 1 ? "; " : "") + one.rule + " counted " + std::to_string(one.counted) +
            " of " + std::to_string(one.of) + ", allowed is " + one.bound;
  }
  if (broken > most_shown) what += "; and " + std::to_string(broken - most_shown) + " more rules";
  return what + ".";
}

std::string_view advice_on(PublishRefusal refusal) {
  switch (refusal) {
    case PublishRefusal::volume_missing: return "name the volume in the cluster file of a node";
    case PublishRefusal::not_granted: return "grant it to the herd in the cluster file";
    case PublishRefusal::leaves_volume:
      return "a link on its way leads out of the volume: remove it";
    case PublishRefusal::disk_full: return "the volume is full: make room and run it again";
    case PublishRefusal::outside_failed: return "the file system refused it";
  }
  return {};
}

std::string refusal_of(const SinkView& sink) {
  std::string what = "Its file cannot be published to " + sink.target.volume.value + ":/" +
                     sink.target.path + " (" + std::string(to_string(*sink.refusal));
  what += "): " + std::string(advice_on(*sink.refusal));
  if (*sink.refusal == PublishRefusal::outside_failed)
    what += ": " + errno_text(sink.refusal_errno);
  return what + ".";
}

std::string failure_of(const RunView& view) {
  for (const StageView& stage : view.stages) {
    if (stage.step != view.head.failed_step) continue;
    std::string what = "The step '" + stage.step.value + "' failed. ";
    if (stage.sink && stage.sink->refusal) return what + refusal_of(*stage.sink);
    if (stage.reason == SliceReason::contract_violated) return what + broken_rules(stage);
    const auto last = std::ranges::max_element(stage.attempts, {}, [](const AttemptView& one) {
      return one.status == AttemptStatus::ended && one.end != AttemptEnd::cancelled ? one.ended_at
                                                                                    : WallTime{-1};
    });
    if (last != stage.attempts.end()) what += describe_end(*last);
    if (stage.attempts_allowed > 1)
      what += " That was failure " + std::to_string(stage.failures) + "; " +
              std::to_string(stage.attempts_allowed) + " attempts were allowed.";
    if (last != stage.attempts.end() && last->log != Digest{})
      what += " `runi logs " + view.head.id.value.substr(0, run_id_shown) + " " + stage.step.value +
              "` shows what it wrote.";
    return what;
  }
  return {};
}

}  // namespace

RunView view_of(const Run& run) {
  RunView view;
  view.head = run.head;
  view.parameters = run.plan.parameters;
  view.logical_date = run.plan.logical_date;
  for (std::size_t step = 0; step < run.stages.size(); ++step)
    view.stages.push_back(stage_view(run, step));
  view.failure = failure_of(view);
  return view;
}

}  // namespace runink::state
