// test.list, test.run, test.result: a pipeline on fixtures of its bundle against golden files.
//
// A test is a run like any other, of a plan that reads no volume and publishes nothing
// (pipeline/test_plan.hpp). Its rows are compared here, with the golden files of the bundle that ran.
#include <algorithm>
#include <utility>

#include "actors/service/compile_bundle.hpp"
#include "actors/service/contract_registry.hpp"
#include "actors/service/run_json.hpp"
#include "actors/workloads/bundle_folder.hpp"
#include "pipeline/golden.hpp"
#include "pipeline/test_plan.hpp"
#include "pipeline/test_set.hpp"
#include "storage/artifact_store.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/test_name.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

using pipeline::TestFile;
using pipeline::TextTable;

constexpr std::size_t test_differences_shown = 20;
/// Of the rows that one answer holds as they came out.
constexpr Bytes actual_at_most = MiB(8);

Result<Digest> tested_bundle(const json::object& body) {
  auto text = text_member(body, "bundle", true);
  if (!text) return std::unexpected(text.error());
  return digest_from_hex(*text);
}

Fault tests_fault(const Diagnostics& diagnostics, AdminStream& stream) {
  stream.diagnostics(diagnostics_json(diagnostics));
  return {FaultKind::bad_input, "The tests cannot be run: " + mistakes_text(diagnostics) + "."};
}

Fault no_such_test(const std::string& name, const std::vector<std::string>& known) {
  if (known.empty())
    return {FaultKind::no_such_thing,
            "The bundle has no tests. A test is a file tests/NAME.toml of the pipeline's folder."};
  std::string what = "The bundle has no test '" + printable(name, 80) + "'";
  if (const auto near = nearest_name(name, known))
    return {FaultKind::no_such_thing, what + ". Did you mean '" + *near + "'?"};
  what += "; there are";
  for (std::size_t i = 0; i < known.size() && i < 20; ++i)
    what += (i > 0 ? ", " : " ") + printable(known[i], 80);
  return {FaultKind::no_such_thing, what + "."};
}

/// The tests `wanted`, or all when it is empty. Blocks.
Result<pipeline::TestSet> read_tests_of(const Services& services, const Digest& digest,
                                        const std::vector<std::string>& wanted) {
  auto bundle = read_bundle(services, digest);
  if (!bundle) return std::unexpected(bundle.error());
  const std::vector<std::string> paths = pipeline::test_files_of(*bundle);
  if (paths.size() > pipeline::most_tests)
    return fail(FaultKind::exhausted, "The bundle has " + std::to_string(paths.size()) +
                                          " tests; at most " +
                                          std::to_string(pipeline::most_tests) + " are allowed.");
  std::vector<std::string> names;
  for (const std::string& path : paths) names.push_back(pipeline::test_name_of(path));
  if (names.empty()) return std::unexpected(no_such_test("", names));
  for (const std::string& name : wanted)
    if (std::ranges::find(names, name) == names.end())
      return std::unexpected(no_such_test(name, names));
  return pipeline::read_tests(*bundle, wanted);
}

Async<Result<std::vector<TestFile>>> all_tests_of(ServiceParts& parts, Digest digest,
                                                  std::vector<std::string> wanted,
                                                  AdminStream& stream) {
  if (auto here = co_await bring(parts, digest);
      !here && here.error().kind != FaultKind::no_such_thing)
    co_return std::unexpected(here.error());  // what is nowhere is told below
  const Services* services = &parts.services;
  auto reading = [services, digest, wanted = std::move(wanted)] {
    return read_tests_of(*services, digest, wanted);
  };
  auto read = co_await parts.compute(reading);
  if (!read) co_return std::unexpected(read.error());
  if (read->mistakes.failed()) co_return std::unexpected(tests_fault(read->mistakes, stream));
  co_return std::move(read->tests);
}

Result<std::vector<std::string>> test_names(const json::object& body) {
  std::vector<std::string> names;
  const json::value* value = body.if_contains("tests");
  if (value == nullptr) return names;
  if (!value->is_array() || value->get_array().size() > pipeline::most_tests)
    return fail(FaultKind::bad_input, "The member 'tests' must be a list of at most " +
                                          std::to_string(pipeline::most_tests) + " names.");
  for (const json::value& one : value->get_array()) {
    if (!one.is_string())
      return fail(FaultKind::bad_input, "Each of 'tests' must be the name of a test.");
    names.emplace_back(one.get_string());
  }
  return names;
}

