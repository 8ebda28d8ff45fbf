// contract.apply, .get, .diff, .history, .restore, .test: the contracts of a herd and their versions.
#include <algorithm>
#include <expected>
#include <memory>

#include "actors/service/contract_versions.hpp"
#include "actors/service/run_json.hpp"
#include "governance/contract_reader.hpp"
#include "storage/artifact_store.hpp"
#include "vocabulary/names.hpp"

namespace runink::actors {
namespace {

/// There is no version of a greater number.
constexpr std::uint64_t number_largest = 0xFFFF'FFFF;
/// Versions in one answer of contract.history.
constexpr std::uint64_t versions_shown = 100;
constexpr std::uint64_t versions_shown_most = 1'000;

json::object version_json(const state::ContractVersion& version) {
  json::object to{{"name", version.key.second.value},  {"herd", version.key.first.value},
                  {"version", version.number},         {"document", to_hex(version.document)},
                  {"bytes", version.size.value},       {"index", version.applied.value},
                  {"applied_by", version.caller.name}, {"odcs_version", version.contract.version},
                  {"status", version.contract.status}};
  add_time(to, "applied_at", version.at);
  json::array objects;
  for (const governance::SchemaObject& one : version.contract.objects)
    objects.push_back(json::string(one.name));
  to["objects"] = std::move(objects);
  if (version.restored_from.value != 0) to["restored_from"] = version.restored_from.value;
  if (version.accepted_breaking) to["accepted_breaking"] = true;
  return to;
}

Async<Result<std::string>> document_text(ServiceParts& parts, Digest document) {
  if (auto here = co_await bring(parts, document); !here) co_return std::unexpected(here.error());
  Services* services = &parts.services;
  auto job = [services, document] {
    return services->artifacts.read(document, limits::contract_document);
  };
  co_return co_await co::on_disk(services->disk, job);
}

Result<json::value> list_contracts(const state::ClusterState& cluster, const std::string& herd) {
  json::array items;
  std::map<state::ContractKey, std::size_t> consumers;
  for (const auto& [key, row] : cluster.pipelines)
    for (const pipeline::ContractUse& use : row.versions.back().contracts)
      ++consumers[{key.first, use.name}];
  for (const auto& [key, versions] : cluster.contracts) {
    if (!herd.empty() && key.first.value != herd) continue;
    json::object item = version_json(versions.rbegin()->second);
    item["consumers"] = consumers[key];
    items.push_back(std::move(item));
  }
  return json::object{{"contracts", std::move(items)}};
}

struct ParsedDocument {
  std::expected<governance::ReadContract, Diagnostics> read;
};

json::object registered_json(const HerdName& herd, const ContractName& name,
                             const ContractRegistered& registered) {
  return json::object{{"kind", "contract"},
                      {"name", name.value},
                      {"herd", herd.value},
                      {"version", registered.version},
                      {"changed", registered.changed},
                      {"changes", to_json(registered.comparison.changes)},
                      {"broken", to_json(registered.comparison.broken)}};
}

/// What is compared, away from the door's thread.
struct TwoVersions {
  LatestVersion before;
  governance::Contract after;
};

std::string changes_text(const std::vector<governance::Change>& changes,
                         const std::vector<governance::BrokenConsumer>& broken) {
  if (changes.empty()) return "Nothing that is checked differs.\n";
  std::string text;
  for (const governance::Change& one : changes)
    text += std::string(one.breaking() ? "! " : "  ") + governance::to_text(one) + "\n";
  for (const governance::BrokenConsumer& one : broken) text += "breaks " + one.name + "\n";
  return text;
}

}  // namespace

Async<Result<state::ContractVersion>> find_contract(ServiceParts& parts, const json::object& body) {
  auto address = address_of(body);
  if (!address) co_return std::unexpected(address.error());
  WantedVersions wanted{{address->version}};
  auto versions = co_await versions_of(parts, *address, std::move(wanted));
  if (!versions) co_return std::unexpected(versions.error());
  auto version = pick(*versions, address->version);
  if (!version) co_return std::unexpected(version.error());
  co_return **version;
}

Async<Result<ContractDocument>> document_of(ServiceParts& parts, const json::object& body,
                                            AdminStream& stream, Diagnostics& warnings) {
  auto path = text_member(body, "path", false);
  auto text = text_member(body, "text", true);
  if (!path || !text) co_return std::unexpected(!path ? path.error() : text.error());
  auto parsing = [path = *path, text = *text] {
    return ParsedDocument{governance::parse_contract(path, text)};
  };
  auto parsed = co_await parts.compute(parsing);
  if (!parsed) co_return std::unexpected(parsed.error());
  auto& read = parsed->read;
  if (!read) {
    stream.diagnostics(diagnostics_json(read.error()));
    co_return fail(FaultKind::bad_input,
                   "The contract cannot be read: " + mistakes_text(read.error()) + ".");
  }
  warnings = std::move(read->warnings);
  ContractDocument document;
  document.path = *path;
  document.text = std::move(*text);
  document.contract = std::move(read->contract);
  co_return document;
}

Async<Result<json::value>> verb_contract_apply(ServiceParts& parts, AdminRequest request,
                                               AdminStream& stream) {
  if (auto good = check_members(request, {"herd", "name", "path", "text", "accept_breaking"});
      !good)
    co_return std::unexpected(good.error());
  auto named = text_member(request.body, "herd", false);
  auto name = text_member(request.body, "name", false);
  auto accept = flag_member(request.body, "accept_breaking");
  if (!named) co_return std::unexpected(named.error());
  if (!name) co_return std::unexpected(name.error());
  if (!accept) co_return std::unexpected(accept.error());
  Diagnostics warnings;
  auto document = co_await document_of(parts, request.body, stream, warnings);
  if (!document) co_return std::unexpected(document.error());
  if (name->empty()) *name = governance::proposed_name(document->contract, document->path);
  if (auto fine = check_name("contract", *name); !fine) co_return std::unexpected(fine.error());
  document->name = ContractName{*name};
  const HerdName wanted{*named};
  std::function<Result<HerdName>(const state::ClusterState&)> look =
      [wanted](const state::ClusterState& cluster) { return herd_of(cluster, wanted, nullptr); };
  auto herd = co_await parts.look<HerdName>(look);
  if (!herd) co_return std::unexpected(herd.error());
  RegisterContract ask{caller_of(request), *herd, std::move(*document), *accept};
  auto registered = co_await register_contract(parts, std::move(ask), stream);
  if (!registered) co_return std::unexpected(registered.error());
  json::object result = registered_json(*herd, ContractName{*name}, *registered);
  result["warnings"] = diagnostics_json(warnings);
  co_return result;
}

Async<Result<json::value>> verb_contract_get(ServiceParts& parts, AdminRequest request,
                                             AdminStream&) {
  if (auto good = check_members(request, {"herd", "name"}); !good)
    co_return std::unexpected(good.error());
  if (!request.body.contains("name")) {
    auto herd = text_member(request.body, "herd", false);
    if (!herd) co_return std::unexpected(herd.error());
    std::function<Result<json::value>(const state::ClusterState&)> look =
        [herd = *herd](const state::ClusterState& cluster) {
          return list_contracts(cluster, herd);
        };
    co_return co_await parts.look<json::value>(look);
  }
  auto address = address_of(request.body);
  if (!address) co_return std::unexpected(address.error());
  WantedVersions wanted{{address->version}};
  auto versions = co_await versions_of(parts, *address, std::move(wanted));
  if (!versions) co_return std::unexpected(versions.error());
  auto version = pick(*versions, address->version);
  if (!version) co_return std::unexpected(version.error());
  auto text = co_await document_text(parts, (*version)->document);
  if (!text) co_return std::unexpected(text.error());
  json::object contract = version_json(**version);
  json::array consumers;
  for (const governance::ContractConsumer& one : versions->consumers)
    consumers.push_back(json::object{{"pipeline", one.name}, {"object", one.object}});
  contract["consumers"] = std::move(consumers);
  co_return json::object{{"contract", std::move(contract)}, {"text", *text}};
}

Async<Result<json::value>> verb_contract_history(ServiceParts& parts, AdminRequest request,
                                                 AdminStream&) {
  if (auto good = check_members(request, {"herd", "name", "before", "limit"}); !good)
    co_return std::unexpected(good.error());
  auto address = address_of(request.body);
  auto before = number_member(request.body, "before", number_largest);
  auto limit = number_member(request.body, "limit", versions_shown);
  if (!address) co_return std::unexpected(address.error());
  if (!before) co_return std::unexpected(before.error());
  if (!limit) co_return std::unexpected(limit.error());
  if (*limit == 0 || *limit > versions_shown_most)
    co_return fail(FaultKind::bad_input, "The member 'limit' must be from 1 to " +
                                             std::to_string(versions_shown_most) + ".");
  *before = std::min(*before, number_largest);
  WantedVersions wanted;
  auto live = co_await versions_of(parts, *address, wanted);
  if (!live) co_return std::unexpected(live.error());
  wanted.last = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(*before == 0 ? 0 : *before - 1, live->list.back().number));
  wanted.first = wanted.last > *limit ? wanted.last - static_cast<std::uint32_t>(*limit) + 1 : 1;
  auto versions = co_await versions_of(parts, *address, wanted);
  if (!versions) co_return std::unexpected(versions.error());
  json::array list;
  for (auto at = versions->list.rbegin(); at != versions->list.rend(); ++at)
    if (at->number >= wanted.first && at->number <= wanted.last) list.push_back(version_json(*at));
  co_return json::object{{"name", versions->key.second.value},
                         {"herd", versions->key.first.value},
                         {"versions", std::move(list)},
                         {"more", wanted.first > 1 && wanted.last > 0}};
}

