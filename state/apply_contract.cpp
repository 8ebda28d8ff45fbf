// Versions of contracts, and who may go by them.
#include <algorithm>
#include <expected>
#include <set>

#include "governance/rules.hpp"
#include "state/change.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::state {
namespace {

std::optional<Problem> check_content(const ClusterState& cluster, const ContractApplied& applied) {
  if (auto name = check_name("contract", applied.name.value); !name)
    return Problem{Refusal::bad_name, name.error().what};
  if (!cluster.herds.contains(applied.herd))
    return Problem{Refusal::no_such_herd, "There is no herd '" + applied.herd.value.substr(0, 80) +
                                              "'; apply its herd file first."};
  if (applied.document.empty())
    return Problem{Refusal::bad_value, "A contract must have a digest."};
  if (applied.size > limits::contract_document)
    return Problem{Refusal::bad_value, "The text of a contract has at most " +
                                           std::to_string(limits::contract_document.value) +
                                           " bytes."};
  if (applied.contract.format != governance::Contract{}.format)
    return Problem{Refusal::unknown_version,
                   "The typed contract has a format that this build does not know."};
  if (encode(applied.contract).size() > limits::contract_typed.value)
    return Problem{Refusal::bad_value, "What a contract checks has at most " +
                                           std::to_string(limits::contract_typed.value) +
                                           " bytes."};
  for (const governance::SchemaObject& object : applied.contract.objects)
    if (governance::rules_of(object).size() > limits::contract_rules)
      return Problem{Refusal::bad_value, "A schema object of a contract has at most " +
                                             std::to_string(limits::contract_rules) + " rules."};
  if (applied.holders.empty() || applied.holders.size() > limits::nodes)
    return Problem{Refusal::bad_value, "A contract must have a node that holds its text."};
  for (const NodeName& holder : applied.holders)
    if (!cluster.nodes.contains(holder))
      return Problem{Refusal::no_such_node,
                     "A holder of the contract is not a node of the cluster."};
  return {};
}

ContractVersion new_version(const Change& change, const ContractApplied& applied,
                            std::uint32_t number) {
  ContractVersion version;
  version.key = {applied.herd, applied.name};
  version.number = number;
  version.document = applied.document;
  version.size = applied.size;
  const std::set<NodeName> holders(applied.holders.begin(), applied.holders.end());
  version.holders.assign(holders.begin(), holders.end());
  version.contract = applied.contract;
  version.applied = change.index;
  version.at = change.now;
  version.caller = change.caller;
  version.restored_from = applied.restored_from;
  version.accepted_breaking = applied.accept_breaking;
  return version;
}

std::expected<NumberedContract, Problem> number_one(const ClusterState& cluster,
                                                    const ContractApplied& applied) {
  if (auto problem = check_content(cluster, applied)) return std::unexpected(*problem);
  const ContractVersion* latest = cluster.contract({applied.herd, applied.name});
  if (latest != nullptr && latest->document == applied.document)
    return NumberedContract{&applied, latest->number, true};
  const LogIndex known = latest == nullptr ? LogIndex{} : latest->applied;
  if (known != applied.expected_latest)
    return std::unexpected(
        Problem{Refusal::contract_changed,
                "The contract '" + applied.name.value +
                    "' has another latest version than the one that this one was compared with. "
                    "Compare and apply it again."});
  return NumberedContract{&applied, latest == nullptr ? 1 : latest->number + 1, false};
}

/// Those that come with a pipeline or a run: of its herd, each once.
std::optional<Problem> check_list(const std::vector<ContractApplied>& contracts,
                                  const HerdName& herd) {
  if (contracts.empty() || contracts.size() > limits::contracts_of_a_plan)
    return Problem{Refusal::bad_value, "A bundle brings 1 to " +
                                           std::to_string(limits::contracts_of_a_plan) +
                                           " contracts, or it brings none and says nothing."};
  for (std::size_t i = 0; i < contracts.size(); ++i) {
    if (contracts[i].herd != herd)
      return Problem{Refusal::bad_value, "A bundle brings contracts of its own herd only."};
    if (i > 0 && !(contracts[i - 1].name < contracts[i].name))
      return Problem{Refusal::bad_value,
                     "The contracts of a bundle must be sorted by name, each once."};
  }
  return {};
}

const HerdName& herd_of(const PipelineApplied& applied) { return applied.herd; }
const HerdName& herd_of(const RunSubmitted& submitted) { return submitted.plan.herd; }

/// The document of that number, if it comes along.
const NumberedContract* find(const std::vector<NumberedContract>& brought,
                             const pipeline::ContractUse& use) {
  for (const NumberedContract& one : brought)
    if (one.applied->name == use.name && one.number == use.version) return &one;
  return nullptr;
}

}  // namespace

