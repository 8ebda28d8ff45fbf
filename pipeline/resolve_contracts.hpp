// Inside: what datasets owe to contracts, once every name is known.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipeline/draft.hpp"

namespace runink::pipeline {

/// Dataset -> place of the step that makes it, in `state.steps`.
using Producers = std::map<std::string, std::size_t>;

/// Finds the contract of each validate step (its own, else that of the dataset it checks) and the
/// datasets that its references point at, which become reads of the step. Before steps are
/// connected.
void bind_validations(Draft::State& state, const Producers& producers);

/// Decides the masks of each mask and validate step, and warns of programs and sinks that are given what
/// the herd masks. `order`: places of all steps, each after those that it reads from; `readings`
/// answers `state.questions`.
void decide_masks(Draft::State& state, const std::vector<std::size_t>& order,
                  const std::vector<SqlReading>& readings);

}  // namespace runink::pipeline