Async<Result<json::value>> verb_contract_diff(ServiceParts& parts, AdminRequest request,
                                              AdminStream& stream) {
  if (auto good = check_members(request, {"herd", "name", "from", "to", "path", "text"}); !good)
    co_return std::unexpected(good.error());
  auto address = address_of(request.body);
  if (!address) co_return std::unexpected(address.error());
  auto from = number_member(request.body, "from", 0);
  auto to = number_member(request.body, "to", address->version);
  if (!from) co_return std::unexpected(from.error());
  if (!to) co_return std::unexpected(to.error());
  *from = std::min(*from, number_largest);
  *to = std::min(*to, number_largest);
  WantedVersions wanted{{static_cast<std::uint32_t>(*from), static_cast<std::uint32_t>(*to)}};
  auto versions = co_await versions_of(parts, *address, std::move(wanted));
  if (!versions) co_return std::unexpected(versions.error());
  json::object result{{"name", versions->key.second.value}, {"herd", versions->key.first.value}};
  const bool with_file = request.body.contains("text");
  Diagnostics warnings;
  auto both = std::make_shared<TwoVersions>();
  std::uint32_t number = 0;
  if (with_file) {
    auto document = co_await document_of(parts, request.body, stream, warnings);
    if (!document) co_return std::unexpected(document.error());
    both->after = std::move(document->contract);
  } else {
    auto version = pick(*versions, static_cast<std::uint32_t>(*to));
    if (!version) co_return std::unexpected(version.error());
    both->after = (*version)->contract;
    number = (*version)->number;
    result["to"] = number;
  }
  if (*from == 0 && !with_file) {
    if (number == 1)
      co_return fail(FaultKind::conflict, "Version 1 is the first; there is none before it.");
    *from = number - 1;
    WantedVersions one_before{{number - 1}};
    versions = co_await versions_of(parts, *address, std::move(one_before));
    if (!versions) co_return std::unexpected(versions.error());
  }
  auto before = pick(*versions, static_cast<std::uint32_t>(*from));
  if (!before) co_return std::unexpected(before.error());
  result["from"] = (*before)->number;
  both->before.number = (*before)->number;
  both->before.contract = (*before)->contract;
  both->before.consumers = versions->consumers;
  auto comparing = [both] { return compare(both->before, Digest{}, both->after); };
  auto compared = co_await parts.compute(comparing);
  if (!compared) co_return std::unexpected(compared.error());
  result["changes"] = to_json(compared->changes);
  result["broken"] = to_json(compared->broken);
  result["breaking"] = compared->breaking();
  result["text"] = changes_text(compared->changes, compared->broken);
  co_return result;
}

