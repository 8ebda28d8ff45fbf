#include "actors/service/run_json.hpp"

#include <cstdio>

#include "vocabulary/clock.hpp"

namespace runink::actors {
namespace {

std::int64_t number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

json::object attempt_json(const state::AttemptView& attempt) {
  json::object to;
  to["partition"] = attempt.key.partition.partition.value;
  to["attempt"] = attempt.key.attempt.value;
  to["node"] = attempt.node.value;
  to["status"] = std::string(state::to_string(attempt.status));
  if (attempt.end) {
    to["end"] = std::string(state::to_string(*attempt.end));
    if (*attempt.end == state::AttemptEnd::exited) to["exit_code"] = attempt.exit_code;
    if (attempt.signal != 0) to["signal"] = attempt.signal;
    if (attempt.setup_step != 0) to["setup_step"] = attempt.setup_step;
    to["what"] = state::describe_end(attempt);
  }
  if (attempt.reason != SliceReason::none) to["reason"] = std::string(to_string(attempt.reason));
  add_time(to, "placed_at", attempt.placed_at);
  add_time(to, "started_at", attempt.usage.started);
  add_time(to, "ended_at", attempt.ended_at);
  if (attempt.usage.ended.us != 0) {
    to["cpu_ms"] = attempt.usage.cpu.ns / 1'000'000;
    to["memory_peak_bytes"] = attempt.usage.memory_peak.value;
  }
  if (!attempt.log.empty()) to["log"] = to_hex(attempt.log);
  return to;
}

json::object output_json(const state::OutputView& output) {
  json::object to;
  to["dataset"] = output.version.dataset.value;
  to["version"] = version_text(output.version);
  to["index"] = output.version.index.value;
  if (output.rows_known) to["rows"] = output.rows;
  to["content_hash"] = hash_text(output.content_hash);
  to["bytes"] = output.size.value;
  to["columns"] = to_json(output.columns);
  json::array files;
  for (const auto& [name, file] : output.files)
    files.push_back(
        json::object{{"name", name}, {"digest", to_hex(file.digest)}, {"bytes", file.size.value}});
  to["files"] = std::move(files);
  return to;
}

json::object sink_json(const state::SinkView& sink) {
  json::object to;
  to["target"] = sink.target.volume.value + ":/" + sink.target.path;
  if (!sink.file.digest.empty()) {
    to["digest"] = to_hex(sink.file.digest);
    to["bytes"] = sink.file.size.value;
  }
  to["published"] = sink.published;
  to["superseded"] = sink.superseded;
  if (!sink.node.value.empty()) to["node"] = sink.node.value;
  if (sink.refusal) to["refused"] = std::string(state::to_string(*sink.refusal));
  return to;
}

}  // namespace

void add_time(json::object& to, std::string_view key, WallTime time) {
  if (time.us != 0) to[key] = to_rfc3339(time);
}

std::string hash_text(std::uint64_t content_hash) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(content_hash));
  return text;
}

std::string version_text(const state::VersionKey& key) {
  return key.herd.value + "/" + key.pipeline.value + "/" + key.dataset.value + "@" +
         std::to_string(key.index.value);
}

json::array to_json(const std::vector<Column>& columns) {
  json::array to;
  for (const Column& one : columns)
    to.push_back(json::object{{"name", one.name}, {"type", one.type}});
  return to;
}

json::array to_json(const std::vector<FileRead>& files) {
  json::array to;
  for (const FileRead& one : files)
    to.push_back(json::object{
        {"path", one.path}, {"bytes", one.size.value}, {"sha256", to_hex(one.digest)}});
  return to;
}

json::array diagnostics_json(const Diagnostics& diagnostics) {
  json::array to;
  for (const Diagnostic& one : diagnostics.list) {
    boost::system::error_code error;
    json::value value = json::parse(to_json(one), error);
    if (error || !value.is_object()) continue;
    value.get_object()["rendered"] = render(one);
    to.push_back(std::move(value));
  }
  return to;
}

json::object to_json(const state::StageView& stage) {
  json::object to;
  to["name"] = stage.step.value;
  to["kind"] = std::string(stage.kind);
  to["status"] = std::string(state::to_string(stage.status));
  to["partitions"] = stage.partitions;
  to["partitions_done"] = stage.partitions_done;
  to["failures"] = stage.failures;
  to["lost"] = stage.lost;
  to["attempts_allowed"] = stage.attempts_allowed;
  add_time(to, "ready_at", stage.ready_at);
  add_time(to, "started_at", stage.started_at);
  add_time(to, "ended_at", stage.ended_at);
  add_time(to, "retry_at", stage.retry_at);
  if (stage.committed.value != 0) to["committed"] = stage.committed.value;
  json::array attempts;
  for (const state::AttemptView& one : stage.attempts) attempts.push_back(attempt_json(one));
  to["attempts"] = std::move(attempts);
  json::array outputs;
  for (const state::OutputView& one : stage.outputs) outputs.push_back(output_json(one));
  to["outputs"] = std::move(outputs);
  json::object counters;
  for (const auto& [name, value] : stage.counters) counters[name] = value;
  to["counters"] = std::move(counters);
  to["read"] = to_json(stage.read);
  if (stage.sink) to["sink"] = sink_json(*stage.sink);
  if (!stage.contract.empty()) to["contract"] = stage.contract;
  if (stage.reason != SliceReason::none) to["reason"] = std::string(to_string(stage.reason));
  if (!stage.quality.empty()) {
    json::array quality;
    for (const state::QualityView& one : stage.quality)
      quality.push_back(json::object{{"rule", one.rule},
                                     {"reason", std::string(one.reason)},
                                     {"scope", std::string(one.scope)},
                                     {"severity", std::string(one.severity)},
                                     {"counted", one.counted},
                                     {"of", one.of},
                                     {"bound", one.bound},
                                     {"verdict", std::string(state::to_string(one.consequence))}});
    to["quality"] = std::move(quality);
  }
  return to;
}

