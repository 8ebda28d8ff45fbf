#include "governance/contract.hpp"

namespace runink::governance {

std::string_view to_string(LogicalType type) {
  static constexpr std::string_view names[] = {"?",     "string", "date",    "timestamp",
                                               "time",  "number", "integer", "object",
                                               "array", "boolean"};
  return known(type) ? names[static_cast<std::size_t>(type)] : names[0];
}

std::string_view to_string(Metric metric) {
  static constexpr std::string_view names[] = {
      "?", "nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount", "sql"};
  return known(metric) ? names[static_cast<std::size_t>(metric)] : names[0];
}

std::string_view to_string(Comparison comparison) {
  static constexpr std::string_view names[] = {"?",
                                               "mustBe",
                                               "mustNotBe",
                                               "mustBeGreaterThan",
                                               "mustBeGreaterOrEqualTo",
                                               "mustBeLessThan",
                                               "mustBeLessOrEqualTo",
                                               "mustBeBetween",
                                               "mustNotBeBetween"};
  return known(comparison) ? names[static_cast<std::size_t>(comparison)] : names[0];
}

std::string_view to_string(RuleSeverity severity) {
  static constexpr std::string_view names[] = {"?", "info", "warning", "error"};
  return known(severity) ? names[static_cast<std::size_t>(severity)] : names[0];
}

}  // namespace runink::governance
