#include "actors/service/contract_registry.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "actors/service/door_pin.hpp"
#include "actors/service/run_json.hpp"

namespace runink::actors {
namespace {

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

void add_breaking(const std::string& path, const ContractComparison& comparison, Diagnostics& all) {
  for (std::size_t i = 0; i < comparison.changes.size(); ++i) {
    const governance::Change& change = comparison.changes[i];
    if (!change.breaking()) continue;
    if (all.list.size() == limits::diagnostics) {
      ++all.dropped;
      continue;
    }
    Diagnostic one;
    one.file = path;
    one.message = governance::to_text(change);
    if (const std::string names = joined(broken_by(comparison, i)); !names.empty())
      one.hint = "it breaks " + names;
    all.list.push_back(std::move(one));
  }
}

/// "'finance/trades' has 2 breaking changes from version 3"
std::string breaking_text(const BreakingContract& one) {
  const auto changes =
      std::ranges::count_if(one.comparison->changes, &governance::Change::breaking);
  return "'" + one.herd.value + "/" + one.name.value + "' has " + std::to_string(changes) +
         (changes == 1 ? " breaking change" : " breaking changes") + " from version " +
         std::to_string(one.comparison->number);
}

/// What a document is compared with, copied out of the state: comparing takes longer than the state
/// may be held up.
Async<Result<LatestVersion>> look_at_latest(ServiceParts& parts,
                                            std::shared_ptr<const RegisterContract> asked) {
  std::function<Result<LatestVersion>(const state::ClusterState&)> look =
      [asked](const state::ClusterState& cluster) -> Result<LatestVersion> {
    return latest_version(cluster, asked->herd, asked->document.name, PipelineName{});
  };
  co_return co_await parts.look<LatestVersion>(look);
}

state::ContractApplied body_of(std::vector<NodeName> holders, const RegisterContract& request,
                               const storage::StoredArtifact& stored,
                               const ContractComparison& comparison) {
  state::ContractApplied body;
  body.herd = request.herd;
  body.name = request.document.name;
  body.document = stored.digest;
  body.size = stored.size;
  body.holders = std::move(holders);
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

LatestVersion latest_version(const state::ClusterState& cluster, const HerdName& herd,
                             const ContractName& name, const PipelineName& except) {
  LatestVersion latest;
  const state::ContractVersion* version = cluster.contract({herd, name});
  if (version == nullptr) return latest;
  latest.applied = version->applied;
  latest.number = version->number;
  latest.document = version->document;
  latest.contract = version->contract;
  latest.consumers = consumers_of(cluster, herd, name, except);
  return latest;
}

ContractComparison compare(const LatestVersion& latest, const Digest& document,
                           const governance::Contract& contract) {
  ContractComparison comparison;
  if (latest.number == 0) return comparison;
  comparison.latest = latest.applied;
  comparison.number = latest.number;
  comparison.same = latest.document == document;
  comparison.changes = governance::changes_between(latest.contract, contract);
  comparison.broken = governance::broken_consumers(comparison.changes, latest.consumers);
  return comparison;
}

Fault breaking_fault(const std::vector<BreakingContract>& contracts, AdminStream& stream) {
  Diagnostics all;
  std::set<std::string> broken;
  std::string each;
  for (const BreakingContract& one : contracts) {
    add_breaking(one.path, *one.comparison, all);
    for (const governance::BrokenConsumer& consumer : one.comparison->broken)
      broken.insert(consumer.name);
    each += (each.empty() ? "" : ", ") + breaking_text(one);
  }
  stream.diagnostics(diagnostics_json(all));
  return {FaultKind::conflict,
          (contracts.size() == 1 ? "The new version of the contract " + each
                                 : "The new versions of the contracts break: " + each) +
              (broken.empty() ? "; no registered pipeline reads what they touch"
                              : "; they break " + joined({broken.begin(), broken.end()})) +
              ". Nothing was registered. Repeat it with --accept-breaking if that is meant."};
}

Async<Result<ContractRegistered>> register_contract(ServiceParts& parts, RegisterContract request,
                                                    AdminStream& stream) {
  Services* services = &parts.services;
  auto asked = std::make_shared<const RegisterContract>(std::move(request));
  auto digest_of_text = [asked] { return sha256(asked->document.text); };
  auto digest = co_await parts.compute(digest_of_text);
  if (!digest) co_return std::unexpected(digest.error());
  for (int tries = 1;; ++tries) {
    auto latest = co_await look_at_latest(parts, asked);
    if (!latest) co_return std::unexpected(latest.error());
    auto beside = [asked, document = *digest, latest = std::move(*latest)] {
      return compare(latest, document, asked->document.contract);
    };
    auto comparison = co_await parts.compute(beside);
    if (!comparison) co_return std::unexpected(comparison.error());
    if (comparison->same) {
      ContractRegistered known;
      known.version = comparison->number;
      known.comparison = std::move(*comparison);
      co_return known;
    }
    if (comparison->breaking() && !asked->accept_breaking) {
      const std::vector<BreakingContract> breaking{
          {asked->herd, asked->document.name, asked->document.path, &*comparison}};
      co_return std::unexpected(breaking_fault(breaking, stream));
    }
    const DoorPin pin = new_pin(parts);
    auto keep = [services, pin, asked] {
      return services->artifacts.put(asked->document.text, pin.owner);
    };
    auto stored = co_await co::on_disk(services->disk, keep);
    if (!stored) co_return std::unexpected(stored.error());
    std::vector<storage::StoredArtifact> made{*stored};
    auto holders = co_await holders_of(parts, std::move(made), pin.owner.value);
    state::Body command(body_of(std::move(holders), *asked, *stored, *comparison));
    auto done = co_await parts.submit(asked->caller, std::move(command));
    co_await let_go(parts, pin, done);
    if (!done && done.error().kind == FaultKind::out_of_date && tries < compare_tries) continue;
    if (!done) co_return std::unexpected(done.error());
    ContractRegistered registered;
    registered.version = done->outcome.contract_version;
    registered.changed = done->outcome.verdict == state::Verdict::accepted;
    registered.comparison = std::move(*comparison);
    co_return registered;
  }
}

json::array to_json(const std::vector<governance::Change>& changes) {
  json::array all;
  for (const governance::Change& one : changes) {
    json::object change{
        {"kind", std::string(governance::to_string(one.kind))},
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
