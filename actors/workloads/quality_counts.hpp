// What a validate step says that it counted, by the numbers of its contract's rules.
#pragma once

#include <vector>

#include "pipeline/plan.hpp"
#include "state/commands.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/report.hpp"

namespace runink::actors {

/// One count for each rule, in their order. Names that the contract does not know are passed over. A
/// row rule that a complete report does not name was broken by no row: a step with very many rules
/// names only those that were. `bad_input` when the report is cut or lacks a dataset rule, since then
/// nobody could judge it.
Result<std::vector<state::QualityCount>> counts_of(const pipeline::ValidateWork& work,
                                                   const SliceReport& report);

}  // namespace runink::actors
