#include "pipeline/test_plan.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/source_text.hpp"
#include "vocabulary/test_name.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

/// `"checked"."rejected"`: names of datasets have no quotes in them.
std::string dataset_in_sql(const DatasetName& dataset) {
  std::string quoted = "\"";
  for (const char c : dataset.value) quoted += c == '.' ? "\".\"" : std::string(1, c);
  return quoted + "\"";
}

class TestPlanner {
 public:
  TestPlanner(const Plan& plan, const TestFile& test)
      : plan_(plan), test_(test), source_(test.path, test.text), mistakes_(source_) {}

  std::expected<Plan, Diagnostics> planned() {
    const std::set<StepName> wanted = wanted_steps();
    Plan made = plan_;
    made.steps.clear();
    made.pipeline.value += test_ending;
    made.parameters[std::string(test_parameter)] = test_.name;
    for (const Step& step : plan_.steps)
      if (wanted.contains(step.name)) made.steps.push_back(step);
    give_fixtures(made);
    for (const TestExpectation& one : test_.expectations) {
      keep_from_sources(one);
      made.steps.push_back(step_for(one, made));
    }
    if (!mistakes_.failed()) check_size(made);
    if (mistakes_.failed()) return std::unexpected(mistakes_.diagnostics());
    return made;
  }

 private:
  void error(Span span, std::string message, std::string hint = {}) {
    mistakes_.error(span, std::move(message), std::move(hint));
  }

