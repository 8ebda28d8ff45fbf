// bundle.put, compile, apply, run: from a folder of files to a run in the log.
#include <algorithm>
#include <boost/beast/core/detail/base64.hpp>
#include <expected>

#include "actors/service/brought_contracts.hpp"
#include "actors/service/compile_bundle.hpp"
#include "actors/service/contract_registry.hpp"
#include "actors/service/parts.hpp"
#include "actors/service/repeated_run.hpp"
#include "actors/service/run_json.hpp"
#include "actors/workloads/bundle_folder.hpp"
#include "pipeline/herd_file.hpp"
#include "pipeline/quantity.hpp"
#include "pipeline/render.hpp"
#include "storage/artifact_store.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

Result<pipeline::Bundle> bundle_of(const json::object& body) {
  const json::value* files = body.if_contains("files");
  if (files == nullptr || !files->is_array())
    return fail(FaultKind::bad_input, "The member 'files' must be a list of files.");
  pipeline::Bundle bundle;
  for (const json::value& one : files->get_array()) {
    const json::object* file = one.if_object();
    if (file == nullptr)
      return fail(FaultKind::bad_input, "Each of 'files' must be an object with path and content.");
    auto path = text_member(*file, "path", true);
    if (!path) return std::unexpected(path.error());
    auto executable = flag_member(*file, "executable");
    if (!executable) return std::unexpected(executable.error());
    auto content = text_member(*file, "content", true);
    if (!content) return std::unexpected(content.error());
    auto bytes = from_base64(*content);
    if (!bytes) return std::unexpected(bytes.error());
    bundle.files.push_back({std::move(*path), *executable, std::move(*bytes)});
  }
  return bundle;
}

/// The files of a request as one archive.
struct PackedBundle {
  std::string archive;
  std::size_t files = 0;
};
Result<PackedBundle> pack_bundle(const json::object& body) {
  auto bundle = bundle_of(body);
  if (!bundle) return std::unexpected(bundle.error());
  PackedBundle packed;
  packed.files = bundle->files.size();
  auto archive = pipeline::encode_bundle(std::move(*bundle));
  if (!archive) return std::unexpected(archive.error());
  packed.archive = std::move(*archive);
  return packed;
}

Result<std::map<std::string, std::string>> parameters_of(const json::object& body) {
  std::map<std::string, std::string> parameters;
  const json::value* value = body.if_contains("parameters");
  if (value == nullptr) return parameters;
  if (!value->is_object() || value->get_object().size() > limits::parameters)
    return fail(FaultKind::bad_input, "The member 'parameters' must be an object with at most " +
                                          std::to_string(limits::parameters) + " texts.");
  for (const auto& member : value->get_object()) {
    if (!member.value().is_string())
      return fail(FaultKind::bad_input,
                  "The parameter '" + std::string(member.key()) + "' must be a text.");
    parameters.emplace(member.key(), member.value().get_string());
  }
  return parameters;
}

/// By default today at 00:00 UTC.
Result<WallTime> logical_date_of(const ServiceParts& parts, const json::object& body) {
  auto text = text_member(body, "logical_date", false);
  if (!text) return std::unexpected(text.error());
  if (!text->empty()) {
    auto moment = pipeline::parse_moment(*text);
    if (!moment) return fail(FaultKind::bad_input, "The logical date " + moment.error().what + ".");
    return moment;
  }
  constexpr std::int64_t day = 86'400'000'000;
  return WallTime{parts.services.clock.wall().us / day * day};
}

Result<Digest> bundle_member(const json::object& body) {
  auto text = text_member(body, "bundle", true);
  if (!text) return std::unexpected(text.error());
  return digest_from_hex(*text);
}

json::array warnings_of(const pipeline::Compiled& compiled) {
  return diagnostics_json(compiled.warnings);
}