Async<Result<Submitted>> submit_test(ServiceParts& parts, state::Caller caller, RequestId request,
                                     Digest policy, pipeline::Plan plan) {
  state::RunSubmitted run;
  run.request = std::move(request);
  run.run = state::run_id_of(plan.herd, run.request);
  run.plan = std::move(plan);
  run.policy = policy;
  SubmitRun message(std::move(caller), state::Body(std::move(run)));
  co_return accepted(co_await parts.gate.ask_result<Submitted>("the herd", parts.cluster,
                                                               actor_patience, std::move(message)));
}

std::expected<TextTable, std::string> golden_rows(pipeline::Format format, std::string_view text) {
  return format == pipeline::Format::jsonl ? pipeline::read_json_lines(text)
                                           : pipeline::read_csv(text);
}

// ---- one expectation

/// What is said of an expectation: numbers and lines for people.
class TestJudgement {
 public:
  TestJudgement(const pipeline::TestExpectation& wanted, const state::OutputView& output,
                bool with_actual)
      : wanted_(wanted), output_(output), with_actual_(with_actual) {
    result_["dataset"] = wanted.dataset.value;
    result_["rows"] = output.rows;
    if (!wanted.golden.empty()) result_["golden"] = wanted.golden;
  }

  void count_rows() {
    if (!wanted_.rows) return;
    result_["rows_expected"] = *wanted_.rows;
    if (*wanted_.rows == output_.rows) return;
    say("~ " + std::to_string(output_.rows) + (output_.rows == 1 ? " row" : " rows") +
        ", expected " + std::to_string(*wanted_.rows) + "\n");
    counted_ = false;
  }

  /// `golden` null: there is no such file yet.
  void compare(const pipeline::BundleFile* golden, const std::string& text) {
    auto got = golden_rows(wanted_.format, text);
    if (!got) return say("the rows that came out cannot be read: " + got.error() + "\n");
    if (!wanted_.columns.empty()) {
      auto chosen = pipeline::only_columns(*got, wanted_.columns);
      if (!chosen) return no_column(chosen.error(), got->columns);
      got = std::move(chosen);
    }
    readable_ = true;
    if (with_actual_)
      result_["actual"] = wanted_.columns.empty() ? text : pipeline::write_csv(*got);
    result_["golden_known"] = golden != nullptr;
    if (golden == nullptr)
      return say("there is no golden file " + wanted_.golden + " yet; --update writes it\n");
    auto expected = golden_rows(wanted_.format, golden->bytes);
    if (!expected)
      return say("the golden file " + wanted_.golden + " cannot be read: " + expected.error() +
                 "\n");
    // Of JSON lines without a line nobody can say which columns there are.
    if (wanted_.format == pipeline::Format::jsonl) {
      if (expected->rows.empty()) expected->columns = got->columns;
      if (got->rows.empty()) got->columns = expected->columns;
    }
    if (!wanted_.columns.empty()) {
      auto chosen = pipeline::only_columns(*expected, wanted_.columns);
      if (!chosen)
        return say("the golden file " + wanted_.golden + " has no column " +
                   printable(chosen.error(), 80) + "\n");
      expected = std::move(chosen);
    }
    tell(pipeline::differences_of(*expected, *got, wanted_.ordered), *expected, *got);
  }

  void say(const std::string& line) {
    text_ += line;
    good_ = false;
  }

  json::object result() && {
    result_["passed"] = good_;
    // Another count of rows is nothing that a new golden file would mend.
    const bool updatable = !good_ && counted_ && readable_;
    result_["updatable"] = updatable;
    if (!text_.empty()) result_["text"] = text_;
    if (!updatable) result_.erase("actual");
    return std::move(result_);
  }

 private:
  void no_column(const std::string& name, const std::vector<std::string>& known) {
    const auto near = nearest_name(name, known);
    say("it has no column " + printable(name, 80) +
        (near ? "; did you mean " + printable(*near, 80) + "?" : "") + "\n");
  }

  void tell(const pipeline::Differences& found, const TextTable& expected, const TextTable& got) {
    using pipeline::RowChange;
    result_["missing"] = found.count(RowChange::missing);
    result_["unexpected"] = found.count(RowChange::unexpected);
    result_["different"] = found.count(RowChange::different);
    if (!found.none()) say(pipeline::text_of(found, expected, got, test_differences_shown));
  }

