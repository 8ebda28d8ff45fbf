#include "pipeline/plan.hpp"

#include <algorithm>
#include <utility>

#include "governance/ascii.hpp"

namespace runink::pipeline {

std::string to_string(const Location& location) {
  if (!location.volume) return location.path;
  return location.volume->value + ":/" + location.path;
}

std::string_view kind_of(const Work& work) {
  static constexpr std::string_view kinds[] = {"source", "sql", "exec", "sink", "validate", "mask"};
  static_assert(std::size(kinds) == std::variant_size_v<Work>);
  return kinds[work.index()];
}

std::string to_string(const ContractUse& use) {
  if (use.version == 0) return use.name.value;
  return use.name.value + "@" + std::to_string(use.version);
}

const std::vector<governance::ColumnMask>& masks_of(const Work& work) {
  static const std::vector<governance::ColumnMask> none;
  if (const auto* validate = std::get_if<ValidateWork>(&work)) return validate->rejected_masks;
  if (const auto* mask = std::get_if<MaskWork>(&work)) return mask->masks;
  return none;
}

std::vector<governance::ColumnMask> accepted_masks(const ValidateWork& work) {
  std::vector<governance::ColumnMask> masks;
  if (!work.masks_accepted) return masks;
  for (const governance::ColumnMask& mask : work.rejected_masks)
    if (std::ranges::any_of(work.rules.properties, [&](const governance::Property& one) {
          return one.is_column() && governance::same_letters(one.name, mask.column);
        }))
      masks.push_back(mask);
  return masks;
}

bool needs_key(const Work& work) {
  return std::ranges::any_of(masks_of(work), [](const governance::ColumnMask& mask) {
    return mask.method == governance::MaskMethod::tokenise ||
           mask.method == governance::MaskMethod::hash;
  });
}

governance::SchemaObject columns_of(const governance::SchemaObject& object) {
  governance::SchemaObject columns = object;
  columns.quality.clear();
  columns.references.clear();
  for (governance::Property& property : columns.properties) property.description.clear();
  return columns;
}

std::vector<ContractUse> contracts_of(const Plan& plan) {
  std::map<std::tuple<ContractName, std::string, std::uint32_t, Digest>, ContractUse> uses;
  for (const Step& step : plan.steps)
    if (const ContractUse* use = contract_of(step.work))
      uses.try_emplace({use->name, use->object, use->version, use->document}, *use);
  std::vector<ContractUse> sorted;
  for (auto& [key, use] : uses) sorted.push_back(std::move(use));
  return sorted;
}

const ContractUse* contract_of(const Work& work) {
  if (const auto* source = std::get_if<SourceWork>(&work))
    return source->contract ? &source->contract->contract : nullptr;
  if (const auto* validate = std::get_if<ValidateWork>(&work)) return &validate->contract;
  return nullptr;
}

}  // namespace runink::pipeline