struct ParsedHerd {
  std::expected<pipeline::HerdFile, Diagnostics> herd;
};
Async<Result<ParsedHerd>> parse_herd(ServiceParts& parts, std::string path, std::string text) {
  const bool small = path.size() + text.size() <= limits::herd_file_at_once.value;
  auto parsing = [path = std::move(path), text = std::move(text)] {
    return ParsedHerd{pipeline::parse_herd_file(path, text)};
  };
  if (small) co_return parsing();
  co_return co_await parts.compute(parsing);
}

Async<Result<json::value>> apply_herd(ServiceParts& parts, const AdminRequest& request,
                                      AdminStream& stream) {
  const json::object* file = request.body.at("herd_file").if_object();
  if (file == nullptr)
    co_return fail(FaultKind::bad_input, "The member 'herd_file' must be an object.");
  auto path = text_member(*file, "path", false);
  auto text = text_member(*file, "text", true);
  if (!path || !text) co_return std::unexpected(!path ? path.error() : text.error());
  auto parsed = co_await parse_herd(parts, std::move(*path), std::move(*text));
  if (!parsed) co_return std::unexpected(parsed.error());
  auto& herd = parsed->herd;
  if (!herd) {
    stream.diagnostics(diagnostics_json(herd.error()));
    co_return fail(FaultKind::bad_input,
                   "The herd file cannot be read: " + mistakes_text(herd.error()) + ".");
  }
  state::HerdApplied body;
  body.herd = herd->herd;
  body.description = herd->description;
  body.quota = {herd->quota.cpu, herd->quota.memory, herd->quota.slices, herd->quota.runs};
  body.policy = herd->policy;
  state::Body command(std::move(body));
  auto done = co_await parts.submit(caller_of(request), std::move(command));
  if (!done) co_return std::unexpected(done.error());
  co_return json::object{{"kind", "herd"},
                         {"name", herd->herd.value},
                         {"herd", herd->herd.value},
                         {"changed", done->outcome.verdict == state::Verdict::accepted}};
}

Async<Result<caf::actor>> herd_actor(ServiceParts& parts, HerdName herd) {
  FindHerd find(std::move(herd));
  co_return co_await parts.gate.ask_result<caf::actor>("the herd", parts.cluster, actor_patience,
                                                       std::move(find));
}

/// A pipeline or a run that the log has taken.
struct Taken {
  SharedPlan compiled;
  RunId run;             ///< of a run
  bool changed = false;  ///< false: it was so already
  NewVersions contracts;
};

/// Asks the herd's actor for the one thing that `ask` was compiled for. `plan` is that of `compiled`
/// with the numbers of its contracts.
using SubmitPlan = Async<Result<Submitted>> (*)(ServiceParts& parts, state::Caller caller,
                                                CompileAsk ask, SharedPlan compiled,
                                                pipeline::Plan plan,
                                                std::vector<state::ContractApplied> contracts);

Async<Result<Submitted>> submit_pipeline(ServiceParts& parts, state::Caller caller, CompileAsk ask,
                                         SharedPlan, pipeline::Plan plan,
                                         std::vector<state::ContractApplied> contracts) {
  auto herd = co_await herd_actor(parts, plan.herd);
  if (!herd) co_return std::unexpected(herd.error());
  state::PipelineApplied applied;
  applied.herd = plan.herd;
  applied.pipeline = plan.pipeline;
  applied.bundle = ask.bundle;
  applied.contracts = pipeline::contracts_of(plan);
  auto body = body_with(std::move(contracts), std::move(applied));
  if (!body) co_return std::unexpected(body.error());
  ApplyPipeline message(std::move(caller), std::move(*body));
  co_return accepted(co_await parts.gate.ask_result<Submitted>("the herd", *herd, actor_patience,
                                                               std::move(message)));
}

