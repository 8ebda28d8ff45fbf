// Versions of contracts, and who may go by them.
#include <algorithm>
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

}  // namespace

Outcome apply_one(Change& change, const ContractApplied& applied) {
  if (auto problem = check_content(change.cluster, applied)) return refuse(*problem);
  const ContractKey key{applied.herd, applied.name};
  const ContractVersion* latest = change.cluster.contract(key);
  if (latest != nullptr && latest->document == applied.document) return repeat();
  const LogIndex known = latest == nullptr ? LogIndex{} : latest->applied;
  if (known != applied.expected_latest)
    return refuse(Refusal::contract_changed,
                  "The contract '" + applied.name.value +
                      "' has another latest version than the one that this one was compared with. "
                      "Compare and apply it again.");
  if (latest == nullptr && change.cluster.contracts.size() >= limits::contracts_stored)
    return refuse(Refusal::too_many, "The cluster has as many contracts as are possible.");
  const std::uint32_t number = latest == nullptr ? 1 : latest->number + 1;
  auto& versions = change.cluster.contracts[key];
  change.put(versions[number] = new_version(change, applied, number));
  if (versions.size() > limits::contract_versions) {
    change.put_history(versions.begin()->second);
    change.remove(Table::contracts, key_of(key, versions.begin()->first));
    versions.erase(versions.begin());
  }
  return accept();
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
                                       const std::vector<pipeline::ContractUse>& uses) {
  if (uses.size() > limits::steps)
    return Problem{Refusal::bad_plan, "A pipeline goes by too many contracts."};
  for (const pipeline::ContractUse& use : uses) {
    const auto at = cluster.contracts.find({herd, use.name});
    if (at == cluster.contracts.end())
      return Problem{Refusal::no_such_contract, "The herd '" + herd.value +
                                                    "' has no contract '" +
                                                    use.name.value.substr(0, 80) + "'."};
    const auto version = at->second.find(use.version);
    if (version == at->second.end() || version->second.document != use.document)
      return Problem{Refusal::contract_changed,
                     "The contract '" + use.name.value + "' has no version " +
                         std::to_string(use.version) +
                         " of that text among its newest ones. Compile the pipeline again."};
    if (version->second.contract.find(use.object) == nullptr)
      return Problem{Refusal::no_such_contract,
                     "The contract '" + to_string(use) + "' has no such schema object."};
  }
  return {};
}

}  // namespace runink::state
