// Where the rules that a reader itself can find broken stand in the list of a contract's rules.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "governance/rules.hpp"
#include "steps/column_type.hpp"

namespace runink::steps {

/// `missingValues` of a column: a text of the wrong type may be one of them ("N/A" for a number).
struct MissingTexts {
  std::uint16_t rule = 0;
  std::set<std::string, std::less<>> texts;
};

struct RuleNumbers {
  std::vector<governance::Rule> rules;
  /// By the bits of a record's faults, from bit 0.
  std::uint16_t of_fault[6] = {};
  std::vector<std::uint16_t> type_of;              ///< by column
  std::vector<std::vector<MissingTexts>> missing;  ///< by column
  std::uint16_t first_value_rule = 0;              ///< rules before it are about records
};

RuleNumbers rule_numbers(const governance::SchemaObject& object,
                         const std::vector<ContractColumn>& columns);

}  // namespace runink::steps
