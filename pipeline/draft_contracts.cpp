// [contracts], and the keys of sources and steps that go by a contract: what each says of itself.
#include <algorithm>
#include <utility>

#include "governance/contract_reader.hpp"
#include "governance/policy.hpp"
#include "pipeline/draft.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

/// What the herd has registered, as the request knows it.
const HerdView* view_of(const Draft::State& state) {
  if (!state.request.herd_views) return nullptr;
  const auto at = state.request.herd_views->find(state.herd);
  return at == state.request.herd_views->end() ? nullptr : &at->second;
}

const RegisteredContract* registered(const Draft::State& state, const ContractName& name) {
  const HerdView* view = view_of(state);
  if (view == nullptr) return nullptr;
  const auto at = view->contracts.find(name);
  return at == view->contracts.end() ? nullptr : &at->second;
}

/// Reads one document of the bundle. What is wrong in it is told at its own place.
void read_document(Draft::State& state, const ContractName& name, Span span,
                   const BundleFile& file) {
  DraftContract& draft = state.contracts[name];
  draft.span = span;
  draft.path = file.path;
  draft.document = sha256(file.bytes);
  draft.size = Bytes{file.bytes.size()};
  // Several names may mean one text: it is read, and what is wrong in it is told, once.
  const auto [document, fresh] = state.documents.try_emplace(draft.document);
  if (fresh) {
    auto read = governance::parse_contract(file.path, file.bytes);
    state.add_others(read ? read->warnings : read.error());
    if (read) document->second = std::move(read->contract);
  }
  if (!document->second) return;
  draft.contract = document->second;
  const RegisteredContract* known = registered(state, name);
  if (known == nullptr) return;
  if (known->document == draft.document) {
    draft.version = known->version;
    return;
  }
  const auto at = known->earlier.find(draft.document);
  if (at == known->earlier.end()) return;
  draft.version = at->second;
  draft.newest = &known->contract;
  state.mistakes.warn(
      span,
      "the contract `" + printable(name.value, 60) + "` is version " +
          std::to_string(draft.version) + "; the herd's newest is " +
          std::to_string(known->version) +
          ". Data is checked by the older one, and masked as strictly as the stricter one says",
      "take the newest: runi contract get " + printable(name.value, 60));
}

/// The contract of that name: a file of the bundle, else what the herd has registered.
DraftContract* find_contract(Draft::State& state, const std::string& name, Span span) {
  const ContractName key{name};
  if (const auto at = state.contracts.find(key); at != state.contracts.end()) return &at->second;
  if (const RegisteredContract* known = registered(state, key)) {
    DraftContract& draft = state.contracts[key];
    draft.document = known->document;
    draft.version = known->version;
    draft.contract = known->contract;
    return &draft;
  }
  std::vector<std::string> names = state.contract_names;
  if (const HerdView* view = view_of(state))
    for (const auto& [one, contract] : view->contracts) names.push_back(one.value);
  std::string hint = state.mistakes.suggest(name, names);
  if (hint.empty())
    hint = "name its file: [contracts] " + printable(name, 60) + " = \"contracts/" +
           printable(name, 60) + ".odcs.yaml\"";
  state.mistakes.error(span, "there is no contract `" + printable(name, 80) + "`", std::move(hint));
  return nullptr;
}

std::vector<std::string> objects_of(const governance::Contract& contract) {
  std::vector<std::string> names;
  for (const governance::SchemaObject& one : contract.objects) names.push_back(one.name);
  return names;
}

/// Which schema object is meant: the named one, the only one, or the one that bears the step's name.
const governance::SchemaObject* find_object(Draft::State& state,
                                            const governance::Contract& contract,
                                            const std::string& name, const std::string& wanted,
                                            const StepName& step, Span span) {
  const std::vector<std::string> known = objects_of(contract);
  if (known.empty()) {
    state.mistakes.error(span, "the contract `" + name + "` has no schema",
                         "a contract that is checked describes at least one object under `schema`");
    return nullptr;
  }
  if (!wanted.empty()) {
    if (const auto* found = contract.find(wanted)) return found;
    state.mistakes.error(
        span, "the contract `" + name + "` has no schema object `" + printable(wanted, 80) + "`",
        state.mistakes.suggest(wanted, known));
    return nullptr;
  }
  if (known.size() == 1) return &contract.objects.front();
  if (const auto* found = contract.find(step.value)) return found;
  state.mistakes.error(
      span, "the contract `" + name + "` has several schema objects: " + listed(known, "and"),
      "say which: contract = \"" + name + "/" + printable(known.front(), 60) + "\"");
  return nullptr;
}

