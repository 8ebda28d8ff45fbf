// contract.test: one file of the caller's, checked against a contract in a sandbox, without a run.
// Nothing of it is kept.
#include <algorithm>

#include "actors/service/contract_registry.hpp"
#include "actors/service/run_json.hpp"
#include "governance/rules.hpp"
#include "pipeline/step_file.hpp"
#include "state/quality.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

constexpr Bytes trial_file = MiB(16);
constexpr Bytes log_shown = KiB(16);
/// One that waits for its turn, and its own.
constexpr Duration trial_patience = limits::analyse + limits::analyse + seconds(10);
static_assert(trial_patience < limits::admin_request);

std::optional<pipeline::Format> format_of(std::string_view name) {
  for (const auto format :
       {pipeline::Format::csv, pipeline::Format::jsonl, pipeline::Format::parquet})
    if (name.ends_with("." + std::string(to_string(format)))) return format;
  return std::nullopt;
}

/// The file of the request: its name tells the format, its content is base64.
Result<std::pair<std::string, std::string>> file_of(const json::object& body) {
  const json::value* value = body.if_contains("file");
  const json::object* file = value == nullptr ? nullptr : value->if_object();
  if (file == nullptr)
    return fail(FaultKind::bad_input, "The member 'file' must be an object with name and content.");
  auto name = text_member(*file, "name", true);
  auto content = text_member(*file, "content", true);
  if (!name) return std::unexpected(name.error());
  if (!content) return std::unexpected(content.error());
  const auto format = format_of(*name);
  if (!format)
    return fail(FaultKind::bad_input, "'" + printable(*name, 80) +
                                          "' ends in none of .csv, .jsonl and .parquet, so nobody "
                                          "knows how to read it.");
  auto bytes = from_base64(*content);
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() > trial_file.value)
    return fail(FaultKind::exhausted,
                "A file that is tried has at most 16 MiB; try a part of it, "
                "or run a pipeline.");
  return std::pair("data." + std::string(to_string(*format)), std::move(*bytes));
}

Result<governance::SchemaObject> object_of(const governance::Contract& contract,
                                           const std::string& wanted) {
  if (contract.objects.empty())
    return fail(FaultKind::bad_input, "The contract describes no schema to check the file by.");
  if (wanted.empty() && contract.objects.size() == 1) return contract.objects.front();
  if (const auto* found = contract.find(wanted)) return *found;
  std::string known;
  for (const governance::SchemaObject& one : contract.objects)
    known += (known.empty() ? "" : ", ") + one.name;
  return fail(
      FaultKind::bad_input,
      (wanted.empty() ? std::string("Say which schema object is meant")
                      : "The contract has no schema object '" + printable(wanted, 80) + "'") +
          "; there are " + printable(known, 400) + ".");
}

pipeline::StepFile step_of(governance::SchemaObject object) {
  pipeline::ValidateWork work;
  work.input = DatasetName{"data"};
  work.contract.name = ContractName{"contract"};
  work.contract.object = object.name;
  // There is nothing that it could refer to.
  object.references.clear();
  work.rules = std::move(object);
  pipeline::StepFile file;
  file.step.name = StepName{"checked"};
  file.step.inputs = {work.input};
  file.step.outputs = {DatasetName{"checked"}, DatasetName{"checked.rejected"}};
  file.step.work = std::move(work);
  file.memory_limit = MiB(256);
  file.herd = HerdName{"trial"};
  file.pipeline = PipelineName{"trial"};
  return file;
}

std::uint64_t counter(const SliceReport& report, const std::string& name) {
  const auto at = report.counters.find(name);
  return at == report.counters.end() ? 0 : at->second;
}

/// Whether the step itself said that it is the file that cannot be checked.
bool is_the_files(SliceReason reason) {
  return reason == SliceReason::bad_header || reason == SliceReason::malformed_input ||
         reason == SliceReason::schema_drift;
}

