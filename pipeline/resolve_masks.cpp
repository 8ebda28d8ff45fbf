// What of each dataset is open: wanted masked by the herd, and not masked yet. It travels with the
// data by the names of columns. Where a name is lost, all that is open stays open, and what could
// not be masked for sure does not compile.
#include <set>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/masking.hpp"
#include "pipeline/column_flow.hpp"
#include "pipeline/resolve_contracts.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

using governance::ascii_lower;
using governance::ColumnMask;
using governance::MaskMethod;
using governance::SchemaObject;

struct Dataset {
  Columns columns;
  const SchemaObject* schema = nullptr;  ///< what a contract says of its columns
  /// The step behind which nobody can tell which columns hold what is open.
  const DraftStep* lost = nullptr;
};

std::string names_of(const Masks& masks) {
  std::vector<std::string> names;
  for (const auto& [name, one] : masks)
    if (names.size() < 5) names.push_back(printable(one.column, 60));
  std::string text = listed(names, "and");
  if (masks.size() > names.size())
    text += " and " + std::to_string(masks.size() - names.size()) + " more";
  return text;
}

std::vector<std::string> columns_in(const SchemaObject& schema) {
  std::vector<std::string> names;
  for (const governance::Property& one : schema.properties)
    if (one.is_column()) names.push_back(one.name);
  return names;
}

std::string named(const StepName& step) { return "`" + printable(step.value, 60) + "`"; }

class MaskDecider {
 public:
  MaskDecider(Draft::State& state, const std::vector<SqlReading>& readings)
      : state_(state), readings_(readings) {}

  void decide(DraftStep& step) {
    if (auto* work = std::get_if<MaskWork>(&step.step.work))
      return put(step, mask(step, *work, datasets_[work->input.value]));
    if (auto* work = std::get_if<ValidateWork>(&step.step.work))
      return put(step, validate(step, *work, datasets_[work->input.value]));
    if (std::holds_alternative<SourceWork>(step.step.work)) return put(step, source(step));
    put(step, combine(step));
  }

 private:
  void put(const DraftStep& step, const Dataset& made) {
    for (const DatasetName& output : step.step.outputs)
      if (!output.value.ends_with(rejected_ending)) datasets_[output.value] = made;
  }

  /// What the herd demands for the columns of a contract. An older version may ask for less than the
  /// newest, and does not get away with it.
  Masks demanded(const BoundContract& contract) const {
    Masks masks;
    for (const SchemaObject* object : {contract.schema, contract.newest}) {
      if (object == nullptr) continue;
      if (const auto list = governance::masks_for(*object, state_.policy(), {}))
        for (const ColumnMask& one : *list) demand(masks, one);
    }
    return masks;
  }

  void demand_fields(Masks& masks) const {
    for (const auto& [field, method] : state_.policy().masking.by_field)
      if (method != MaskMethod::keep) demand(masks, {field, method, "herd policy for " + field});
  }

  /// Only the columns that a dataset of that contract has, spelled as there.
  static Columns within(const SchemaObject& schema, const Columns& all) {
    Columns some;
    some.names.emplace();
    for (const std::string& column : columns_in(schema)) {
      const std::string name = ascii_lower(column);
      some.names->insert(name);
      const auto at = all.open.find(name);
      const ColumnMask* open = at == all.open.end() ? nullptr : &at->second;
      if (!all.names) open = mask_for(all.open, name);
      if (open != nullptr)
        some.open[name] = {column, open->method, open->why};
      else if (const auto done = all.masked.find(name); done != all.masked.end())
        some.masked.insert(*done);
    }
    return some;
  }

  /// Imported files may have columns that no contract names, and lines that nobody could read.
  Dataset source(const DraftStep& step) const {
    Dataset made;
    demand_fields(made.columns.open);
    if (!step.contract) return made;
    made.schema = step.contract->schema;
    for (const auto& [name, one] : demanded(*step.contract)) demand(made.columns.open, one);
    return made;
  }

