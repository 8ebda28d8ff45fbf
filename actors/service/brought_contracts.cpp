#include "actors/service/brought_contracts.hpp"

#include <map>
#include <utility>

#include "actors/workloads/bundle_folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

/// Version, time and caller around a body.
constexpr Bytes envelope = KiB(4);
static_assert(limits::plan + envelope <= limits::command);

/// How a document of the bundle stands to the versions of its contract.
struct Standing {
  std::uint32_t known = 0;  ///< the number of a live version that is this document; 0 = none is
  LatestVersion latest;     ///< of one that is not known
};

/// Everything that the comparison of a bundle's contracts needs; shared with the disk threads.
struct Bringing {
  std::shared_ptr<const pipeline::Compiled> compiled;
  std::vector<const pipeline::BundledContract*> wanted;
  std::vector<Standing> standing;  ///< as many
  Digest bundle;
};

struct Compared {
  std::vector<std::string> texts;  ///< one for each wanted document; empty of a known one
  std::vector<ContractComparison> comparisons;
};

std::vector<Standing> standings_of(const state::ClusterState& cluster, const Bringing& bringing,
                                   const HerdName& herd, const PipelineName& except) {
  std::vector<Standing> all;
  for (const pipeline::BundledContract* one : bringing.wanted) {
    Standing& standing = all.emplace_back();
    const auto versions = cluster.contracts.find({herd, one->name});
    if (versions != cluster.contracts.end())
      for (const auto& [number, version] : versions->second)
        if (version.document == one->document) standing.known = number;
    if (standing.known == 0) standing.latest = latest_version(cluster, herd, one->name, except);
  }
  return all;
}

Result<Compared> compare_all(const Services& services, const Bringing& bringing) {
  auto bundle = read_bundle(services, bringing.bundle);
  if (!bundle) return std::unexpected(bundle.error());
  Compared compared;
  for (std::size_t i = 0; i < bringing.wanted.size(); ++i) {
    const pipeline::BundledContract& one = *bringing.wanted[i];
    compared.texts.emplace_back();
    compared.comparisons.emplace_back();
    if (bringing.standing[i].known != 0) continue;
    const pipeline::BundleFile* file = bundle->find(one.path);
    if (file == nullptr || sha256(file->bytes) != one.document)
      return fail(FaultKind::corrupt, "The bundle does not hold the contract '" + one.name.value +
                                          "' that it was compiled with.");
    compared.texts.back() = file->bytes;
    compared.comparisons.back() = compare(bringing.standing[i].latest, one.document, one.contract);
  }
  return compared;
}

Result<void> put_all(const Services& services, const std::vector<std::string>& texts,
                     const storage::PinOwner& owner) {
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    if (auto stored = services.artifacts.put(text, owner); !stored) {
      (void)services.artifacts.unpin(owner);
      return std::unexpected(stored.error());
    }
  }
  return {};
}

std::vector<BreakingContract> breaking_of(const Bringing& bringing, const Compared& compared,
                                          const HerdName& herd) {
  std::vector<BreakingContract> breaking;
  for (std::size_t i = 0; i < bringing.wanted.size(); ++i)
    if (compared.comparisons[i].breaking())
      breaking.push_back(
          {herd, bringing.wanted[i]->name, bringing.wanted[i]->path, &compared.comparisons[i]});
  return breaking;
}

state::ContractApplied body_of(const Services& services, const HerdName& herd,
                               const pipeline::BundledContract& one,
                               const ContractComparison& comparison, bool accept_breaking) {
  state::ContractApplied body;
  body.herd = herd;
  body.name = one.name;
  body.document = one.document;
  body.size = one.size;
  body.holders = {services.config.node.name};
  body.contract = one.contract;
  body.expected_latest = comparison.latest;
  body.accept_breaking = accept_breaking && comparison.breaking();
  return body;
}

}  // namespace

json::array to_json(const NewVersions& versions) {
  json::array all;
  for (const auto& [name, version] : versions)
    all.push_back(json::object{{"name", name.value}, {"version", version}});
  return all;
}

Async<Result<BroughtContracts>> bring_contracts(ServiceParts& parts, bool accept_breaking,
                                                std::shared_ptr<const pipeline::Compiled> compiled,
                                                pipeline::Plan& plan, AdminStream& stream) {
  auto bringing = std::make_shared<Bringing>();
  bringing->bundle = plan.bundle;
  for (const pipeline::BundledContract& one : compiled->contracts)
    if (one.version == 0) bringing->wanted.push_back(&one);
  bringing->compiled = std::move(compiled);
  BroughtContracts brought;
  if (bringing->wanted.empty()) co_return brought;
  std::function<Result<std::vector<Standing>>(const state::ClusterState&)> look =
      [bringing, herd = plan.herd, pipeline = plan.pipeline](
          const state::ClusterState& cluster) -> Result<std::vector<Standing>> {
    return standings_of(cluster, *bringing, herd, pipeline);
  };
  auto standing = co_await parts.look<std::vector<Standing>>(look);
  if (!standing) co_return std::unexpected(standing.error());
  bringing->standing = std::move(*standing);
  Services* services = &parts.services;
  auto beside = [services, bringing] { return compare_all(*services, *bringing); };
  auto compared = co_await parts.compute(beside);
  if (!compared) co_return std::unexpected(compared.error());
  const auto breaking = breaking_of(*bringing, *compared, plan.herd);
  if (!breaking.empty() && !accept_breaking)
    co_return std::unexpected(breaking_fault(breaking, stream));
  std::map<ContractName, std::uint32_t> versions;
  for (std::size_t i = 0; i < bringing->wanted.size(); ++i) {
    const pipeline::BundledContract& one = *bringing->wanted[i];
    const Standing& stands = bringing->standing[i];
    versions[one.name] = stands.known != 0 ? stands.known : stands.latest.number + 1;
    if (stands.known != 0) continue;
    brought.versions[one.name] = versions[one.name];
    brought.contracts.push_back(
        body_of(*services, plan.herd, one, compared->comparisons[i], accept_breaking));
  }
  pipeline::set_versions(plan, versions);
  if (brought.contracts.empty()) co_return brought;
  brought.pin = new_pin(parts);
  auto keep = [services, owner = brought.pin.owner, texts = std::move(compared->texts)] {
    return put_all(*services, texts, owner);
  };
  auto kept = co_await co::on_disk(services->disk, keep);
  if (!kept) co_return std::unexpected(kept.error());
  co_return brought;
}

Result<state::Body> body_with(std::vector<state::ContractApplied> contracts,
                              std::variant<state::PipelineApplied, state::RunSubmitted> by) {
  if (contracts.empty())
    return std::visit([](auto& one) { return state::Body(std::move(one)); }, by);
  state::ContractsBrought brought{std::move(contracts), std::move(by)};
  const std::size_t bytes = encode(brought).size() + envelope.value;
  if (bytes > limits::command.value)
    return fail(FaultKind::bad_input,
                "The plan and the contracts that the bundle brings have " + std::to_string(bytes) +
                    " bytes together; the log takes at most " +
                    std::to_string(limits::command.value) +
                    " at once. Register the contracts first, one by one: runi contract apply -f "
                    "FILE --name NAME.");
  return state::Body(std::move(brought));
}

}  // namespace runink::actors