json::object to_json(const state::RunView& run) {
  const state::RunHead& head = run.head;
  json::object to;
  to["id"] = head.id.value;
  to["request_id"] = head.request.value;
  to["herd"] = head.herd.value;
  to["pipeline"] = head.pipeline.value;
  to["version"] = to_hex(head.bundle);
  to["status"] = std::string(state::to_string(head.status));
  json::object parameters;
  for (const auto& [name, value] : run.parameters) parameters[name] = value;
  to["parameters"] = std::move(parameters);
  add_time(to, "logical_date", run.logical_date);
  add_time(to, "submitted_at", head.submitted_at);
  to["submitted_by"] = head.caller.name;
  add_time(to, "ended_at", head.ended_at);
  if (head.status == state::RunStatus::cancelled) to["cancelled_by"] = head.cancelled_by.name;
  if (!head.failed_step.value.empty()) to["failed_stage"] = head.failed_step.value;
  if (!run.failure.empty()) to["failure"] = run.failure;
  json::array stages;
  for (const state::StageView& one : run.stages) stages.push_back(to_json(one));
  to["stages"] = std::move(stages);
  return to;
}

json::object to_item(const state::RunView& run) {
  const state::RunHead& head = run.head;
  json::object to;
  to["id"] = head.id.value;
  to["herd"] = head.herd.value;
  to["pipeline"] = head.pipeline.value;
  to["status"] = std::string(state::to_string(head.status));
  add_time(to, "submitted_at", head.submitted_at);
  add_time(to, "ended_at", head.ended_at);
  add_time(to, "logical_date", run.logical_date);
  std::size_t done = 0;
  for (const state::StageView& one : run.stages)
    if (one.status == state::StageStatus::succeeded) ++done;
  to["stages"] = json::object{{"total", run.stages.size()}, {"done", done}};
  return to;
}

json::object to_json(const state::DatasetVersion& version) {
  json::object to;
  to["version"] = version_text(version.key);
  to["dataset"] = version.key.dataset.value;
  to["herd"] = version.key.herd.value;
  to["pipeline"] = version.key.pipeline.value;
  to["index"] = version.key.index.value;
  to["run"] = version.run.value;
  to["step"] = version.step.value;
  to["bundle"] = to_hex(version.bundle);
  add_time(to, "at", version.at);
  if (version.rows_known) to["rows"] = version.rows;
  to["content_hash"] = hash_text(version.content_hash);
  std::uint64_t bytes = 0;
  for (const state::VersionPart& part : version.parts)
    for (const auto& [name, file] : part.files) bytes += file.size.value;
  to["bytes"] = bytes;
  to["columns"] = to_json(version.columns);
  to["read"] = to_json(version.read);
  return to;
}

json::object to_json(const scheduler::Decision& decision) {
  json::object to;
  to["partition"] = decision.partition.partition.value;
  if (const auto* place = std::get_if<scheduler::Place>(&decision.choice)) {
    to["choice"] = "place";
    to["node"] = place->node.value;
  } else if (const auto* wait = std::get_if<scheduler::Wait>(&decision.choice)) {
    to["choice"] = "wait";
    to["reason"] = std::string(scheduler::to_string(wait->reason));
    if (wait->until) add_time(to, "until", *wait->until);
    if (wait->unblock.change != scheduler::Change::none)
      to["unblock"] = scheduler::render(wait->unblock);
  } else {
    to["choice"] = "give_up";
  }
  json::array nodes;
  for (const scheduler::NodeVerdict& one : decision.nodes) {
    json::object node;
    node["node"] = one.node.value;
    if (one.obstacle != scheduler::Obstacle::none) {
      node["obstacle"] = std::string(scheduler::to_string(one.obstacle));
      node["lacking"] = number(one.lacking);
    } else {
      node["score"] = json::object{{"locality", one.score.locality},
                                   {"failures", one.score.failures},
                                   {"free", one.score.free}};
    }
    nodes.push_back(std::move(node));
  }
  to["nodes"] = std::move(nodes);
  to["text"] = scheduler::render(decision);
  return to;
}

}  // namespace runink::actors