  /// The expected datasets' producers and, backwards, all that they read from.
  std::set<StepName> wanted_steps() {
    std::vector<std::string> known;
    for (const Step& step : plan_.steps)
      for (const DatasetName& one : step.outputs) known.push_back(one.value);
    std::set<StepName> wanted;
    for (const TestExpectation& one : test_.expectations) {
      if (const Step* step = plan_.producer(one.dataset))
        wanted.insert(step->name);
      else if (const Step* other = plan_.find(StepName{one.dataset.value}))
        tell_step(one, *other);
      else
        error(one.span, "the pipeline has no dataset `" + printable(one.dataset.value, 80) + "`",
              mistakes_.suggest(one.dataset.value, known));
    }
    // Every step stands behind those it reads from.
    for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step) {
      if (!wanted.contains(step->name)) continue;
      for (const DatasetName& input : step->inputs) wanted.insert(plan_.producer(input)->name);
    }
    return wanted;
  }

  /// The name is that of a step whose datasets are called otherwise.
  void tell_step(const TestExpectation& one, const Step& step) {
    const bool sink = std::holds_alternative<SinkWork>(step.work);
    const auto& meant = sink ? step.inputs : step.outputs;
    error(one.span,
          (sink ? "sink `" : "step `") + one.dataset.value +
              (sink ? "` makes no dataset, and a test does not run it"
                    : "` makes no dataset of its own name"),
          meant.empty()
              ? ""
              : (sink ? "expect what it writes: [expect." : "expect what it makes: [expect.") +
                    meant.front().value + "]");
  }

  void give_fixtures(Plan& made) {
    std::vector<std::string> sources;
    for (const Step& step : plan_.steps)
      if (std::holds_alternative<SourceWork>(step.work)) sources.push_back(step.name.value);
    std::set<std::string> given;
    for (const TestInput& input : test_.inputs) {
      given.insert(input.source);
      if (std::ranges::find(sources, input.source) == sources.end()) {
        error(input.span, "the pipeline has no source `" + printable(input.source, 80) + "`",
              mistakes_.suggest(input.source, sources));
        continue;
      }
      const auto at = std::ranges::find(made.steps, StepName{input.source}, &Step::name);
      if (at == made.steps.end()) {
        // With a wrong expectation nobody knows what the test reads.
        if (!mistakes_.failed())
          error(input.span,
                "nothing that the test expects comes from source `" + input.source + "`",
                "leave the fixture out, or expect a dataset that is made of it");
        continue;
      }
      set_fixture(*at, input);
    }
    std::vector<std::string> missing;
    for (const Step& step : made.steps)
      if (std::holds_alternative<SourceWork>(step.work) && !given.contains(step.name.value))
        missing.push_back(step.name.value);
    for (const std::string& one : missing)
      error(test_.expectations.front().span,
            "the test reads source `" + one + "` and has no fixture for it",
            "add [input." + one + "] with a file of the bundle: a test never reads volumes");
  }

  void set_fixture(Step& step, const TestInput& input) {
    auto& work = std::get<SourceWork>(step.work);
    if (work.format != input.format) {
      const std::string wanted(to_string(work.format));
      return error(input.path_span,
                   "source `" + input.source + "` reads " + wanted + ", and its fixture is " +
                       std::string(to_string(input.format)),
                   "write it as the source reads it: " + wanted + " = \"tests/" + input.source +
                       "." + wanted + "\"");
    }
    if (is_glob(input.path))
      return error(input.path_span, "the name of a fixture has none of * ? [");
    work.location = Location{{}, input.path};
  }

  /// What the pipeline itself reads in the bundle is no golden file: --update would write over it.
  void keep_from_sources(const TestExpectation& one) {
    if (one.golden.empty()) return;
    for (const Step& step : plan_.steps) {
      const auto* source = std::get_if<SourceWork>(&step.work);
      if (source == nullptr || source->location.volume ||
          !glob_matches(source->location.path, one.golden))
        continue;
      return error(
          one.golden_span,
          "`" + printable(one.golden, 120) + "` is read by source `" + step.name.value + "`",
          "--update would write over it: give the golden file a name of its own");
    }
  }

  /// A test adds a parameter and steps to a plan that fits; `apply` knows of no place in a file.
  void check_size(const Plan& made) {
    if (made.parameters.size() > limits::parameters)
      mistakes_.error_without_place(
          test_.path,
          "the run of the test has " + std::to_string(made.parameters.size()) +
              " parameters, with `" + std::string(test_parameter) + "`; at most " +
              std::to_string(limits::parameters) + " are allowed",
          "a pipeline that is tested has at most " + std::to_string(limits::parameters - 1));
    if (made.steps.size() > limits::steps)
      error(test_.expectations.front().span,
            "the run of the test has " + std::to_string(made.steps.size()) +
                " steps, one of them for each expectation; at most " +
                std::to_string(limits::steps) + " are allowed",
            "expect less, or datasets that fewer steps make");
    if (const std::size_t bytes = encode(made).size(); bytes > limits::plan.value)
      error(test_.expectations.front().span,
            "the plan of the test has " + std::to_string(bytes) + " bytes; at most " +
                std::to_string(limits::plan.value) + " are allowed",
            "expect less, or datasets that fewer steps make");
  }

  Step step_for(const TestExpectation& one, const Plan& made) {
    Step step;
    std::string name = "expect-" + one.dataset.value;
    std::ranges::replace(name, '.', '-');
    const auto taken = [&](const std::string& wanted) {
      return wanted.size() > limits::name_bytes || plan_.find(StepName{wanted}) != nullptr ||
             plan_.producer(DatasetName{wanted}) != nullptr ||
             made.find(StepName{wanted}) != nullptr;
    };
    for (std::size_t n = 1; taken(name); ++n) name = "expect-" + std::to_string(n);
    step.name = StepName{name};
    SqlWork work;
    work.text =
        "SELECT * FROM " + dataset_in_sql(one.dataset) + (one.ordered ? "" : " ORDER BY ALL");
    work.format = one.format;
    step.work = std::move(work);
    step.inputs = {one.dataset};
    step.outputs = {DatasetName{name}};
    return step;
  }

  const Plan& plan_;
  const TestFile& test_;
  const SourceText source_;
  Mistakes mistakes_;
};

}  // namespace

std::expected<Plan, Diagnostics> test_plan(const Plan& plan, const TestFile& test) {
  return TestPlanner{plan, test}.planned();
}

const Step* expectation_step(const Plan& plan, std::size_t k, std::size_t all) {
  if (plan.steps.size() < all || k >= all) return nullptr;
  const Step& step = plan.steps[plan.steps.size() - all + k];
  return std::holds_alternative<SqlWork>(step.work) && step.inputs.size() == 1 ? &step : nullptr;
}

}  // namespace runink::pipeline
