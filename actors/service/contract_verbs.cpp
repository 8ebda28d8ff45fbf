// contract.apply, .get, .diff, .history, .restore, .test: the contracts of a herd and their versions.
#include <algorithm>
#include <charconv>

#include "actors/service/contract_registry.hpp"
#include "actors/service/run_json.hpp"
#include "governance/contract_reader.hpp"
#include "state/rows.hpp"
#include "storage/artifact_store.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

/// "finance/trades@3", "trades@3", "trades".
struct ContractAddress {
  HerdName herd;
  ContractName name;
  std::uint32_t version = 0;  ///< 0 = the latest
};

Result<std::uint32_t> version_from(std::string_view text) {
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || version == 0)
    return fail(FaultKind::bad_input, "'" + printable(text, 40) +
                                          "' is no version of a contract; they count from 1.");
  return version;
}

Result<ContractAddress> address_of(const json::object& body) {
  auto herd = text_member(body, "herd", false);
  if (!herd) return std::unexpected(herd.error());
  auto name = text_member(body, "name", true);
  if (!name) return std::unexpected(name.error());
  ContractAddress address;
  std::string_view rest = *name;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    auto version = version_from(rest.substr(at + 1));
    if (!version) return std::unexpected(version.error());
    address.version = *version;
    rest = rest.substr(0, at);
  }
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    *herd = std::string(rest.substr(0, slash));
    rest = rest.substr(slash + 1);
  }
  if (auto fine = check_name("contract", rest); !fine) return std::unexpected(fine.error());
  address.herd = HerdName{*herd};
  address.name = ContractName{std::string(rest)};
  return address;
}

/// The herd that was named, else the only one that has such a contract (or, for a new one, the only
/// herd).
Result<HerdName> herd_of(const state::ClusterState& cluster, const HerdName& named,
                         const ContractName* contract) {
  if (!named.value.empty()) {
    if (cluster.herds.contains(named)) return named;
    return fail(FaultKind::no_such_thing, "There is no herd '" + printable(named.value, 80) +
                                              "'. `runi get herds` lists them.");
  }
  std::optional<HerdName> found;
  for (const auto& [name, herd] : cluster.herds) {
    if (contract != nullptr && !cluster.contracts.contains({name, *contract})) continue;
    if (found)
      return fail(FaultKind::conflict, contract != nullptr
                                           ? "Several herds have a contract '" + contract->value +
                                                 "'. Say which with the herd."
                                           : "Say for which herd the contract is, with --herd.");
    found = name;
  }
  if (found) return *found;
  return fail(FaultKind::no_such_thing,
              contract != nullptr ? "There is no contract '" + contract->value +
                                        "'. `runi contract get` lists them."
                                  : "There is no herd yet; apply a herd file first.");
}

/// A contract's versions, the oldest first; `live` says from which number on they are in live state.
struct Versions {
  state::ContractKey key;
  LogIndex applied;
  std::vector<state::ContractVersion> list;
  std::vector<governance::ContractConsumer> consumers;
};

Result<Versions> live_versions(const state::ClusterState& cluster, const ContractAddress& address) {
  auto herd = herd_of(cluster, address.herd, &address.name);
  if (!herd) return std::unexpected(herd.error());
  Versions found;
  found.key = {*herd, address.name};
  found.applied = cluster.applied;
  const auto at = cluster.contracts.find(found.key);
  if (at == cluster.contracts.end())
    return fail(FaultKind::no_such_thing, "The herd '" + herd->value + "' has no contract '" +
                                              address.name.value +
                                              "'. `runi contract get` lists them.");
  for (const auto& [number, version] : at->second) found.list.push_back(version);
  found.consumers = consumers_of(cluster, *herd, address.name, PipelineName{});
  return found;
}

