#include "actors/service/contract_registry.hpp"

#include <algorithm>

#include "actors/service/run_json.hpp"
#include "actors/work/bundle_folder.hpp"
#include "storage/artifact_store.hpp"

namespace runink::actors {
namespace {

/// How often a document is compared again when another version came in between.
constexpr int tries_most = 5;

std::vector<std::string> broken_by(const ContractComparison& comparison, std::size_t change) {
  std::vector<std::string> names;
  for (const governance::BrokenConsumer& one : comparison.broken)
    if (std::ranges::find(one.changes, change) != one.changes.end()) names.push_back(one.name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

/// Every breaking change, and whom it breaks.
Diagnostics breaking_changes(const ContractDocument& document,
                             const ContractComparison& comparison) {
  Diagnostics all;
  for (std::size_t i = 0; i < comparison.changes.size(); ++i) {
    const governance::Change& change = comparison.changes[i];
    if (!change.breaking()) continue;
    if (all.list.size() == limits::diagnostics) {
      ++all.dropped;
      continue;
    }
    Diagnostic one;
    one.file = document.path;
    one.message = governance::to_text(change);
    if (const std::string names = joined(broken_by(comparison, i)); !names.empty())
      one.hint = "it breaks " + names;
    all.list.push_back(std::move(one));
  }
  return all;
}

Fault breaking_fault(const RegisterContract& request, const ContractComparison& comparison,
                     AdminStream& stream) {
  const Diagnostics changes = breaking_changes(request.document, comparison);
  stream.diagnostics(diagnostics_json(changes));
  std::vector<std::string> names;
  for (const governance::BrokenConsumer& one : comparison.broken) names.push_back(one.name);
  return {FaultKind::conflict,
          "The new version of the contract '" + request.herd.value + "/" +
              request.document.name.value + "' has " +
              std::to_string(changes.list.size() + changes.dropped) +
              " breaking changes from version " + std::to_string(comparison.number) +
              (names.empty() ? "; no registered pipeline reads what they touch"
                             : "; they break " + joined(names)) +
              ". Repeat it with --accept-breaking if that is meant."};
}

state::ContractApplied body_of(const Services& services, const RegisterContract& request,
                               const storage::StoredArtifact& stored,
                               const ContractComparison& comparison) {
  state::ContractApplied body;
  body.herd = request.herd;
  body.name = request.document.name;
  body.document = stored.digest;
  body.size = stored.size;
  body.holders = {services.config.node.name};
  body.contract = request.document.contract;
  body.expected_latest = comparison.latest;
  body.restored_from = request.document.restored_from;
  body.accept_breaking = request.accept_breaking && comparison.breaking();
  return body;
}

}  // namespace

bool ContractComparison::breaking() const {
  return std::ranges::any_of(changes, &governance::Change::breaking);
}

std::optional<pipeline::HerdView> herd_view(const state::ClusterState& cluster,
                                            const pipeline::Heading& heading) {
  const auto herd = cluster.herds.find(heading.herd);
  if (herd == cluster.herds.end()) return std::nullopt;
  pipeline::HerdView view;
  view.policy = herd->second.policy;
  for (const ContractName& name : heading.contracts) {
    const auto at = cluster.contracts.find({heading.herd, name});
    if (at == cluster.contracts.end()) continue;
    const state::ContractVersion& latest = at->second.rbegin()->second;
    pipeline::RegisteredContract& known = view.contracts[name];
    known.version = latest.number;
    known.document = latest.document;
    known.contract = latest.contract;
    for (const auto& [number, version] : at->second)
      if (version.document != latest.document) known.earlier[version.document] = number;
  }
  return view;
}

std::vector<governance::ContractConsumer> consumers_of(const state::ClusterState& cluster,
                                                       const HerdName& herd,
                                                       const ContractName& name,
                                                       const PipelineName& except) {
  std::vector<governance::ContractConsumer> consumers;
  for (auto at = cluster.pipelines.lower_bound({herd, PipelineName{}});
       at != cluster.pipelines.end() && at->first.first == herd; ++at) {
    if (at->first.second == except) continue;
    for (const pipeline::ContractUse& use : at->second.versions.back().contracts)
      if (use.name == name)
        consumers.push_back({herd.value + "/" + at->first.second.value, use.object, {}});
  }
  return consumers;
}

ContractComparison compare(const state::ClusterState& cluster, const HerdName& herd,
                           const ContractName& name, const Digest& document,
                           const governance::Contract& contract, const PipelineName& except) {
  ContractComparison comparison;
  const state::ContractVersion* latest = cluster.contract({herd, name});
  if (latest == nullptr) return comparison;
  comparison.latest = latest->applied;
  comparison.number = latest->number;
  comparison.same = latest->document == document;
  comparison.changes = governance::changes_between(latest->contract, contract);
  comparison.broken = governance::broken_consumers(comparison.changes,
                                                   consumers_of(cluster, herd, name, except));
  return comparison;
}

Async<Result<ContractRegistered>> register_contract(ServiceParts& parts, RegisterContract request,
                                                    AdminStream& stream) {
  Services* services = &parts.services;
  const Digest digest = sha256(request.document.text);
  const storage::PinOwner owner{"door-" + to_hex(digest).substr(0, 32)};
  auto keep = [services, owner, text = request.document.text] {
    return services->artifacts.put(text, owner);
  };
  for (int tries = 1;; ++tries) {
    std::function<Result<ContractComparison>(const state::ClusterState&)> look =
        [&request, digest](const state::ClusterState& cluster) -> Result<ContractComparison> {
      return compare(cluster, request.herd, request.document.name, digest,
                     request.document.contract, request.except);
    };
    auto comparison = co_await parts.look<ContractComparison>(look);
    if (!comparison) co_return std::unexpected(comparison.error());
    if (comparison->same) {
      ContractRegistered known;
      known.version = comparison->number;
      known.comparison = std::move(*comparison);
      co_return known;
    }
    if (comparison->breaking() && !request.accept_breaking)
      co_return std::unexpected(breaking_fault(request, *comparison, stream));
    auto stored = co_await co::on_disk(services->disk, keep);
    if (!stored) co_return std::unexpected(stored.error());
    state::Body command(body_of(*services, request, *stored, *comparison));
    auto done = co_await parts.submit(request.caller, std::move(command));
    if (!done && done.error().kind == FaultKind::out_of_date && tries < tries_most) continue;
    if (!done) co_return std::unexpected(done.error());
    // The pin goes only when the state reaches the text.
    auto let_go = [services, owner] { return services->artifacts.unpin(owner); };
    (void)co_await co::on_disk(services->disk, let_go);
    ContractRegistered registered;
    registered.version = comparison->number + 1;
    registered.changed = done->outcome.verdict == state::Verdict::accepted;
    registered.comparison = std::move(*comparison);
    co_return registered;
  }
}

Async<Result<NewVersions>> register_contracts(ServiceParts& parts, state::Caller caller,
                                              bool accept_breaking,
                                              const pipeline::Compiled& compiled,
                                              pipeline::Plan& plan, AdminStream& stream) {
  NewVersions versions;
  std::optional<pipeline::Bundle> bundle;
  for (const pipeline::BundledContract& one : compiled.contracts) {
    if (one.version != 0) continue;
    if (!bundle) {
      Services* services = &parts.services;
      const Digest digest = plan.bundle;
      auto read = [services, digest] { return read_bundle(*services, digest); };
      auto answer = co_await co::on_disk(services->disk, read);
      if (!answer) co_return std::unexpected(answer.error());
      bundle = std::move(*answer);
    }
    const pipeline::BundleFile* file = bundle->find(one.path);
    if (file == nullptr || sha256(file->bytes) != one.document)
      co_return fail(FaultKind::corrupt, "The bundle does not hold the contract '" +
                                             one.name.value + "' that it was compiled with.");
    RegisterContract request;
    request.caller = caller;
    request.herd = plan.herd;
    request.document = {one.name, one.path, file->bytes, one.contract, LogIndex{}};
    request.except = plan.pipeline;
    request.accept_breaking = accept_breaking;
    auto registered = co_await register_contract(parts, std::move(request), stream);
    if (!registered) co_return std::unexpected(registered.error());
    versions[one.name] = registered->version;
  }
  pipeline::set_versions(plan, versions);
  co_return versions;
}

json::array to_json(const NewVersions& versions) {
  json::array all;
  for (const auto& [name, version] : versions)
    all.push_back(json::object{{"name", name.value}, {"version", version}});
  return all;
}

json::array to_json(const std::vector<governance::Change>& changes) {
  json::array all;
  for (const governance::Change& one : changes) {
    json::object change{{"kind", std::string(governance::to_string(one.kind))},
                        {"breaking", one.breaking()},
                        {"breaks", std::string(governance::to_string(governance::breaks_of(one.kind)))},
                        {"text", governance::to_text(one)}};
    for (const auto& [key, value] :
         {std::pair("object", &one.object), std::pair("property", &one.property),
          std::pair("from", &one.from), std::pair("to", &one.to)})
      if (!value->empty()) change[key] = *value;
    all.push_back(std::move(change));
  }
  return all;
}

json::array to_json(const std::vector<governance::BrokenConsumer>& broken) {
  json::array all;
  for (const governance::BrokenConsumer& one : broken) {
    json::array changes;
    for (const std::size_t change : one.changes) changes.push_back(change);
    all.push_back(json::object{{"pipeline", one.name}, {"changes", std::move(changes)}});
  }
  return all;
}

}  // namespace runink::actors
