#include "actors/workloads/quality_counts.hpp"

#include <map>
#include <optional>
#include <string_view>

#include "governance/rules.hpp"

namespace runink::actors {
namespace {

/// What every row rule is counted over. A step says it behind all its rules, so that a report that
/// was cut lacks it.
std::optional<std::uint64_t> rows_read(const SliceReport& report) {
  const auto at = report.counters.find("rows_read");
  if (at == report.counters.end() || report.lines_dropped > 0) return std::nullopt;
  return at->second;
}

}  // namespace

Result<std::vector<state::QualityCount>> counts_of(const pipeline::ValidateWork& work,
                                                   const SliceReport& report) {
  std::map<std::string_view, const QualityReport*> by_name;
  for (const QualityReport& one : report.quality) by_name[one.rule] = &one;
  const std::optional<std::uint64_t> read = rows_read(report);
  std::vector<state::QualityCount> counts;
  for (const governance::Rule& rule : governance::rules_of(work.rules)) {
    const auto at = by_name.find(rule.name);
    if (at != by_name.end())
      counts.push_back({rule.number, at->second->counted, at->second->of});
    else if (rule.scope == governance::RuleScope::row && read)
      counts.push_back({rule.number, 0, *read});
    else
      return fail(FaultKind::bad_input,
                  "The step's report is not complete: a rule of its contract was not counted.");
  }
  return counts;
}

}  // namespace runink::actors
