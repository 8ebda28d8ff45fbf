// What a plan must be before it may enter the tables. The compiler promises all of it; apply does
// not take its word.
#include <set>

#include "state/change.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::state {
namespace {

Problem bad(std::string what) { return {Refusal::bad_plan, std::move(what)}; }

std::optional<Problem> check_limits(const pipeline::Step& step) {
  const std::string who = "The step '" + step.name.value + "' ";
  const pipeline::Requires& needs = step.needs;
  if (needs.cpu.value > limits::cpu_largest || needs.memory > limits::memory_largest ||
      needs.disk > limits::memory_largest)
    return bad(who + "requires more than any machine may offer.");
  if (step.partitions == 0 || step.partitions > limits::partitions)
    return bad(who + "must have 1 to " + std::to_string(limits::partitions) + " partitions.");
  if (step.retry.attempts == 0 || step.retry.attempts > limits::retry_attempts)
    return bad(who + "must have 1 to " + std::to_string(limits::retry_attempts) + " attempts.");
  if (step.retry.backoff < Duration{0} || step.retry.backoff > limits::backoff_longest)
    return bad(who + "must have a backoff from 0 to an hour.");
  if (step.timeout <= Duration{0} || step.timeout > limits::timeout_longest)
    return bad(who + "must have a time-out of more than nothing and at most seven days.");
  return {};
}

std::optional<Problem> check_work(const pipeline::Step& step) {
  const std::string who = "The step '" + step.name.value + "' ";
  if (const auto* source = std::get_if<pipeline::SourceWork>(&step.work)) {
    if (!step.inputs.empty()) return bad(who + "is a source and must not read datasets.");
    if (source->location.volume && !check_name("volume", source->location.volume->value))
      return bad(who + "names a volume that cannot be a volume's name.");
    if (!is_inner_path(source->location.path))
      return bad(who + "has a path that is empty, absolute or leaves its place.");
  }
  if (const auto* sql = std::get_if<pipeline::SqlWork>(&step.work))
    if (sql->text.empty()) return bad(who + "has no SQL.");
  if (const auto* exec = std::get_if<pipeline::ExecWork>(&step.work)) {
    if (exec->arguments.empty() || exec->arguments.size() > limits::arguments)
      return bad(who + "must have 1 to " + std::to_string(limits::arguments) + " arguments.");
    for (const std::string& one : exec->arguments)
      if (one.size() > limits::argument.value || one.find('\0') != std::string::npos)
        return bad(who + "has an argument that is too long or has a NUL in it.");
  }
  if (const auto* sink = std::get_if<pipeline::SinkWork>(&step.work)) {
    if (step.inputs.size() != 1 || !step.outputs.empty() || step.partitions != 1)
      return bad(who + "is a sink: it must read one dataset, make none and have one partition.");
    if (!sink->location.volume || !check_name("volume", sink->location.volume->value))
      return bad(who + "is a sink: it must name a volume to write to.");
    if (!is_inner_path(sink->location.path))
      return bad(who + "has a path that is empty, absolute or leaves its volume.");
  }
  return {};
}

std::optional<Problem> check_datasets(const pipeline::Step& step, std::set<DatasetName>& made) {
  const std::string who = "The step '" + step.name.value + "' ";
  if (step.inputs.size() > limits::inputs_of_a_step)
    return bad(who + "reads more than " + std::to_string(limits::inputs_of_a_step) + " datasets.");
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    if (i > 0 && !(step.inputs[i - 1] < step.inputs[i]))
      return bad(who + "must name its inputs sorted and once.");
    if (!made.contains(step.inputs[i]))
      return bad(who + "reads a dataset that no earlier step makes.");
  }
  if (step.outputs.size() > limits::inputs_of_a_step)
    return bad(who + "makes more than " + std::to_string(limits::inputs_of_a_step) + " datasets.");
  for (const DatasetName& one : step.outputs) {
    if (!is_dataset_name(one.value)) return bad(who + "makes a dataset with an impossible name.");
    if (!made.insert(one).second) return bad(who + "makes a dataset that is made already.");
  }
  return {};
}

}  // namespace

bool is_dataset_name(std::string_view name) {
  if (name.empty() || name.size() > 2 * limits::name_bytes + 1) return false;
  if (name.front() < 'a' || name.front() > 'z' || name.back() == '.') return false;
  if (name.find("..") != std::string_view::npos) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
      return false;
  return true;
}

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.size() > limits::path_bytes) return false;
  if (path.find('\0') != std::string_view::npos) return false;
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    const std::string_view part = path.substr(from, to - from);
    if (part.empty() || part == "." || part == "..") return false;
    from = to + 1;
  }
  return true;
}

std::optional<Problem> check_plan(const pipeline::Plan& plan) {
  if (plan.version != 1)
    return Problem{
        Refusal::unknown_version,
        "The plan has version " + std::to_string(plan.version) + "; this build knows version 1."};
  if (auto name = check_name("pipeline", plan.pipeline.value); !name)
    return Problem{Refusal::bad_name, name.error().what};
  if (auto name = check_name("herd", plan.herd.value); !name)
    return Problem{Refusal::bad_name, name.error().what};
  if (plan.steps.empty() || plan.steps.size() > limits::steps)
    return bad("A plan must have 1 to " + std::to_string(limits::steps) + " steps.");
  if (plan.parameters.size() > limits::parameters)
    return bad("A plan has at most " + std::to_string(limits::parameters) + " parameters.");
  for (const auto& [name, value] : plan.parameters)
    if (name.size() > limits::name_bytes || value.size() > limits::parameter_value.value)
      return bad("A parameter's name or value is too long.");
  std::set<StepName> names;
  std::set<DatasetName> made;
  std::uint64_t partitions = 0;
  for (const pipeline::Step& step : plan.steps) {
    if (auto name = check_name("step", step.name.value); !name)
      return Problem{Refusal::bad_name, name.error().what};
    if (!names.insert(step.name).second)
      return bad("Two steps of the plan have the name '" + step.name.value + "'.");
    for (const auto check : {check_limits, check_work})
      if (auto problem = check(step)) return problem;
    if (auto problem = check_datasets(step, made)) return problem;
    partitions += step.partitions;
  }
  if (partitions > limits::partitions_of_a_plan)
    return bad("A plan has at most " + std::to_string(limits::partitions_of_a_plan) +
               " partitions in all its steps together.");
  return {};
}

}  // namespace runink::state