  /// What is open in the input stays open, whatever the step's own contract says of it.
  Dataset validate(DraftStep& step, ValidateWork& work, const Dataset& input) {
    if (!step.contract) return {};
    Columns all = input.columns;
    for (const auto& [name, one] : demanded(*step.contract)) {
      const auto masked = all.masked.find(name);
      if (masked == all.masked.end() || masked->second.method < one.method) demand(all.open, one);
    }
    for (const auto& [name, one] : all.open) all.masked.erase(name);
    Dataset made{within(*step.contract->schema, all), step.contract->schema, nullptr};
    Masks masks = made.columns.open;
    if (work.masks_accepted) {
      for (const DraftMask& one : step.masks) ask(step, one, made, masks);
      if (masks.empty()) warn_of_nothing(step);
      for (const auto& [name, one] : masks) made.columns.masked.insert_or_assign(name, one);
      made.columns.open.clear();
    }
    // Those of no column of the contract hide the record as a whole, which may hold them.
    masks.insert(all.open.begin(), all.open.end());
    work.rejected_masks.clear();
    for (const auto& [name, one] : masks) work.rejected_masks.push_back(one);
    Columns& rejected = datasets_[step.step.name.value + std::string(rejected_ending)].columns;
    for (const ColumnMask& one : work.rejected_masks) demand(rejected.masked, one);
    if (input.lost != nullptr) take_at_its_word(step, input);
    return made;
  }

  void take_at_its_word(const DraftStep& step, const Dataset& input) {
    state_.mistakes.warn(
        step.name_span,
        "what " + named(input.lost->step.name) + " makes of columns that the herd wants masked (" +
            names_of(input.columns.open) + ") cannot be followed: " + named(step.step.name) +
            " takes the classifications of its contract at their word",
        "put a mask step before " + named(input.lost->step.name));
  }

  Dataset combine(const DraftStep& step) {
    std::vector<const Columns*> inputs;
    Dataset made;
    for (const DatasetName& input : step.step.inputs) {
      const Dataset& data = datasets_[input.value];
      inputs.push_back(&data.columns);
      if (made.lost == nullptr) made.lost = data.lost;
    }
    made.columns = together(inputs);
    const Masks& open = made.columns.open;
    if (std::holds_alternative<SqlWork>(step.step.work)) {
      if (!step.question || *step.question >= readings_.size()) return made;
      Flow flow =
          flow_of(readings_[*step.question], made.columns, state_.policy().masking.by_field);
      made.columns = std::move(flow.columns);
      if (!flow.followed && made.lost == nullptr) made.lost = &step;
      return made;
    }
    if (!open.empty()) warn(step, open, made.lost);
    if (!open.empty() && made.lost == nullptr) made.lost = &step;
    return made;
  }

  void warn(const DraftStep& step, const Masks& open, const DraftStep* lost) {
    const bool sink = std::holds_alternative<SinkWork>(step.step.work);
    state_.mistakes.warn(step.name_span,
                         (sink ? "the sink " : "the program of ") + named(step.step.name) +
                             (sink ? " may write" : " may read") +
                             " columns that the herd wants masked: " + names_of(open),
                         lost != nullptr
                             ? "put a mask step before " + named(lost->step.name)
                             : "put a step before it: mask = \"" +
                                   printable(step.step.inputs.front().value, 60) + "\"");
  }

  // ---- mask steps

  Dataset mask(DraftStep& step, MaskWork& work, Dataset data) {
    if (data.lost != nullptr) {
      lose(step, work, data);
      return data;
    }
    Masks masks;
    if (data.schema != nullptr) {
      data.columns = within(*data.schema, data.columns);
      work.only = columns_in(*data.schema);
      masks = data.columns.open;
    } else {
      masks = data.columns.open;
      Masks fields;
      demand_fields(fields);
      for (const auto& [name, one] : fields)
        if (!data.columns.masked.contains(name)) demand(masks, one);
    }
    for (const DraftMask& one : step.masks) ask(step, one, data, masks);
    collect(step, work, data, masks);
    for (const ColumnMask& one : work.masks) {
      data.columns.open.erase(ascii_lower(one.column));
      data.columns.masked.insert_or_assign(ascii_lower(one.column), one);
    }
    return data;
  }

