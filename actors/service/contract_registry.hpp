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

/// A new document beside the latest version.
struct ContractComparison {
  LogIndex latest;          ///< the entry of the version that it was compared with; 0 = the first
  std::uint32_t number = 0;  ///< its number
  bool same = false;         ///< it is that document
  std::vector<governance::Change> changes;
  std::vector<governance::BrokenConsumer> broken;
  bool breaking() const;
};
/// `except`: a pipeline whose own new version brings the document, so that nobody is broken there.
ContractComparison compare(const state::ClusterState& cluster, const HerdName& herd,
                           const ContractName& name, const Digest& document,
                           const governance::Contract& contract, const PipelineName& except);
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
  PipelineName except;
  bool accept_breaking = false;
};
/// Stores the text and makes it the latest version. A breaking change without `accept_breaking` is
/// a `conflict` that names every change and whom it breaks, as diagnostics too.
Async<Result<ContractRegistered>> register_contract(ServiceParts& parts, RegisterContract request,
                                                    AdminStream& stream);

/// The versions that a bundle's documents became; those that were versions already are not in it.
using NewVersions = std::map<ContractName, std::uint32_t>;
/// Registers what the bundle brings and writes the numbers into the plan.
Async<Result<NewVersions>> register_contracts(ServiceParts& parts, state::Caller caller,
                                              bool accept_breaking,
                                              const pipeline::Compiled& compiled,
                                              pipeline::Plan& plan, AdminStream& stream);

// ---- versions that are registered (contract_verbs.cpp)
/// The contract and version that a request's `name` and `herd` mean: of `finance/trades@3` the
/// third, without a number the latest. Nothing of it is `no_such_thing`.
Async<Result<state::ContractVersion>> find_contract(ServiceParts& parts, const json::object& body);

json::array to_json(const NewVersions& versions);
json::array to_json(const std::vector<governance::Change>& changes);
json::array to_json(const std::vector<governance::BrokenConsumer>& broken);

}  // namespace runink::actors
