// What a plan must be before it may enter the tables. The compiler promises all of it; apply does
// not take its word.
#include <algorithm>
#include <set>

#include "governance/rules.hpp"
#include "state/change.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/test_name.hpp"

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

std::optional<Problem> check_masks(const std::string& who,
                                   const std::vector<governance::ColumnMask>& masks) {
  if (masks.size() > limits::contract_rules) return bad(who + "masks too many columns.");
  std::set<std::string_view> columns;
  for (const governance::ColumnMask& mask : masks)
    if (mask.column.empty() || mask.method == governance::MaskMethod::keep ||
        !columns.insert(mask.column).second)
      return bad(who + "must mask each column once, by its name, with a method that masks.");
  return {};
}

std::optional<Problem> check_validate(const pipeline::Step& step,
                                      const pipeline::ValidateWork& validate) {
  const std::string who = "The step '" + step.name.value + "' ";
  const std::string rejected = step.name.value + std::string(rejected_ending);
  if (step.outputs != std::vector{DatasetName{step.name.value}, DatasetName{rejected}})
    return bad(who + "validates: it must make its own dataset and that of the rejected rows.");
  // Keys and counts are those of the whole dataset.
  if (step.partitions != 1) return bad(who + "validates: it must have one partition.");
  std::set<DatasetName> read = {validate.input};
  read.insert(validate.references.begin(), validate.references.end());
  if (!std::ranges::equal(step.inputs, read))
    return bad(who + "must read what it validates and what its contract refers to.");
  if (validate.references.size() != validate.rules.references.size())
    return bad(who + "must name a dataset for each reference of its contract.");
  if (governance::rules_of(validate.rules).size() > limits::contract_rules)
    return bad(who + "has more than " + std::to_string(limits::contract_rules) + " rules.");
  return check_masks(who, validate.rejected_masks);
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
  if (const auto* validate = std::get_if<pipeline::ValidateWork>(&step.work))
    return check_validate(step, *validate);
  if (const auto* mask = std::get_if<pipeline::MaskWork>(&step.work)) {
    if (step.inputs != std::vector{mask->input} || step.outputs.size() != 1)
      return bad(who + "masks: it must read one dataset and make one.");
    if (mask->required.size() > limits::contract_rules ||
        mask->only.size() > limits::contract_rules)
      return bad(who + "names too many columns.");
    return check_masks(who, mask->masks);
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
    if (!check_dataset_name(one.value))
      return bad(who + "makes a dataset with an impossible name.");
    if (one.value.ends_with(rejected_ending) &&
        !std::holds_alternative<pipeline::ValidateWork>(step.work))
      return bad(who + "is no validate step and must not make a dataset of rejected rows.");
    if (!made.insert(one).second) return bad(who + "makes a dataset that is made already.");
  }
  return {};
}

/// Nothing of a test comes from a volume or reaches one, whoever compiled its plan.
std::optional<Problem> check_test(const pipeline::Plan& plan) {
  for (const pipeline::Step& step : plan.steps)
    if (volume_need(step))
      return bad("The step '" + step.name.value +
                 "' of a test run uses a volume; a test reads files of its bundle and publishes "
                 "nothing.");
  return {};
}

}  // namespace

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
  if (plan.version != pipeline::plan_version)
    return Problem{Refusal::unknown_version, "The plan has version " +
                                                 std::to_string(plan.version) +
                                                 "; this build knows version " +
                                                 std::to_string(pipeline::plan_version) + "."};
  if (auto name = check_plan_name(plan.pipeline.value); !name)
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
  if (is_test(plan.pipeline))
    if (auto problem = check_test(plan)) return problem;
  if (partitions > limits::partitions_of_a_plan)
    return bad("A plan has at most " + std::to_string(limits::partitions_of_a_plan) +
               " partitions in all its steps together.");
  return {};
}

}  // namespace runink::state