void read_masks(Draft::State& state, Section& section, DraftStep& draft) {
  const Entry* masks = section.take("masks", Kind::table);
  if (masks == nullptr) return;
  for (const Entry& entry : masks->value.table) {
    if (draft.masks.size() == limits::masking_rules) {
      state.mistakes.error(masks->span, "`masks` has more than " +
                                            std::to_string(limits::masking_rules) + " columns");
      break;
    }
    if (entry.key.empty() || entry.key.size() > limits::contract_name_bytes) {
      state.mistakes.error(entry.span, "a column's name has 1 to " +
                                           std::to_string(limits::contract_name_bytes) + " bytes");
      continue;
    }
    if (const auto method = read_mask_method(entry.value, state.mistakes))
      draft.masks.push_back({entry.key, *method, entry.value.span});
  }
}

/// `mask = true` in a validate step.
bool masks_what_it_accepts(Draft::State& state, Section& section) {
  const Entry* entry = section.take("mask");
  if (entry == nullptr) return false;
  if (entry->value.kind == Kind::boolean) return entry->value.boolean;
  state.mistakes.error(
      entry->value.span, "`mask` of a validate step must be true or false",
      "true masks the rows that it accepts; a dataset is masked by a step of its own");
  return true;
}

}  // namespace

std::optional<governance::MaskMethod> read_mask_method(const Value& value, Mistakes& mistakes) {
  static const std::vector<std::string> names(std::begin(governance::mask_methods),
                                              std::end(governance::mask_methods));
  const auto method = value.kind == Kind::text ? governance::mask_method(value.text) : std::nullopt;
  if (!method)
    mistakes.error(value.span, "a method of masking is one of " + listed(names, "and"),
                   value.kind == Kind::text ? mistakes.suggest(value.text, names) : "");
  return method;
}

void Draft::State::add_others(const Diagnostics& more) {
  for (const Diagnostic& one : more.list) {
    if (others.list.size() == limits::diagnostics)
      ++others.dropped;
    else
      others.list.push_back(one);
  }
  others.dropped += more.dropped;
}

const governance::HerdPolicy& Draft::State::policy() const {
  static const governance::HerdPolicy usual;
  const HerdView* view = view_of(*this);
  return view == nullptr ? usual : view->policy;
}

void read_contracts(Draft::State& state, Section& top) {
  const Entry* contracts = top.take("contracts", Kind::table);
  if (contracts == nullptr) return;
  if (contracts->value.table.size() > limits::contracts_of_a_plan) {
    state.mistakes.error(contracts->span,
                         "[contracts] has " + std::to_string(contracts->value.table.size()) +
                             " names; at most " + std::to_string(limits::contracts_of_a_plan) +
                             " are allowed");
    return;
  }
  for (const Entry& entry : contracts->value.table) {
    if (auto fine = check_name("contract", entry.key); !fine) {
      state.mistakes.error(entry.span, as_message(fine.error()));
      continue;
    }
    state.contract_names.push_back(entry.key);
    const Value& value = entry.value;
    if (value.kind != Kind::text) {
      state.mistakes.error(value.span, "`" + entry.key + "` in [contracts] must be a text, not " +
                                           std::string(to_string(value.kind)));
      state.contracts[ContractName{entry.key}];  // told; its users have nothing to add
      continue;
    }
    const BundleFile* file = state.request.bundle.find(value.text);
    if (file == nullptr) {
      state.mistakes.error(value.span,
                           "the bundle has no file `" + printable(value.text, 120) + "`",
                           state.mistakes.suggest(value.text, state.paths));
      state.contracts[ContractName{entry.key}];
      continue;
    }
    read_document(state, ContractName{entry.key}, entry.span, *file);
  }
}

