// Versions of one contract, in live state and in history, and how requests name them.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "actors/service/contract_registry.hpp"

namespace runink::actors {

/// "finance/trades@3", "trades@3", "trades".
struct ContractAddress {
  HerdName herd;
  ContractName name;
  std::uint32_t version = 0;  ///< 0 = the latest
};
/// Of a request's `name` and `herd`.
Result<ContractAddress> address_of(const json::object& body);

/// The herd that was named, else the only one that has such a contract (or, for a new one, the only
/// herd).
Result<HerdName> herd_of(const state::ClusterState& cluster, const HerdName& named,
                         const ContractName* contract);

/// Versions of one contract, the oldest first: those of live state, and those that were wanted.
struct ContractVersions {
  state::ContractKey key;
  LogIndex applied;
  std::vector<state::ContractVersion> list;
  std::vector<governance::ContractConsumer> consumers;
};
/// What is wanted of history; live versions always come, whole.
struct WantedVersions {
  std::set<std::uint32_t> whole;
  /// From here to there, without what is checked: only the objects' names are left.
  std::uint32_t first = 1;
  std::uint32_t last = 0;
};
Async<Result<ContractVersions>> versions_of(ServiceParts& parts, ContractAddress address,
                                            WantedVersions wanted);
/// By its number; 0 = the latest.
Result<const state::ContractVersion*> pick(const ContractVersions& versions, std::uint32_t number);

}  // namespace runink::actors
