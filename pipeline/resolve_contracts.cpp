#include "pipeline/resolve_contracts.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

class Binder {
 public:
  Binder(Draft::State& state, const Producers& producers) : state_(state), producers_(producers) {}

  void bind() {
    for (DraftStep& step : state_.steps)
      if (std::holds_alternative<ValidateWork>(step.step.work)) find_contract(step);
    for (DraftStep& step : state_.steps)
      if (auto* work = std::get_if<ValidateWork>(&step.step.work); work && step.contract)
        fill(step, *work);
  }

 private:
  const DraftStep* producer(const std::string& dataset) const {
    const auto at = producers_.find(dataset);
    return at == producers_.end() ? nullptr : &state_.steps[at->second];
  }

  /// Whether `step` reads, by whatever way, what `other` makes. Two objects may refer to each other:
  /// the step that checks the second one then takes the imported rows of the first.
  bool waits_for(const DraftStep& step, const DraftStep& other) const {
    std::set<const DraftStep*> seen = {&step};
    std::vector<const DraftStep*> open = {&step};
    while (!open.empty()) {
      const DraftStep* at = open.back();
      open.pop_back();
      if (at == &other) return true;
      for (const Reference& read : at->reads)
        if (const DraftStep* from = producer(read.name);
            from != nullptr && seen.insert(from).second)
          open.push_back(from);
    }
    return false;
  }

  /// Through validate and mask steps to the source. Cycles are told later; here they end the search.
  void find_contract(DraftStep& step) {
    if (step.contract || step.contract_told || step.reads.empty()) return;
    const Reference input = step.reads.front();
    std::set<const DraftStep*> seen = {&step};
    const DraftStep* from = producer(input.name);
    if (from == nullptr) return;  // there is no such dataset, which is told with all the others
    while (from != nullptr && seen.insert(from).second) {
      if (from->contract) {
        step.contract = from->contract;
        return;
      }
      if (from->contract_told) return;
      const bool goes_on = std::holds_alternative<ValidateWork>(from->step.work) ||
                           std::holds_alternative<MaskWork>(from->step.work);
      from = goes_on && !from->reads.empty() ? producer(from->reads.front().name) : nullptr;
    }
    if (from != nullptr) return;
    state_.mistakes.error(
        input.span, "dataset `" + printable(input.name, 80) + "` has no contract to be checked by",
        "give its source one, or name it here: contract = \"NAME\"");
  }

  void fill(DraftStep& step, ValidateWork& work) {
    const BoundContract& bound = *step.contract;
    work.contract = bound.use;
    work.rules = *bound.schema;
    for (governance::Property& property : work.rules.properties) property.description.clear();
    for (const governance::Reference& reference : bound.schema->references) {
      const std::string dataset = dataset_of(step, work, reference);
      work.references.push_back(DatasetName{dataset});
      if (!dataset.empty()) step.reads.push_back({dataset, step.name_span});
    }
  }

  /// Where the values of a reference's target stand: checked rows rather than imported ones.
  std::string dataset_of(const DraftStep& step, const ValidateWork& work,
                         const governance::Reference& reference) {
    const auto stands_in = [&](const DraftStep& other) {
      return other.contract && other.contract->use.name == work.contract.name &&
             other.contract->use.object == reference.to_object;
    };
    // Its own rows: those that another step checked would have to wait for it, or it for them.
    if (reference.to_object == work.contract.object) return work.input.value;
    for (const DraftStep& other : state_.steps)
      if (std::holds_alternative<ValidateWork>(other.step.work) && stands_in(other) &&
          !waits_for(other, step))
        return other.step.name.value;
    for (const DraftStep& other : state_.steps)
      if (std::holds_alternative<SourceWork>(other.step.work) && stands_in(other))
        return other.step.name.value;
    if (const DraftStep* other = producer(reference.to_object);
        other != nullptr && !waits_for(*other, step))
      return reference.to_object;
    const std::string object = printable(reference.to_object, 80);
    state_.mistakes.error(step.name_span,
                          "the contract `" + to_string(work.contract) + "` refers to `" + object +
                              "`, which no dataset of the pipeline holds",
                          "import it with a source, and check it in a step: contract = \"" +
                              work.contract.name.value + "/" + object + "\"");
    return {};
  }

  Draft::State& state_;
  const Producers& producers_;
};

}  // namespace

void bind_validations(Draft::State& state, const Producers& producers) {
  Binder{state, producers}.bind();
}

}  // namespace runink::pipeline
