// What the counts of a validate step mean for its stage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "governance/rules.hpp"
#include "state/run.hpp"

namespace runink::state {

enum class Consequence : std::uint8_t {
  kept = 1,      ///< the rule holds
  rejected = 2,  ///< the rows that break it were set apart
  warned = 3,    ///< it is broken, and nothing follows
  violated = 4   ///< it is broken, and the stage fails
};
/// "kept", "rejected", "warned", "violated".
std::string_view to_string(Consequence consequence);
Consequence consequence_of(const governance::Rule& rule, const QualityCount& count,
                           pipeline::OnViolation on_violation);

/// One rule, what was counted, and what followed: for people.
struct QualityView {
  std::string rule;
  std::string_view reason;  ///< the code of `governance::RuleReason`
  std::string_view scope;   ///< "row" or "dataset"
  std::string_view severity;
  std::uint64_t counted = 0;
  std::uint64_t of = 0;
  std::string bound;  ///< "at most 5 %"
  Consequence consequence = Consequence::kept;
};
/// Of a validate step whose one partition is committed, in the order of its rules; else nothing.
std::vector<QualityView> quality_of(const Run& run, std::size_t step);

/// All partitions of the step are committed: does what they counted break its contract?
bool breaks_contract(const Run& run, std::size_t step);

}  // namespace runink::state