void read_contract(Draft::State& state, Section& section, DraftStep& draft) {
  const Entry* entry = section.take("contract");
  if (entry == nullptr) return;
  draft.contract_told = true;  // unless it turns out well
  if (section.take("contract", Kind::text) == nullptr) return;
  const std::string& text = entry->value.text;
  const std::size_t slash = text.find('/');
  const std::string name = text.substr(0, slash);
  const std::string object = slash == std::string::npos ? "" : text.substr(slash + 1);
  const Span span = entry->value.span;
  if (auto fine = check_name("contract", name); !fine)
    return state.mistakes.error(span, as_message(fine.error()),
                                "write the name of a contract, or NAME/OBJECT");
  DraftContract* found = find_contract(state, name, span);
  if (found == nullptr) return;
  found->used = true;
  if (!found->contract) return;  // its document is broken, which was told
  const auto* schema = find_object(state, *found->contract, name, object, draft.step.name, span);
  if (schema == nullptr) return;
  draft.contract_told = false;
  draft.contract =
      BoundContract{{ContractName{name}, schema->name, found->version, found->document},
                    schema,
                    found->newest == nullptr ? nullptr : found->newest->find(schema->name)};
}

void read_validate(Draft::State& state, Section& section, DraftStep& draft) {
  const std::string own = draft.step.name.value;
  for (const char* key : {"from", "outputs", "format"})
    section.refuse(key, "`" + std::string(key) + "` has no place in a validate step",
                   "it reads the dataset that it checks, and makes `" + printable(own, 80) +
                       "` and `" + printable(own, 80) + std::string(rejected_ending) +
                       "`, both Parquet");
  // `NAME.rejected` is a table of the schema NAME in SQL, and these are DuckDB's own.
  static constexpr std::string_view taken[] = {"information_schema", "main",   "memory",
                                               "pg_catalog",         "system", "temp"};
  if (std::ranges::find(taken, own) != std::end(taken))
    state.mistakes.error(
        draft.name_span,
        "a step that validates cannot be named `" + own + "`: SQL has a schema of that name",
        "give it another name");
  ValidateWork work;
  if (const Entry* input = section.take("validate", Kind::text)) {
    work.input = DatasetName{input->value.text};
    draft.reads.push_back({input->value.text, input->value.span});
  }
  read_contract(state, section, draft);
  if (const Entry* entry = section.take("on_violation", Kind::text)) {
    static const std::vector<std::string> known = {"reject", "fail", "warn"};
    const auto at = std::ranges::find(known, entry->value.text);
    if (at == known.end())
      state.mistakes.error(entry->value.span, "`on_violation` must be reject, fail or warn",
                           state.mistakes.suggest(entry->value.text, known));
    else
      work.on_violation = static_cast<OnViolation>(1 + (at - known.begin()));
  }
  work.masks_accepted = masks_what_it_accepts(state, section);
  if (work.masks_accepted)
    read_masks(state, section, draft);
  else
    section.refuse("masks", "`masks` belongs to a step that masks",
                   "with mask = true a validate step masks the rows that it accepts");
  draft.step.work = std::move(work);
  draft.step.outputs = {DatasetName{own}, DatasetName{own + std::string(rejected_ending)}};
  draft.output_spans = {draft.name_span, draft.name_span};
}

void read_mask(Draft::State& state, Section& section, DraftStep& draft) {
  for (const char* key : {"from", "outputs", "format"})
    section.refuse(
        key, "`" + std::string(key) + "` has no place in a mask step",
        "it reads the dataset that it masks, and makes one that bears its name, Parquet");
  MaskWork work;
  if (const Entry* input = section.take("mask", Kind::text)) {
    work.input = DatasetName{input->value.text};
    draft.reads.push_back({input->value.text, input->value.span});
    if (input->value.text.ends_with(rejected_ending))
      state.mistakes.error(input->value.span,
                           "the rows of `" + printable(input->value.text, 80) +
                               "` are masked already: a validate step does it",
                           "mask the rows that hold instead");
  }
  read_masks(state, section, draft);
  draft.step.work = std::move(work);
  draft.step.outputs = {DatasetName{draft.step.name.value}};
  draft.output_spans = {draft.name_span};
}

}  // namespace runink::pipeline
