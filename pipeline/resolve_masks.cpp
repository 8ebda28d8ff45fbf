// Which columns a mask step masks. Where the columns of its input are known from a contract, they
// are the contract's; behind SQL and programs they are not known, so the columns that the herd
// wants masked in anything upstream are masked by their names.
#include <algorithm>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/masking.hpp"
#include "pipeline/resolve_contracts.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

using governance::ColumnMask;
using governance::MaskMethod;

using governance::ascii_lower;

/// By the column in small letters.
using Masks = std::map<std::string, ColumnMask>;

/// The stricter one of two demands for a column.
void demand(Masks& masks, const ColumnMask& mask) {
  const auto [at, fresh] = masks.try_emplace(ascii_lower(mask.column), mask);
  if (!fresh && at->second.method < mask.method) at->second = mask;
}

struct Dataset {
  const governance::SchemaObject* schema = nullptr;  ///< its columns, where a contract tells them
  Masks open;  ///< what the herd wants masked in it, and nobody has masked yet
};

class MaskDecider {
 public:
  explicit MaskDecider(Draft::State& state) : state_(state) {}

  void decide(std::size_t place) {
    DraftStep& step = state_.steps[place];
    if (std::holds_alternative<MaskWork>(step.step.work)) return mask(step);
    Dataset made;
    if (step.contract) {
      made.schema = step.contract->schema;
      made.open = demanded(*made.schema);
    } else {
      for (const DatasetName& input : step.step.inputs)
        for (const auto& [name, open] : datasets_[input.value].open) demand(made.open, open);
    }
    if (std::holds_alternative<ExecWork>(step.step.work)) warn(step, made.open);
    for (const DatasetName& output : step.step.outputs)
      datasets_[output.value] = output.value.ends_with(rejected_ending) ? Dataset{} : made;
  }

 private:
  Masks demanded(const governance::SchemaObject& schema) const {
    Masks masks;
    if (const auto list = governance::masks_for(schema, state_.policy(), {}))
      for (const ColumnMask& one : *list) demand(masks, one);
    return masks;
  }

  void mask(DraftStep& step) {
    MaskWork& work = std::get<MaskWork>(step.step.work);
    Dataset data = datasets_[work.input.value];
    if (data.schema != nullptr)
      by_contract(step, work, data);
    else
      by_name(step, work, data);
    if (work.masks.empty() && !state_.failed())
      state_.mistakes.warn(step.name_span, "`" + step.step.name.value + "` masks nothing",
                           "no column has a classification, no rule of the herd names one, and "
                           "the step has no `masks`");
    for (const ColumnMask& one : work.masks) data.open.erase(ascii_lower(one.column));
    datasets_[step.step.outputs.front().value] = std::move(data);
  }

  void by_contract(const DraftStep& step, MaskWork& work, const Dataset& data) {
    governance::MaskOverrides overrides;
    for (const DraftMask& one : step.masks) overrides[one.column] = one.method;
    const auto masks = governance::masks_for(*data.schema, state_.policy(), overrides);
    if (!masks) return tell(step, *data.schema, masks.error());
    for (const ColumnMask& one : *masks) {
      const bool asked = std::ranges::any_of(
          step.masks, [&](const DraftMask& m) { return ascii_lower(m.column) == ascii_lower(one.column); });
      // What an earlier step masked is not masked once more, unless this one asks for it.
      if (!asked && !data.open.contains(ascii_lower(one.column))) continue;
      work.masks.push_back(one);
      work.required.push_back(one.column);
    }
  }

  void by_name(const DraftStep& step, MaskWork& work, const Dataset& data) {
    Masks masks = data.open;
    for (const auto& [field, method] : state_.policy().masking.by_field)
      if (method != MaskMethod::keep) demand(masks, {field, method, "herd policy for " + field});
    for (const DraftMask& one : step.masks) {
      const auto at = masks.find(ascii_lower(one.column));
      if (at != masks.end() && one.method < at->second.method) {
        const governance::MaskMistake mistake{one.column, false, one.method, at->second.method,
                                              at->second.why};
        state_.mistakes.error(one.span, governance::to_text(mistake));
        continue;
      }
      if (one.method == MaskMethod::keep) continue;
      masks[ascii_lower(one.column)] = {one.column, one.method, "step"};
      work.required.push_back(one.column);
    }
    for (auto& [name, one] : masks) work.masks.push_back(std::move(one));
  }

  void tell(const DraftStep& step, const governance::SchemaObject& schema,
            const std::vector<governance::MaskMistake>& mistakes) {
    std::vector<std::string> columns;
    for (const governance::Property& one : schema.properties)
      if (one.is_column()) columns.push_back(one.name);
    for (const governance::MaskMistake& mistake : mistakes) {
      const auto at = std::ranges::find(step.masks, mistake.column, &DraftMask::column);
      const Span span = at == step.masks.end() ? step.name_span : at->span;
      state_.mistakes.error(
          span, governance::to_text(mistake),
          mistake.unknown ? state_.mistakes.suggest(mistake.column, columns)
                          : "a step may only be stricter; leave the column out for `" +
                                std::string(to_string(mistake.demanded)) + "`");
    }
  }

  void warn(const DraftStep& step, const Masks& open) {
    if (open.empty()) return;
    std::vector<std::string> columns;
    for (const auto& [name, one] : open)
      if (columns.size() < 5) columns.push_back(printable(one.column, 60));
    std::string what = "the program of `" + step.step.name.value +
                       "` may read columns that the herd wants masked: " + listed(columns, "and");
    if (open.size() > columns.size())
      what += " and " + std::to_string(open.size() - columns.size()) + " more";
    state_.mistakes.warn(step.name_span, std::move(what),
                         "put a step before it: mask = \"" +
                             printable(step.step.inputs.front().value, 60) + "\"");
  }

  Draft::State& state_;
  std::map<std::string, Dataset> datasets_;
};

}  // namespace

void decide_masks(Draft::State& state, const std::vector<std::size_t>& order) {
  MaskDecider decider{state};
  for (const std::size_t place : order) decider.decide(place);
}

}  // namespace runink::pipeline
