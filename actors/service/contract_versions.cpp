#include "actors/service/contract_versions.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "state/rows.hpp"
#include "storage/state_store.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

/// Rows of history that are in memory at once: each holds a whole contract.
constexpr std::size_t rows_at_once = 50;
/// Rows of one contract that are looked at; older ones are beyond reach.
constexpr std::size_t rows_most = 100'000;

Result<std::uint32_t> version_from(std::string_view text) {
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || version == 0)
    return fail(FaultKind::bad_input,
                "'" + printable(text, 40) + "' is no version of a contract; they count from 1.");
  return version;
}

Result<ContractVersions> live_versions(const state::ClusterState& cluster,
                                       const ContractAddress& address) {
  auto herd = herd_of(cluster, address.herd, &address.name);
  if (!herd) return std::unexpected(herd.error());
  ContractVersions found;
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

bool wants(const WantedVersions& wanted, std::uint32_t number) {
  return wanted.whole.contains(number) || (number >= wanted.first && number <= wanted.last);
}

/// What people see in a list: not what is checked.
void keep_head(state::ContractVersion& version) {
  for (governance::SchemaObject& object : version.contract.objects) {
    governance::SchemaObject head;
    head.name = std::move(object.name);
    object = std::move(head);
  }
}

/// Those of history that are wanted, since the contract was made; a herd that was removed and made
/// again counts anew.
Result<std::vector<state::ContractVersion>> old_versions(const Services& services,
                                                         const ContractVersions& live,
                                                         const WantedVersions& wanted) {
  if (auto written = history_up_to(services.state_writer, live.applied); !written)
    return std::unexpected(written.error());
  std::vector<state::ContractVersion> found;
  std::string from;
  for (std::size_t seen = 0; seen < rows_most; seen += rows_at_once) {
    auto rows =
        services.state_store.scan(static_cast<std::uint8_t>(state::Table::history_contracts),
                                  state::prefix_of(live.key), rows_at_once, from);
    if (!rows) return std::unexpected(rows.error());
    for (const storage::StoredRow& row : *rows) {
      const auto number = state::number_of_contract_version(row.value);
      if (!number) return std::unexpected(number.error());
      if (*number == 1) found.clear();
      if (*number >= live.list.front().number || !wants(wanted, *number)) continue;
      auto version = state::decode_contract_version(row.value);
      if (!version) return std::unexpected(version.error());
      if (!wanted.whole.contains(*number)) keep_head(*version);
      found.push_back(std::move(*version));
    }
    if (rows->size() < rows_at_once) break;
    from = rows->back().key + '\0';
  }
  return found;
}

}  // namespace

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
      return fail(FaultKind::conflict,
                  contract != nullptr ? "Several herds have a contract '" + contract->value +
                                            "'. Say which with the herd."
                                      : "There are several herds. Say which one, with --herd.");
    found = name;
  }
  if (found) return *found;
  return fail(FaultKind::no_such_thing, contract != nullptr
                                            ? "There is no contract '" + contract->value +
                                                  "'. `runi contract get` lists them."
                                            : "There is no herd yet; apply a herd file first.");
}

Async<Result<ContractVersions>> versions_of(ServiceParts& parts, ContractAddress address,
                                            WantedVersions wanted) {
  std::function<Result<ContractVersions>(const state::ClusterState&)> look =
      [address](const state::ClusterState& cluster) { return live_versions(cluster, address); };
  auto live = co_await parts.look<ContractVersions>(look);
  if (!live) co_return live;
  const std::uint32_t oldest = live->list.front().number;
  bool old = false;
  for (std::uint32_t number = 1; number < oldest && !old; ++number) old = wants(wanted, number);
  if (!old) co_return live;
  const Services* services = &parts.services;
  auto known = std::make_shared<ContractVersions>(std::move(*live));
  auto job = [services, known, wanted] { return old_versions(*services, *known, wanted); };
  auto found = co_await co::on_disk(parts.services.disk, job);
  if (!found) co_return std::unexpected(found.error());
  known->list.insert(known->list.begin(), std::make_move_iterator(found->begin()),
                     std::make_move_iterator(found->end()));
  co_return std::move(*known);
}

Result<const state::ContractVersion*> pick(const ContractVersions& versions, std::uint32_t number) {
  if (number == 0) return &versions.list.back();
  const auto at = std::ranges::find(versions.list, number, &state::ContractVersion::number);
  if (at != versions.list.end()) return &*at;
  return fail(FaultKind::no_such_thing, "The contract '" + versions.key.second.value +
                                            "' has no version " + std::to_string(number) +
                                            "; the latest is " +
                                            std::to_string(versions.list.back().number) + ".");
}

}  // namespace runink::actors