Async<Result<json::value>> verb_contract_restore(ServiceParts& parts, AdminRequest request,
                                                 AdminStream& stream) {
  if (auto good = check_members(request, {"herd", "name", "accept_breaking"}); !good)
    co_return std::unexpected(good.error());
  auto address = address_of(request.body);
  auto accept = flag_member(request.body, "accept_breaking");
  if (!address) co_return std::unexpected(address.error());
  if (!accept) co_return std::unexpected(accept.error());
  if (address->version == 0)
    co_return fail(FaultKind::bad_input,
                   "Say which version is restored: '" + address->name.value + "@1' is the first.");
  WantedVersions wanted{{address->version}};
  auto versions = co_await versions_of(parts, *address, std::move(wanted));
  if (!versions) co_return std::unexpected(versions.error());
  auto version = pick(*versions, address->version);
  if (!version) co_return std::unexpected(version.error());
  auto text = co_await document_text(parts, (*version)->document);
  if (!text) co_return std::unexpected(text.error());
  ContractDocument document{address->name,
                            address->name.value + "@" + std::to_string(address->version),
                            std::move(*text), (*version)->contract, (*version)->applied};
  RegisterContract ask{caller_of(request), versions->key.first, std::move(document), *accept};
  auto registered = co_await register_contract(parts, std::move(ask), stream);
  if (!registered) co_return std::unexpected(registered.error());
  co_return registered_json(versions->key.first, address->name, *registered);
}

}  // namespace runink::actors