Async<Result<Submitted>> submit_run(ServiceParts& parts, state::Caller caller, CompileAsk ask,
                                    SharedPlan compiled, pipeline::Plan plan,
                                    std::vector<state::ContractApplied> contracts) {
  state::RunSubmitted run;
  run.request = *ask.request;
  run.run = state::run_id_of(plan.herd, run.request);
  run.plan = std::move(plan);
  run.policy = compiled->policy;
  auto body = body_with(std::move(contracts), std::move(run));
  if (!body) co_return std::unexpected(body.error());
  SubmitRun message(std::move(caller), std::move(*body));
  co_return accepted(co_await parts.gate.ask_result<Submitted>("the herd", parts.cluster,
                                                               actor_patience, std::move(message)));
}

/// Compiles, and submits the plan with the contracts that its bundle brings; again when what it was
/// compiled with has changed in between.
Async<Result<Taken>> compile_and_submit(ServiceParts& parts, CompileAsk ask, SubmitPlan submit,
                                        state::Caller caller, bool accept_breaking,
                                        AdminStream& stream) {
  for (int tries = 1;; ++tries) {
    auto compiled = co_await compile(parts, ask, stream);
    if (!compiled) co_return std::unexpected(compiled.error());
    pipeline::Plan plan = (*compiled)->plan;
    auto brought = co_await bring_contracts(parts, accept_breaking, *compiled, plan, stream);
    if (!brought) co_return std::unexpected(brought.error());
    Taken taken{*compiled, {}, false, brought->versions};
    if (ask.request) taken.run = state::run_id_of(plan.herd, *ask.request);
    auto done = co_await submit(parts, caller, ask, *compiled, std::move(plan),
                                std::move(brought->contracts));
    co_await let_go(parts, brought->pin, done);
    if (!done && done.error().kind == FaultKind::out_of_date && tries < compare_tries) continue;
    if (!done) co_return std::unexpected(done.error());
    taken.changed = done->outcome.verdict == state::Verdict::accepted;
    if (!taken.changed) taken.contracts.clear();
    co_return taken;
  }
}

Async<Result<json::value>> apply_bundle(ServiceParts& parts, const AdminRequest& request,
                                        AdminStream& stream) {
  auto bundle = bundle_member(request.body);
  if (!bundle) co_return std::unexpected(bundle.error());
  CompileAsk ask;
  ask.bundle = *bundle;
  ask.without_run = true;
  auto date = logical_date_of(parts, request.body);
  if (!date) co_return std::unexpected(date.error());
  ask.logical_date = *date;
  auto accept_breaking = flag_member(request.body, "accept_breaking");
  if (!accept_breaking) co_return std::unexpected(accept_breaking.error());
  auto taken = co_await compile_and_submit(parts, ask, submit_pipeline, caller_of(request),
                                           *accept_breaking, stream);
  if (!taken) co_return std::unexpected(taken.error());
  const pipeline::Plan& plan = taken->compiled->plan;
  co_return json::object{{"kind", "pipeline"},
                         {"name", plan.pipeline.value},
                         {"herd", plan.herd.value},
                         {"version", to_hex(*bundle)},
                         {"changed", taken->changed},
                         {"contracts", to_json(taken->contracts)},
                         {"warnings", warnings_of(*taken->compiled)}};
}

/// The bundle of an applied pipeline.
Result<Digest> bundle_of_pipeline(const state::ClusterState& cluster, const std::string& name,
                                  const std::string& herd) {
  if (const auto slash = name.find('/'); slash != std::string::npos && herd.empty())
    return bundle_of_pipeline(cluster, name.substr(slash + 1), name.substr(0, slash));
  std::optional<Digest> found;
  for (const auto& [key, row] : cluster.pipelines) {
    if (key.second.value != name || (!herd.empty() && key.first.value != herd)) continue;
    if (found)
      return fail(FaultKind::conflict,
                  "Several herds have a pipeline '" + name + "'. Say which with the herd.");
    found = row.versions.back().bundle;
  }
  if (!found)
    return fail(FaultKind::no_such_thing,
                "There is no pipeline '" + name.substr(0, 80) +
                    "'. `runi get pipelines` lists them; `runi apply -f FOLDER` makes one.");
  return *found;
}