/// Those that became history since the contract was made; a herd that was removed and made again
/// counts anew.
Result<std::vector<state::ContractVersion>> old_versions(const Services& services,
                                                         const Versions& live) {
  if (!services.state_writer.wait_written(live.applied, seconds(5)))
    return fail(FaultKind::out_of_time, "state.db is far behind the log. Try again in a moment.");
  constexpr std::size_t most = 100'000;
  auto rows = services.state_store.scan(static_cast<std::uint8_t>(state::Table::history_contracts),
                                        state::prefix_of(live.key), most);
  if (!rows) return std::unexpected(rows.error());
  std::vector<state::ContractVersion> found;
  for (const storage::StoredRow& row : *rows) {
    auto version = state::decode_contract_version(row.value);
    if (!version) return std::unexpected(version.error());
    if (version->number == 1) found.clear();
    if (version->number < live.list.front().number) found.push_back(std::move(*version));
  }
  return found;
}

/// All versions, or those of live state when the wanted one is among them.
Async<Result<Versions>> versions_of(ServiceParts& parts, ContractAddress address, bool all) {
  std::function<Result<Versions>(const state::ClusterState&)> look =
      [&address](const state::ClusterState& cluster) { return live_versions(cluster, address); };
  auto live = co_await parts.look<Versions>(look);
  if (!live) co_return live;
  const std::uint32_t oldest = live->list.front().number;
  if (oldest == 1 || (!all && (address.version == 0 || address.version >= oldest)))
    co_return live;
  const Services* services = &parts.services;
  const Versions* known = &*live;
  auto job = [services, known] { return old_versions(*services, *known); };
  auto old = co_await co::on_disk(parts.services.disk, job);
  if (!old) co_return std::unexpected(old.error());
  live->list.insert(live->list.begin(), std::make_move_iterator(old->begin()),
                    std::make_move_iterator(old->end()));
  co_return live;
}

Result<const state::ContractVersion*> pick(const Versions& versions, std::uint32_t number) {
  if (number == 0) return &versions.list.back();
  const auto at = std::ranges::find(versions.list, number, &state::ContractVersion::number);
  if (at != versions.list.end()) return &*at;
  return fail(FaultKind::no_such_thing,
              "The contract '" + versions.key.second.value + "' has no version " +
                  std::to_string(number) + "; the latest is " +
                  std::to_string(versions.list.back().number) + ".");
}