  const pipeline::TestExpectation& wanted_;
  const state::OutputView& output_;
  json::object result_;
  const bool with_actual_;
  std::string text_;
  bool good_ = true;
  bool counted_ = true;
  bool readable_ = false;  ///< what came out can be the golden file
};

/// The output of the step that writes the rows of an expectation, or null.
const state::OutputView* expected_output(const state::RunView& run, const StepName& step) {
  for (const state::StageView& stage : run.stages)
    if (stage.step == step && stage.outputs.size() == 1) return &stage.outputs.front();
  return nullptr;
}

/// Blocks.
Result<json::object> judged_expectation(const Services& services, const pipeline::Bundle& bundle,
                                        const pipeline::TestExpectation& wanted,
                                        const state::OutputView& output, bool with_actual) {
  TestJudgement judgement{wanted, output, with_actual};
  judgement.count_rows();
  if (!wanted.golden.empty()) {
    if (output.size > pipeline::most_golden || output.files.size() != 1) {
      judgement.say("the rows have " + std::to_string(output.size.value) + " bytes; at most " +
                    std::to_string(pipeline::most_golden.value) +
                    " are compared: test fewer rows\n");
    } else {
      auto text =
          services.artifacts.read(output.files.front().second.digest, pipeline::most_golden);
      if (!text) return std::unexpected(text.error());
      judgement.compare(bundle.find(wanted.golden), *text);
    }
  }
  return std::move(judgement).result();
}

/// The plan of a test's run, or the mistakes.
struct PlannedTest {
  std::expected<pipeline::Plan, Diagnostics> plan;
};

struct JudgedTest {
  json::array expectations;
  bool passed = true;
};

/// Compares all that a test expects with what its run made; `with_actual`: with the rows that golden
/// files would have to hold, as far as they fit into one answer. Blocks.
Result<JudgedTest> judge_test(const Services& services, const state::Run& run, bool with_actual) {
  auto bundle = read_bundle(services, run.head.bundle);
  if (!bundle) return std::unexpected(bundle.error());
  const std::string name = run.plan.parameters.at(std::string(test_parameter));
  auto test = pipeline::parse_test_file(*bundle, "tests/" + name + ".toml");
  if (!test)
    return fail(FaultKind::corrupt, "The bundle's test '" + name + "' cannot be read any more.");
  const state::RunView view = state::view_of(run);
  JudgedTest all;
  const std::size_t count = test->expectations.size();
  std::size_t sent = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const pipeline::Step* step = pipeline::expectation_step(run.plan, k, count);
    const state::OutputView* output = step == nullptr ? nullptr : expected_output(view, step->name);
    if (output == nullptr)
      return fail(FaultKind::corrupt, "The run did not keep what its test expects.");
    auto one = judged_expectation(services, *bundle, test->expectations[k], *output, with_actual);
    if (!one) return std::unexpected(one.error());
    all.passed = all.passed && one->at("passed").as_bool();
    if (const json::value* actual = one->if_contains("actual")) {
      const std::size_t bytes = actual->as_string().size();
      if (sent + bytes > actual_at_most.value) {
        one->erase("actual");
        (*one)["actual_left_out"] = true;
      } else {
        sent += bytes;
      }
    }
    all.expectations.push_back(std::move(*one));
  }
  return all;
}

/// What a test is judged by may lie on other nodes: its bundle, and the rows it made.
Async<Result<void>> bring_expected(ServiceParts& parts, const state::Run& run) {
  if (auto here = co_await bring(parts, run.head.bundle); !here) co_return here;
  const state::RunView view = state::view_of(run);
  for (const state::StageView& stage : view.stages)
    for (const state::OutputView& output : stage.outputs) {
      if (output.size > pipeline::most_golden || output.files.size() != 1) continue;
      if (auto here = co_await bring(parts, output.files.front().second.digest); !here)
        co_return here;
    }
  co_return Result<void>{};
}

}  // namespace

Async<Result<json::value>> verb_test_list(ServiceParts& parts, AdminRequest request,
                                          AdminStream& stream) {
  if (auto good = check_members(request, {"bundle", "tests"}); !good)
    co_return std::unexpected(good.error());
  auto bundle = tested_bundle(request.body);
  auto names = test_names(request.body);
  if (!bundle) co_return std::unexpected(bundle.error());
  if (!names) co_return std::unexpected(names.error());
  auto tests = co_await all_tests_of(parts, *bundle, std::move(*names), stream);
  if (!tests) co_return std::unexpected(tests.error());
  json::array all;
  for (const TestFile& test : *tests) {
    json::object one{{"name", test.name}, {"file", test.path}};
    if (!test.description.empty()) one["description"] = test.description;
    all.push_back(std::move(one));
  }
  co_return json::object{{"tests", std::move(all)}};
}

