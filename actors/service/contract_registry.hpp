// Contracts of herds at the admin door: what the compiler is told of them, and how a document
// becomes a version after it was compared with the one before.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/service/parts.hpp"
#include "governance/contract_change.hpp"
#include "pipeline/compile.hpp"

namespace runink::actors {

/// Policy and the named contracts of a herd that exists; else nothing.
std::optional<pipeline::HerdView> herd_view(const state::ClusterState& cluster,
                                            const pipeline::Heading& heading);

/// A document that may become a version of a contract.
struct ContractDocument {
  ContractName name;
  std::string path;  ///< for messages
  std::string text;
  governance::Contract contract;
  LogIndex restored_from;  ///< 0 = a new one
};

/// The latest version of a contract, copied out of the state.
struct LatestVersion {
  LogIndex applied;          ///< its entry; 0 = there is no version yet
  std::uint32_t number = 0;  ///< 0 = the same
  Digest document;
  governance::Contract contract;
  std::vector<governance::ContractConsumer> consumers;
};
/// `except`: a pipeline whose own new version brings the document, so that nobody is broken there.
LatestVersion latest_version(const state::ClusterState& cluster, const HerdName& herd,
                             const ContractName& name, const PipelineName& except);

/// A new document beside the latest version.
struct ContractComparison {
  LogIndex latest;           ///< the entry of the version that it was compared with; 0 = the first
  std::uint32_t number = 0;  ///< its number
  bool same = false;         ///< it is that document
  std::vector<governance::Change> changes;
  std::vector<governance::BrokenConsumer> broken;
  bool breaking() const;
};
/// Takes its time for large contracts: disk threads, not the state's actor.
ContractComparison compare(const LatestVersion& latest, const Digest& document,
                           const governance::Contract& contract);
/// How often a document is compared again when another version came in between.
inline constexpr int compare_tries = 5;

/// A comparison with breaking changes that nobody accepted.
struct BreakingContract {
  HerdName herd;
  ContractName name;
  std::string path;  ///< of the document, for messages
  const ContractComparison* comparison = nullptr;
};
/// The `conflict` over all of them; every change and whom it breaks become diagnostics.
Fault breaking_fault(const std::vector<BreakingContract>& contracts, AdminStream& stream);

/// Pipelines of the herd that go by the contract, as of their newest version.
std::vector<governance::ContractConsumer> consumers_of(const state::ClusterState& cluster,
                                                       const HerdName& herd,
                                                       const ContractName& name,
                                                       const PipelineName& except);

struct ContractRegistered {
  std::uint32_t version = 0;
  bool changed = false;  ///< false: it was the latest version already
  ContractComparison comparison;
};
struct RegisterContract {
  state::Caller caller;
  HerdName herd;
  ContractDocument document;
  bool accept_breaking = false;
};
/// Stores the text and makes it the latest version, by itself (what comes with a bundle:
/// brought_contracts.hpp). A breaking change without `accept_breaking` is a `conflict`.
Async<Result<ContractRegistered>> register_contract(ServiceParts& parts, RegisterContract request,
                                                    AdminStream& stream);

// ---- versions that are registered (contract_verbs.cpp)
/// The contract and version that a request's `name` and `herd` mean: of `finance/trades@3` the
/// third, without a number the latest. Nothing of it is `no_such_thing`.
Async<Result<state::ContractVersion>> find_contract(ServiceParts& parts, const json::object& body);

/// The document of a request's `path` and `text`. What is wrong in it becomes diagnostics.
Async<Result<ContractDocument>> document_of(ServiceParts& parts, const json::object& body,
                                            AdminStream& stream, Diagnostics& warnings);

json::array to_json(const std::vector<governance::Change>& changes);
json::array to_json(const std::vector<governance::BrokenConsumer>& broken);

}  // namespace runink::actors