std::expected<std::vector<NumberedContract>, Problem> number_contracts(
    const ClusterState& cluster, std::span<const ContractApplied> contracts) {
  std::vector<NumberedContract> numbered;
  std::size_t first = 0;
  for (const ContractApplied& one : contracts) {
    auto is = number_one(cluster, one);
    if (!is) return std::unexpected(is.error());
    first += is->number == 1 && !is->known ? 1 : 0;
    numbered.push_back(*is);
  }
  if (first > 0 && cluster.contracts.size() + first > limits::contracts_stored)
    return std::unexpected(
        Problem{Refusal::too_many, "The cluster has as many contracts as are possible."});
  return numbered;
}

void put_contracts(Change& change, const std::vector<NumberedContract>& contracts) {
  for (const auto& [applied, number, known] : contracts) {
    if (known) continue;
    const ContractKey key{applied->herd, applied->name};
    auto& versions = change.cluster.contracts[key];
    change.put(versions[number] = new_version(change, *applied, number));
    if (versions.size() <= limits::contract_versions) continue;
    change.put_history(versions.begin()->second);
    change.remove(Table::contracts, key_of(key, versions.begin()->first));
    versions.erase(versions.begin());
  }
}

Outcome apply_one(Change& change, const ContractApplied& applied) {
  const auto numbered = number_contracts(change.cluster, {&applied, 1});
  if (!numbered) return refuse(numbered.error());
  put_contracts(change, *numbered);
  Outcome outcome = numbered->front().known ? repeat() : accept();
  outcome.contract_version = numbered->front().number;
  return outcome;
}

Outcome apply_one(Change& change, const ContractsBrought& brought) {
  return std::visit(
      [&](const auto& by) {
        if (auto problem = check_list(brought.contracts, herd_of(by))) return refuse(*problem);
        return apply_with(change, by, brought.contracts);
      },
      brought.by);
}

void remove_contracts(Change& change, const HerdName& herd) {
  auto& contracts = change.cluster.contracts;
  for (auto at = contracts.begin(); at != contracts.end();) {
    if (at->first.first != herd) {
      ++at;
      continue;
    }
    for (const auto& [number, version] : at->second) {
      change.put_history(version);
      change.remove(Table::contracts, key_of(at->first, number));
    }
    at = contracts.erase(at);
  }
}

std::optional<Problem> check_contracts(const ClusterState& cluster, const HerdName& herd,
                                       const std::vector<pipeline::ContractUse>& uses,
                                       const std::vector<NumberedContract>& brought) {
  if (uses.size() > limits::steps)
    return Problem{Refusal::bad_plan, "A pipeline goes by too many contracts."};
  for (const pipeline::ContractUse& use : uses) {
    const governance::Contract* contract = nullptr;
    Digest document;
    if (const NumberedContract* one = find(brought, use)) {
      contract = &one->applied->contract;
      document = one->applied->document;
    } else {
      const auto at = cluster.contracts.find({herd, use.name});
      if (at == cluster.contracts.end())
        return Problem{Refusal::no_such_contract, "The herd '" + herd.value +
                                                      "' has no contract '" +
                                                      use.name.value.substr(0, 80) + "'."};
      if (const auto version = at->second.find(use.version); version != at->second.end()) {
        contract = &version->second.contract;
        document = version->second.document;
      }
    }
    if (contract == nullptr || document != use.document)
      return Problem{Refusal::contract_changed,
                     "The contract '" + use.name.value + "' has no version " +
                         std::to_string(use.version) +
                         " of that text among its newest ones. Compile the pipeline again."};
    if (contract->find(use.object) == nullptr)
      return Problem{Refusal::no_such_contract,
                     "The contract '" + to_string(use) + "' has no such schema object."};
  }
  return {};
}

}  // namespace runink::state