json::object version_json(const state::ContractVersion& version) {
  json::object to{{"name", version.key.second.value},
                  {"herd", version.key.first.value},
                  {"version", version.number},
                  {"document", to_hex(version.document)},
                  {"bytes", version.size.value},
                  {"index", version.applied.value},
                  {"applied_by", version.caller.name},
                  {"odcs_version", version.contract.version},
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
  Services* services = &parts.services;
  auto job = [services, document] {
    return services->artifacts.read(document, limits::contract_document);
  };
  co_return co_await co::on_disk(services->disk, job);
}

Result<json::value> list_contracts(const state::ClusterState& cluster, const std::string& herd) {
  json::array items;
  for (const auto& [key, versions] : cluster.contracts) {
    if (!herd.empty() && key.first.value != herd) continue;
    json::object item = version_json(versions.rbegin()->second);
    item["consumers"] = consumers_of(cluster, key.first, key.second, PipelineName{}).size();
    items.push_back(std::move(item));
  }
  return json::object{{"contracts", std::move(items)}};
}

/// The text of a request as a contract; what is wrong in it goes beside the fault.
Result<ContractDocument> document_of(const json::object& body, AdminStream& stream,
                                     Diagnostics& warnings) {
  auto path = text_member(body, "path", false);
  auto text = text_member(body, "text", true);
  if (!path || !text) return std::unexpected(!path ? path.error() : text.error());
  auto read = governance::parse_contract(*path, *text);
  if (!read) {
    stream.diagnostics(diagnostics_json(read.error()));
    return fail(FaultKind::bad_input,
                "The contract cannot be read: " +
                    std::to_string(read.error().list.size() + read.error().dropped) +
                    " mistakes.");
  }
  warnings = std::move(read->warnings);
  ContractDocument document;
  document.path = *path;
  document.text = std::move(*text);
  document.contract = std::move(read->contract);
  return document;
}

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
  auto versions = co_await versions_of(parts, *address, false);
  if (!versions) co_return std::unexpected(versions.error());
  auto version = pick(*versions, address->version);
  if (!version) co_return std::unexpected(version.error());
  co_return **version;
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
  auto document = document_of(request.body, stream, warnings);
  if (!document) co_return std::unexpected(document.error());
  if (name->empty()) *name = governance::proposed_name(document->contract, document->path);
  if (auto fine = check_name("contract", *name); !fine) co_return std::unexpected(fine.error());
  document->name = ContractName{*name};
  const HerdName wanted{*named};
  std::function<Result<HerdName>(const state::ClusterState&)> look =
      [&wanted](const state::ClusterState& cluster) { return herd_of(cluster, wanted, nullptr); };
  auto herd = co_await parts.look<HerdName>(look);
  if (!herd) co_return std::unexpected(herd.error());
  RegisterContract ask{caller_of(request), *herd, std::move(*document), PipelineName{}, *accept};
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
        [&herd](const state::ClusterState& cluster) { return list_contracts(cluster, *herd); };
    co_return co_await parts.look<json::value>(look);
  }
  auto address = address_of(request.body);
  if (!address) co_return std::unexpected(address.error());
  auto versions = co_await versions_of(parts, *address, false);
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
  if (auto good = check_members(request, {"herd", "name"}); !good)
    co_return std::unexpected(good.error());
  auto address = address_of(request.body);
  if (!address) co_return std::unexpected(address.error());
  auto versions = co_await versions_of(parts, *address, true);
  if (!versions) co_return std::unexpected(versions.error());
  json::array list;
  for (auto at = versions->list.rbegin(); at != versions->list.rend(); ++at)
    list.push_back(version_json(*at));
  co_return json::object{{"name", versions->key.second.value},
                         {"herd", versions->key.first.value},
                         {"versions", std::move(list)}};
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
  constexpr std::uint64_t largest = 0xFFFF'FFFF;  // there is none of such a number
  *from = std::min(*from, largest);
  *to = std::min(*to, largest);
  auto versions = co_await versions_of(parts, *address, true);
  if (!versions) co_return std::unexpected(versions.error());
  json::object result{{"name", versions->key.second.value}, {"herd", versions->key.first.value}};
  const bool with_file = request.body.contains("text");
  Diagnostics warnings;
  governance::Contract after;
  std::uint32_t number = 0;
  if (with_file) {
    auto document = document_of(request.body, stream, warnings);
    if (!document) co_return std::unexpected(document.error());
    after = std::move(document->contract);
  } else {
    auto version = pick(*versions, static_cast<std::uint32_t>(*to));
    if (!version) co_return std::unexpected(version.error());
    after = (*version)->contract;
    number = (*version)->number;
    result["to"] = number;
  }
  if (*from == 0 && !with_file) {
    if (number == 1)
      co_return fail(FaultKind::conflict, "Version 1 is the first; there is none before it.");
    *from = number - 1;
  }
  auto before = pick(*versions, static_cast<std::uint32_t>(*from));
  if (!before) co_return std::unexpected(before.error());
  result["from"] = (*before)->number;
  const auto changes = governance::changes_between((*before)->contract, after);
  const auto broken = governance::broken_consumers(changes, versions->consumers);
  result["changes"] = to_json(changes);
  result["broken"] = to_json(broken);
  result["breaking"] = std::ranges::any_of(changes, &governance::Change::breaking);
  result["text"] = changes_text(changes, broken);
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
    co_return fail(FaultKind::bad_input, "Say which version is restored: '" +
                                             address->name.value + "@1' is the first.");
  auto versions = co_await versions_of(parts, *address, false);
  if (!versions) co_return std::unexpected(versions.error());
  auto version = pick(*versions, address->version);
  if (!version) co_return std::unexpected(version.error());
  auto text = co_await document_text(parts, (*version)->document);
  if (!text) co_return std::unexpected(text.error());
  ContractDocument document{address->name, address->name.value + "@" +
                                               std::to_string(address->version),
                            std::move(*text), (*version)->contract, (*version)->applied};
  RegisterContract ask{caller_of(request), versions->key.first, std::move(document),
                       PipelineName{}, *accept};
  auto registered = co_await register_contract(parts, std::move(ask), stream);
  if (!registered) co_return std::unexpected(registered.error());
  co_return registered_json(versions->key.first, address->name, *registered);
}

}  // namespace runink::actors
