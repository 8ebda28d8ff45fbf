// The contracts that a bundle brings: all compared, then all in one entry of the log together with the
// pipeline or the run that goes by them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/service/contract_registry.hpp"
#include "actors/service/door_pin.hpp"

namespace runink::actors {

/// The versions that a bundle's documents become; those that were versions already are not in it.
using NewVersions = std::map<ContractName, std::uint32_t>;
/// As a list of {"name", "version"}.
json::array to_json(const NewVersions& versions);

/// What is to become versions of contracts with the next submission.
struct BroughtContracts {
  NewVersions versions;
  std::vector<state::ContractApplied> contracts;  ///< by name; none: the herd has them all
  DoorPin pin;                                    ///< of their texts
};

/// Compares every document of [contracts] that is no version of the herd's yet, stores their texts,
/// and writes the numbers that they will have into `plan`. Breaking changes without
/// `accept_breaking` are one `conflict` over all of them, with every change as a diagnostic. Nothing
/// is registered here: that happens with the submission, or not at all.
Async<Result<BroughtContracts>> bring_contracts(ServiceParts& parts, bool accept_breaking,
                                                std::shared_ptr<const pipeline::Compiled> compiled,
                                                pipeline::Plan& plan, AdminStream& stream);

/// `by`, with its contracts when there are some. `bad_input` when the log cannot take so much at
/// once.
Result<state::Body> body_with(std::vector<state::ContractApplied> contracts,
                              std::variant<state::PipelineApplied, state::RunSubmitted> by);

}  // namespace runink::actors
