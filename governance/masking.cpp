#include "governance/masking.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "governance/ascii.hpp"

namespace runink::governance {
namespace {

struct Demand {
  MaskMethod method = MaskMethod::keep;
  std::string why;

  void raise(MaskMethod other, std::string reason) {
    if (other <= method) return;
    method = other;
    why = std::move(reason);
  }
};

/// The strictest of the entries that mean `name`, whatever the case of their letters.
std::optional<MaskMethod> strictest(const std::map<std::string, MaskMethod>& rules,
                                    std::string_view name) {
  std::optional<MaskMethod> found;
  for (const auto& [one, method] : rules)
    if (same_letters(one, name)) found = std::max(found.value_or(MaskMethod::keep), method);
  return found;
}

/// The column of a path: "address" of "address.city" and of "address[]".
std::string_view column_of(std::string_view path) {
  return path.substr(0, std::min(path.find_first_of(".["), path.size()));
}

Demand demand_of(const Property& property, const MaskingPolicy& policy) {
  Demand demand;
  if (!property.classification.empty()) {
    const bool open = same_letters(property.classification, "public");
    const MaskMethod otherwise = open ? MaskMethod::keep : policy.fallback;
    demand.raise(strictest(policy.by_classification, property.classification).value_or(otherwise),
                 "classification " + property.classification);
  }
  if (const auto field = strictest(policy.by_field, property.name))
    demand.raise(*field, "herd policy for " + property.name);
  return demand;
}

bool is_nested(const Property& property) {
  return property.type == LogicalType::array || property.type == LogicalType::object;
}

/// What of `column` and of its parts is asked together.
Demand demand_with_parts(const SchemaObject& object, const Property& column,
                         const MaskingPolicy& policy) {
  Demand all;
  for (const Property& one : object.properties)
    if (column_of(one.name) == column.name) {
      Demand demand = demand_of(one, policy);
      all.raise(demand.method, std::move(demand.why));
    }
  if (is_nested(column) && all.method == MaskMethod::partial) all.method = MaskMethod::redact;
  return all;
}

/// The override of `column`: the strictest of those that mean it.
std::optional<MaskMethod> asked_of(const Property& column, const MaskOverrides& overrides) {
  auto asked = strictest(overrides, column.name);
  if (asked && is_nested(column) && *asked == MaskMethod::partial) asked = MaskMethod::redact;
  return asked;
}

std::vector<MaskMistake> unknown_columns(const SchemaObject& object,
                                         const MaskOverrides& overrides) {
  std::vector<MaskMistake> found;
  for (const auto& [name, method] : overrides)
    if (std::ranges::none_of(object.properties, [&](const Property& p) {
          return p.is_column() && same_letters(p.name, name);
        }))
      found.push_back({name, true, method, MaskMethod::keep, {}});
  return found;
}

}  // namespace

std::string to_text(const MaskMistake& mistake) {
  if (mistake.unknown) return "the contract has no column `" + mistake.column + "`";
  return "`" + mistake.column + "` must be masked at least as `" +
         std::string(to_string(mistake.demanded)) + "` (" + mistake.why + "); `" +
         std::string(to_string(mistake.asked)) + "` is laxer";
}

std::expected<std::vector<ColumnMask>, std::vector<MaskMistake>> masks_for(
    const SchemaObject& object, const HerdPolicy& policy, const MaskOverrides& overrides) {
  std::vector<ColumnMask> masks;
  std::vector<MaskMistake> mistakes = unknown_columns(object, overrides);
  for (const Property& column : object.properties) {
    if (!column.is_column()) continue;
    Demand demand = demand_with_parts(object, column, policy.masking);
    const auto asked = asked_of(column, overrides);
    if (asked && *asked < demand.method) {
      mistakes.push_back({column.name, false, *asked, demand.method, demand.why});
      continue;
    }
    if (asked) demand.raise(*asked, "step");
    if (demand.method != MaskMethod::keep)
      masks.push_back({column.name, demand.method, std::move(demand.why)});
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return masks;
}

}  // namespace runink::governance
