#include "state/quality.hpp"

namespace runink::state {

using pipeline::OnViolation;

std::string_view to_string(Consequence consequence) {
  switch (consequence) {
    case Consequence::kept: return "kept";
    case Consequence::rejected: return "rejected";
    case Consequence::warned: return "warned";
    case Consequence::violated: return "violated";
  }
  return "unknown";
}

namespace {

/// Reasons of rows that cannot stand in a dataset with the contract's types: they are set apart
/// whatever is said about rows that break a rule.
bool does_not_fit(governance::RuleReason reason) {
  return reason <= governance::RuleReason::bad_type;
}

}  // namespace

Consequence consequence_of(const governance::Rule& rule, const QualityCount& count,
                           OnViolation on_violation) {
  const governance::Verdict verdict = governance::judge(rule, count.counted, count.of);
  if (verdict == governance::Verdict::kept) return Consequence::kept;
  if (verdict == governance::Verdict::warned) return Consequence::warned;
  const bool row = rule.scope == governance::RuleScope::row;
  if (row && on_violation == OnViolation::reject) return Consequence::rejected;
  if (on_violation == OnViolation::warn)
    return row && does_not_fit(rule.reason) ? Consequence::rejected : Consequence::warned;
  return Consequence::violated;
}

std::vector<QualityView> quality_of(const Run& run, std::size_t step) {
  const auto* validate = std::get_if<pipeline::ValidateWork>(&run.plan.steps[step].work);
  const std::optional<Commit>& commit = run.stages[step].partitions.front().commit;
  if (validate == nullptr || !commit) return {};
  const std::vector<governance::Rule> rules = governance::rules_of(validate->rules);
  std::vector<QualityView> views;
  for (const QualityCount& count : commit->quality) {
    if (count.rule >= rules.size()) continue;
    const governance::Rule& rule = rules[count.rule];
    views.push_back({rule.name, to_string(rule.reason), to_string(rule.scope),
                     to_string(rule.severity), count.counted, count.of,
                     governance::to_text(rule.bound),
                     consequence_of(rule, count, validate->on_violation)});
  }
  return views;
}

bool breaks_contract(const Run& run, std::size_t step) {
  const auto* validate = std::get_if<pipeline::ValidateWork>(&run.plan.steps[step].work);
  if (validate == nullptr) return false;
  const std::vector<governance::Rule> rules = governance::rules_of(validate->rules);
  for (const QualityCount& count : run.stages[step].partitions.front().commit->quality)
    if (consequence_of(rules[count.rule], count, validate->on_violation) == Consequence::violated)
      return true;
  return false;
}

}  // namespace runink::state