Async<Result<Digest>> wanted_bundle(ServiceParts& parts, const json::object& body) {
  if (body.contains("bundle")) co_return bundle_member(body);
  auto name = text_member(body, "pipeline", true);
  auto herd = text_member(body, "herd", false);
  if (!name || !herd) co_return std::unexpected(!name ? name.error() : herd.error());
  std::function<Result<Digest>(const state::ClusterState&)> search =
      [name = *name, herd = *herd](const state::ClusterState& cluster) {
        return bundle_of_pipeline(cluster, name, herd);
      };
  co_return co_await parts.look<Digest>(std::move(search));
}

}  // namespace

std::string mistakes_text(const Diagnostics& diagnostics) {
  std::size_t mistakes = diagnostics.dropped;
  for (const Diagnostic& one : diagnostics.list) mistakes += one.severity == Severity::error;
  return std::to_string(mistakes) + (mistakes == 1 ? " mistake" : " mistakes");
}

Result<std::string> from_base64(std::string_view text) {
  namespace base64 = boost::beast::detail::base64;
  std::string bytes(base64::decoded_size(text.size()), '\0');
  const auto [written, read] = base64::decode(bytes.data(), text.data(), text.size());
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (read + padding != text.size() || text.size() % 4 != 0)
    return fail(FaultKind::bad_input, "The content of a file is not base64.");
  bytes.resize(written);
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  namespace base64 = boost::beast::detail::base64;
  std::string text(base64::encoded_size(bytes.size()), '\0');
  text.resize(base64::encode(text.data(), bytes.data(), bytes.size()));
  return text;
}

Async<Result<json::value>> verb_bundle_put(ServiceParts& parts, AdminRequest request,
                                           AdminStream&) {
  if (auto good = check_members(request, {"files"}); !good) co_return std::unexpected(good.error());
  auto asked = std::make_shared<const json::object>(std::move(request.body));
  auto packing = [asked] { return pack_bundle(*asked); };
  auto packed = co_await parts.compute(packing);
  if (!packed) co_return std::unexpected(packed.error());
  const auto [files, bytes] = std::pair(packed->files, packed->archive.size());
  Services* services = &parts.services;
  const DoorPin pin = new_pin(parts);
  auto keep = [services, pin, archive = std::move(packed->archive)] {
    return services->artifacts.put(archive, pin.owner);
  };
  auto stored = co_await co::on_disk(services->disk, keep);
  if (!stored) co_return std::unexpected(stored.error());
  at(FaultPoint::bundle_stored);
  state::BundleStored body;
  body.bundle = stored->digest;
  body.size = stored->size;
  std::vector<storage::StoredArtifact> made{*stored};
  body.holders = co_await holders_of(parts, std::move(made), pin.owner.value);
  state::Body command(std::move(body));
  auto done = co_await parts.submit(caller_of(request), std::move(command));
  // The pin goes when the state reaches the bundle, or certainly never will; any other fault leaves
  // it, and the next put of the same bundle takes it up.
  co_await let_go(parts, pin, done);
  if (!done) co_return std::unexpected(done.error());
  co_return json::object{{"bundle", to_hex(stored->digest)}, {"files", files}, {"bytes", bytes}};
}

