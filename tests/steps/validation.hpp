// Contracts and validate steps, put together by hand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "governance/rules.hpp"
#include "tests/steps/slice_folder.hpp"

namespace runink::testing {

/// A contract's object, column by column.
class ObjectOf {
 public:
  explicit ObjectOf(std::string name = "trades") { object.name = std::move(name); }
  governance::Property& column(const std::string& name,
                               governance::LogicalType type = governance::LogicalType::string,
                               const std::string& physical = "") {
    governance::Property property;
    property.name = name;
    property.type = type;
    property.type_given = true;
    property.physical_type = physical;
    return object.properties.emplace_back(std::move(property));
  }
  governance::QualityRule& quality(const std::string& name, governance::Metric metric,
                                   std::vector<std::string> columns = {}) {
    governance::QualityRule rule;
    rule.name = name;
    rule.metric = metric;
    rule.columns = std::move(columns);
    return object.quality.emplace_back(std::move(rule));
  }
  governance::SchemaObject object;
};

inline pipeline::Step validate(const governance::SchemaObject& object,
                               pipeline::OnViolation on = pipeline::OnViolation::reject) {
  pipeline::Step step;
  step.name = StepName{"checked"};
  pipeline::ValidateWork work;
  work.input = DatasetName{"trades"};
  work.contract.name = ContractName{"trades"};
  work.contract.object = object.name;
  work.rules = object;
  work.on_violation = on;
  for (const auto& reference : object.references)
    work.references.push_back(DatasetName{reference.to_object});
  step.inputs = {DatasetName{"trades"}};
  for (const auto& reference : work.references) step.inputs.push_back(reference);
  step.work = std::move(work);
  step.outputs = {DatasetName{"checked"}, DatasetName{"checked.rejected"}};
  return step;
}

/// The last counter of that name.
inline std::int64_t counter(const Ended& ended, const std::string& name) {
  std::int64_t value = -1;
  for (const auto& line : ended.lines)
    if (const auto* body = line.if_contains("counter");
        body && body->at("name").as_string() == name.c_str())
      value = static_cast<std::int64_t>(body->at("value").to_number<std::uint64_t>());
  return value;
}

/// What was counted for each rule that counted anything: "rule=counted/of rule=...".
inline std::string counted(const Ended& ended) {
  std::string out;
  for (const auto& line : ended.lines) {
    const auto* body = line.if_contains("quality");
    if (!body || body->at("counted").to_number<std::int64_t>() == 0) continue;
    out += (out.empty() ? "" : " ") + std::string(body->at("rule").as_string()) + "=" +
           std::to_string(body->at("counted").to_number<std::int64_t>()) + "/" +
           std::to_string(body->at("of").to_number<std::int64_t>());
  }
  return out;
}

/// Rows of the accepted and of the rejected file.
inline const std::string kChecked = "read_parquet('{}/out/checked/part-0.parquet')";
inline const std::string kRejected = "read_parquet('{}/out/checked.rejected/part-0.parquet')";

/// "read accepted rejected", and that they agree.
inline std::string accounts(const SliceFolder& slice, const Ended& ended) {
  const std::string rows = slice.query("SELECT (SELECT count(*) FROM " + kChecked +
                                       "), (SELECT count(*) FROM " + kRejected + ")");
  const std::string told = std::to_string(counter(ended, "rows_accepted")) + "|" +
                           std::to_string(counter(ended, "rows_rejected"));
  if (rows != told) return "the files hold " + rows + ", the report says " + told;
  const auto read = counter(ended, "rows_read");
  if (read != counter(ended, "rows_accepted") + counter(ended, "rows_rejected"))
    return "rows are lost";
  return std::to_string(read) + " = " + std::to_string(counter(ended, "rows_accepted")) + " + " +
         std::to_string(counter(ended, "rows_rejected"));
}

}  // namespace runink::testing