/// Why nothing was checked, when that is not the file's doing.
Fault trial_fault(const TrialEnd& end) {
  if (end.timed_out)
    return {FaultKind::out_of_time, "The test took longer than " +
                                        std::to_string(limits::analyse.ns / 1'000'000'000) +
                                        " s and was ended. Test a part of the file, or run a "
                                        "pipeline over it."};
  const bool rule =
      end.report.reason >= SliceReason::syntax && end.report.reason <= SliceReason::raised;
  std::string what =
      rule ? "A rule of the contract cannot be checked (" : "The file could not be tested (";
  what +=
      end.report.reason == SliceReason::none ? end.what : std::string(to_string(end.report.reason));
  what += "). ";
  // It is the caller's own file that the text may quote.
  what += printable(end.log, log_shown.value);
  return {rule ? FaultKind::bad_input : FaultKind::outside_failed, std::move(what)};
}

json::object trial_json(const pipeline::ValidateWork& work, const TrialEnd& end) {
  json::object result;
  bool good = end.succeeded && counter(end.report, "rows_rejected") == 0;
  json::array quality;
  for (const governance::Rule& rule : governance::rules_of(work.rules)) {
    const auto said = std::ranges::find(end.report.quality, rule.name, &QualityReport::rule);
    if (said == end.report.quality.end()) continue;
    const state::QualityCount count{rule.number, said->counted, said->of};
    const auto consequence = state::consequence_of(rule, count, pipeline::OnViolation::reject);
    good = good && consequence != state::Consequence::violated;
    quality.push_back(json::object{{"rule", rule.name},
                                   {"reason", std::string(to_string(rule.reason))},
                                   {"scope", std::string(to_string(rule.scope))},
                                   {"severity", std::string(to_string(rule.severity))},
                                   {"counted", count.counted},
                                   {"of", count.of},
                                   {"bound", governance::to_text(rule.bound)},
                                   {"verdict", std::string(state::to_string(consequence))}});
  }
  result["good"] = good;
  result["rows_read"] = counter(end.report, "rows_read");
  result["rows_accepted"] = counter(end.report, "rows_accepted");
  result["rows_rejected"] = counter(end.report, "rows_rejected");
  result["quality"] = std::move(quality);
  if (!end.succeeded) {
    result["what"] = end.what;
    result["reason"] = std::string(to_string(end.report.reason));
    // It is the caller's own file that the text may quote.
    result["log"] = printable(end.log, log_shown.value);
  }
  return result;
}

}  // namespace

Async<Result<json::value>> verb_contract_test(ServiceParts& parts, AdminRequest request,
                                              AdminStream& stream) {
  if (auto good = check_members(request, {"herd", "name", "path", "text", "object", "file"}); !good)
    co_return std::unexpected(good.error());
  auto wanted = text_member(request.body, "object", false);
  if (!wanted) co_return std::unexpected(wanted.error());
  auto asked = std::make_shared<json::object>(std::move(request.body));
  auto decoding = [asked] { return file_of(*asked); };
  auto file = co_await parts.compute(decoding);
  if (!file) co_return std::unexpected(file.error());
  governance::Contract contract;
  if (asked->contains("text")) {
    Diagnostics warnings;
    auto document = co_await document_of(parts, *asked, stream, warnings);
    if (!document) co_return std::unexpected(document.error());
    contract = std::move(document->contract);
  } else {
    auto version = co_await find_contract(parts, *asked);
    if (!version) co_return std::unexpected(version.error());
    contract = std::move(version->contract);
  }
  auto object = object_of(contract, *wanted);
  if (!object) co_return std::unexpected(object.error());
  const bool references = !object->references.empty();
  const pipeline::StepFile step = step_of(std::move(*object));
  Trial trial(step, std::move(file->first), std::move(file->second));
  auto end = co_await parts.gate.ask_result<TrialEnd>("the test of the file", parts.trials,
                                                      trial_patience, std::move(trial));
  if (!end) co_return std::unexpected(end.error());
  if (!end->succeeded && !is_the_files(end->report.reason))
    co_return std::unexpected(trial_fault(*end));
  json::object result = trial_json(std::get<pipeline::ValidateWork>(step.step.work), *end);
  if (references) result["references_checked"] = false;
  co_return result;
}

}  // namespace runink::actors