Async<Result<json::value>> verb_compile(ServiceParts& parts, AdminRequest request,
                                        AdminStream& stream) {
  if (auto good = check_members(request, {"bundle", "parameters", "logical_date", "form"}); !good)
    co_return std::unexpected(good.error());
  auto bundle = bundle_member(request.body);
  auto parameters = parameters_of(request.body);
  auto date = logical_date_of(parts, request.body);
  auto form = text_member(request.body, "form", false);
  if (!bundle) co_return std::unexpected(bundle.error());
  if (!parameters) co_return std::unexpected(parameters.error());
  if (!date) co_return std::unexpected(date.error());
  if (!form) co_return std::unexpected(form.error());
  if (form->empty()) *form = "text";
  const auto drawing = pipeline::drawing_from(*form);
  if (!drawing)
    co_return fail(FaultKind::bad_input,
                   "'" + form->substr(0, 40) + "' is no form. Known are text, json, dot, mermaid.");
  CompileAsk ask;
  ask.bundle = *bundle;
  ask.parameters = std::move(*parameters);
  ask.logical_date = *date;
  auto compiled = co_await compile(parts, std::move(ask), stream);
  if (!compiled) co_return std::unexpected(compiled.error());
  auto picturing = [shared = *compiled, drawing = *drawing] {
    return pipeline::draw(shared->plan, drawing);
  };
  auto picture = co_await parts.compute(picturing);
  if (!picture) co_return std::unexpected(picture.error());
  const pipeline::Plan& plan = (*compiled)->plan;
  co_return json::object{{"pipeline", plan.pipeline.value}, {"herd", plan.herd.value},
                         {"bundle", to_hex(*bundle)},       {"form", *form},
                         {"text", std::move(*picture)},     {"warnings", warnings_of(**compiled)}};
}

Async<Result<json::value>> verb_apply(ServiceParts& parts, AdminRequest request,
                                      AdminStream& stream) {
  if (auto good = check_members(request, {"herd_file", "bundle", "accept_breaking"}); !good)
    co_return std::unexpected(good.error());
  if (request.body.contains("herd_file")) co_return co_await apply_herd(parts, request, stream);
  co_return co_await apply_bundle(parts, request, stream);
}

Async<Result<json::value>> verb_run(ServiceParts& parts, AdminRequest request,
                                    AdminStream& stream) {
  if (auto good = check_members(request, {"bundle", "pipeline", "herd", "request_id", "parameters",
                                          "logical_date", "accept_breaking"});
      !good)
    co_return std::unexpected(good.error());
  auto request_id = text_member(request.body, "request_id", true);
  auto parameters = parameters_of(request.body);
  auto date = logical_date_of(parts, request.body);
  auto accept_breaking = flag_member(request.body, "accept_breaking");
  if (!request_id) co_return std::unexpected(request_id.error());
  if (!accept_breaking) co_return std::unexpected(accept_breaking.error());
  if (!parameters) co_return std::unexpected(parameters.error());
  if (!date) co_return std::unexpected(date.error());
  auto bundle = co_await wanted_bundle(parts, request.body);
  if (!bundle) co_return std::unexpected(bundle.error());
  CompileAsk ask;
  ask.bundle = *bundle;
  ask.parameters = std::move(*parameters);
  ask.logical_date = *date;
  ask.request = RequestId{*request_id};
  RunIntent intent{*ask.request, ask.bundle, !request.body.contains("bundle"), ask.parameters, {}};
  if (request.body.contains("logical_date")) intent.logical_date = *date;
  auto taken = co_await compile_and_submit(parts, std::move(ask), submit_run, caller_of(request),
                                           *accept_breaking, stream);
  if (!taken) {
    // A request that came before is its run, even if its pipeline would not compile any more.
    auto before = co_await repeated_run(parts, std::move(intent));
    if (!before || !*before) co_return std::unexpected(taken.error());
    co_return json::object{{"run", to_json(**before)},
                           {"created", false},
                           {"contracts", json::array{}},
                           {"warnings", json::array{}}};
  }
  auto shown = co_await find_run(parts, taken->run.value);
  if (!shown) co_return std::unexpected(shown.error());
  co_return json::object{{"run", to_json(*shown)},
                         {"created", taken->changed},
                         {"contracts", to_json(taken->contracts)},
                         {"warnings", warnings_of(*taken->compiled)}};
}

}  // namespace runink::actors