Async<Result<json::value>> verb_test_run(ServiceParts& parts, AdminRequest request,
                                         AdminStream& stream) {
  if (auto good = check_members(request, {"bundle", "test", "request_id"}); !good)
    co_return std::unexpected(good.error());
  auto bundle = tested_bundle(request.body);
  auto name = text_member(request.body, "test", true);
  auto request_id = text_member(request.body, "request_id", true);
  if (!bundle) co_return std::unexpected(bundle.error());
  if (!name) co_return std::unexpected(name.error());
  if (!request_id) co_return std::unexpected(request_id.error());
  std::vector<std::string> wanted{*name};
  auto tests = co_await all_tests_of(parts, *bundle, std::move(wanted), stream);
  if (!tests) co_return std::unexpected(tests.error());
  const auto test = std::make_shared<const TestFile>(std::move(tests->front()));
  CompileAsk ask;
  ask.bundle = *bundle;
  ask.parameters = test->parameters;
  ask.logical_date = test->logical_date;
  ask.request = RequestId{*request_id};
  ask.test = true;
  for (int tries = 1;; ++tries) {
    auto compiled = co_await compile(parts, ask, stream);
    if (!compiled) co_return std::unexpected(compiled.error());
    auto planning = [shared = *compiled, test] {
      return PlannedTest{pipeline::test_plan(shared->plan, *test)};
    };
    auto planned = co_await parts.compute(planning);
    if (!planned) co_return std::unexpected(planned.error());
    auto& plan = planned->plan;
    if (!plan) co_return std::unexpected(tests_fault(plan.error(), stream));
    const RunId run = state::run_id_of(plan->herd, *ask.request);
    const state::Caller caller = caller_of(request);
    auto done =
        co_await submit_test(parts, caller, *ask.request, (*compiled)->policy, std::move(*plan));
    if (!done && done.error().kind == FaultKind::out_of_date && tries < compare_tries) continue;
    if (!done) co_return std::unexpected(done.error());
    auto shown = co_await find_run(parts, run.value);
    if (!shown) co_return std::unexpected(shown.error());
    co_return json::object{{"run", to_json(*shown)},
                           {"created", done->outcome.verdict == state::Verdict::accepted}};
  }
}

Async<Result<json::value>> verb_test_result(ServiceParts& parts, AdminRequest request,
                                            AdminStream&) {
  if (auto good = check_members(request, {"run", "actual"}); !good)
    co_return std::unexpected(good.error());
  auto id = text_member(request.body, "run", true);
  auto with_actual = flag_member(request.body, "actual");
  if (!id) co_return std::unexpected(id.error());
  if (!with_actual) co_return std::unexpected(with_actual.error());
  auto found = co_await find_whole_run(parts, *id);
  if (!found) co_return std::unexpected(found.error());
  auto run = std::make_shared<const state::Run>(std::move(*found));
  const std::string shown = "The run " + run->head.id.value.substr(0, 12);
  const auto name = run->plan.parameters.find(std::string(test_parameter));
  if (!is_test(run->head.pipeline) || name == run->plan.parameters.end())
    co_return fail(FaultKind::bad_input, shown + " is no test.");
  if (run->head.status == state::RunStatus::running)
    co_return fail(FaultKind::conflict, shown + " has not ended yet. Wait for it first.");
  json::object result{{"run", run->head.id.value},
                      {"test", name->second},
                      {"status", std::string(state::to_string(run->head.status))}};
  if (run->head.status != state::RunStatus::succeeded) {
    result["passed"] = false;
    result["failure"] = state::view_of(*run).failure;
    result["expectations"] = json::array{};
    co_return result;
  }
  if (auto here = co_await bring_expected(parts, *run); !here)
    co_return std::unexpected(here.error());
  const Services* services = &parts.services;
  auto judging = [services, run, actual = *with_actual] {
    return judge_test(*services, *run, actual);
  };
  auto all = co_await parts.compute(judging);
  if (!all) co_return std::unexpected(all.error());
  result["passed"] = all->passed;
  result["expectations"] = std::move(all->expectations);
  co_return result;
}

}  // namespace runink::actors