  void lose(const DraftStep& step, const MaskWork& work, const Dataset& data) {
    state_.mistakes.error(step.name_span,
                          named(step.step.name) + " cannot tell which columns of `" +
                              printable(work.input.value, 60) +
                              "` hold what the herd wants masked (" + names_of(data.columns.open) +
                              "): " + named(data.lost->step.name) +
                              (std::holds_alternative<SqlWork>(data.lost->step.work)
                                   ? " puts it into columns whose names cannot be followed"
                                   : " is a program that may put it anywhere"),
                          "put the mask step before " + named(data.lost->step.name) +
                              ", or a step between that validates with a contract of its own");
  }

  /// One of the step's own `masks`.
  void ask(const DraftStep& step, const DraftMask& asked, const Dataset& data, Masks& masks) {
    const std::string name = ascii_lower(asked.column);
    std::string column = asked.column;
    MaskMethod method = asked.method;
    if (data.schema != nullptr) {
      const auto* property = property_of(*data.schema, name);
      if (property == nullptr) return tell(asked, {asked.column, true, asked.method, {}, {}}, data);
      column = property->name;
      const bool nested = property->type == governance::LogicalType::array ||
                          property->type == governance::LogicalType::object;
      if (nested && method == MaskMethod::partial) method = MaskMethod::redact;
    }
    const auto at = masks.find(name);
    if (at != masks.end() && method < at->second.method)
      return tell(asked, {asked.column, false, method, at->second.method, at->second.why}, data);
    if (method == MaskMethod::keep) return;
    if (at == masks.end() || at->second.method < method) masks[name] = {column, method, "step"};
    asked_.insert({&step, name});
  }

  static const governance::Property* property_of(const SchemaObject& schema,
                                                 const std::string& name) {
    for (const governance::Property& one : schema.properties)
      if (one.is_column() && ascii_lower(one.name) == name) return &one;
    return nullptr;
  }

  void tell(const DraftMask& asked, const governance::MaskMistake& mistake, const Dataset& data) {
    state_.mistakes.error(asked.span, governance::to_text(mistake),
                          mistake.unknown
                              ? state_.mistakes.suggest(mistake.column, columns_in(*data.schema))
                              : "a step may only be stricter; leave the column out for `" +
                                    std::string(to_string(mistake.demanded)) + "`");
  }

  /// In the order of the contract, or else of the names.
  void collect(const DraftStep& step, MaskWork& work, const Dataset& data, const Masks& masks) {
    std::vector<std::string> order;
    if (data.schema != nullptr)
      for (const std::string& column : work.only) order.push_back(ascii_lower(column));
    else
      for (const auto& [name, one] : masks) order.push_back(name);
    for (const std::string& name : order) {
      const auto at = masks.find(name);
      if (at == masks.end()) continue;
      work.masks.push_back(at->second);
      if (data.schema != nullptr || asked_.contains({&step, name}))
        work.required.push_back(at->second.column);
    }
    if (work.masks.empty()) warn_of_nothing(step);
  }

  void warn_of_nothing(const DraftStep& step) {
    if (state_.failed()) return;
    state_.mistakes.warn(step.name_span, named(step.step.name) + " masks nothing",
                         "no column has a classification, no rule of the herd names one, and "
                         "the step has no `masks`");
  }

  Draft::State& state_;
  const std::vector<SqlReading>& readings_;
  std::map<std::string, Dataset> datasets_;
  std::set<std::pair<const DraftStep*, std::string>>
      asked_;  ///< columns that steps name themselves
};

}  // namespace

void decide_masks(Draft::State& state, const std::vector<std::size_t>& order,
                  const std::vector<SqlReading>& readings) {
  MaskDecider decider{state, readings};
  for (const std::size_t place : order) decider.decide(state.steps[place]);
}

}  // namespace runink::pipeline
