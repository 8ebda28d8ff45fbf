// Rules about a dataset as a whole, counted after the pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steps/engine.hpp"
#include "steps/row_filter.hpp"
#include "steps/validate_input.hpp"

namespace runink::steps {

/// What `governance::judge` compares for one rule.
struct Count {
  std::uint64_t counted = 0;
  std::uint64_t of = 0;
};

/// The counts of all rules of `filter.pass`, in their order: rows that broke a rule, duplicates over
/// all rows that were read, and of the accepted rows their number and what the contract's SQL says.
/// `accepted` is a table of the accepted rows, unmasked; `read` is how many rows were read, `kept` how
/// many were accepted.
Outcome<std::vector<Count>> count_rules(Engine& engine, const pipeline::ValidateWork& work,
                                        const RowFilter& filter, const InputTables& input,
                                        const std::string& accepted, std::uint64_t read,
                                        std::uint64_t kept);

}  // namespace runink::steps
