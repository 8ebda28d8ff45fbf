#include "pipeline/draft.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "pipeline/quantity.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

constexpr std::string_view usual_entry = "pipeline.toml";
constexpr std::string_view entry_ending = ".pipeline.toml";

std::vector<std::string> paths_of(const Bundle& bundle) {
  std::vector<std::string> all;
  for (const BundleFile& file : bundle.files) all.push_back(file.path);
  return all;
}

struct EntryFile {
  const BundleFile* file = nullptr;
  std::string message;  ///< why there is none
  std::string hint;
};

EntryFile find_entry(const Bundle& bundle, const std::string& wanted) {
  if (!wanted.empty()) {
    if (const BundleFile* file = bundle.find(wanted)) return {file, {}, {}};
    return {nullptr, "the bundle has no file `" + printable(wanted, 120) + "`",
            suggestion(wanted, paths_of(bundle))};
  }
  if (const BundleFile* file = bundle.find(usual_entry)) return {file, {}, {}};
  std::vector<std::string> found;
  const BundleFile* last = nullptr;
  for (const BundleFile& file : bundle.files) {
    if (!file.path.ends_with(entry_ending) || file.path.find('/') != std::string::npos) continue;
    found.push_back(file.path);
    last = &file;
  }
  if (found.size() == 1) return {last, {}, {}};
  if (found.empty())
    return {nullptr, "the bundle has no pipeline.toml and no *.pipeline.toml",
            "send the folder in which the pipeline file lies"};
  return {nullptr, "the bundle has several pipeline files: " + listed(found, "and"),
          "name one of them"};
}

/// A key that is a name: checked, or told and empty.
std::string read_name(Section& top, Mistakes& mistakes, std::string_view key,
                      const std::string& example) {
  const Entry* entry = top.take(key, Kind::text);
  if (entry == nullptr) {
    if (top.take(key) == nullptr)
      mistakes.error({0, 1}, "`" + std::string(key) + "` is missing",
                     "begin the file with: " + std::string(key) + " = \"" + example + "\"");
    return {};
  }
  if (auto fine = check_name(key, entry->value.text); !fine) {
    mistakes.error(entry->value.span, as_message(fine.error()));
    return {};
  }
  return entry->value.text;
}

void read_heading(Draft::State& state, Section& top) {
  state.pipeline = PipelineName{read_name(top, state.mistakes, "pipeline", "settlement")};
  state.herd = HerdName{read_name(top, state.mistakes, "herd", "finance")};
  if (const Entry* entry = top.take("description", Kind::text)) {
    state.description = entry->value.text;
    if (state.description.size() > limits::parameter_value.value)
      state.mistakes.error(entry->value.span, "`description` is longer than " +
                                                  std::to_string(limits::parameter_value.value) +
                                                  " bytes");
  }
  const auto& herds = state.request.herds;
  if (!herds || state.herd.value.empty()) return;
  if (std::ranges::find(*herds, state.herd) != herds->end()) return;
  std::vector<std::string> known;
  for (const HerdName& one : *herds) known.push_back(one.value);
  std::string hint = state.mistakes.suggest(state.herd.value, known);
  if (hint.empty()) hint = "apply a file NAME.herd.toml first";
  state.mistakes.error(top.take("herd")->value.span, "there is no herd `" + state.herd.value + "`",
                       std::move(hint));
}

std::vector<ContractName> contracts_named(const Value& root) {
  std::set<ContractName> names;
  for (const Entry& part : root.table) {
    for (const Entry& one : part.value.table) {
      if (part.key == "contracts") names.insert(ContractName{one.key});
      if (part.key != "source" && part.key != "step") continue;
      for (const Entry& key : one.value.table)
        if (key.key == "contract")
          names.insert(ContractName{key.value.text.substr(0, key.value.text.find('/'))});
    }
  }
  return {names.begin(), names.end()};
}

void read_all(Draft::State& state) {
  auto root = read_toml(state.source);
  if (!root) {
    state.mistakes.error(root.error().span, "this is not TOML: " + root.error().what);
    return;
  }
  state.root = std::move(*root);
  Section top{state.root, "", state.mistakes};
  read_heading(state, top);
  read_parameters(state, top);
  read_contracts(state, top);
  read_steps(state, top);
  for (const std::string_view key : {"schedule", "schedule_interval", "cron", "every", "catchup"})
    top.refuse(key, "pipelines have no schedule: `" + std::string(key) + "` means nothing here",
               "let cron or a systemd timer call `runi run HERD/PIPELINE --date ...`");
  top.finish();
  if (state.steps.empty() && !state.failed())
    state.mistakes.error({0, 1}, "the pipeline has no steps",
                         "begin with a [source.NAME], a [step.NAME] or both");
}

}  // namespace

Diagnostics Draft::State::diagnostics() const {
  Diagnostics all = mistakes.diagnostics();
  for (const Diagnostic& one : others.list) {
    if (all.list.size() < limits::diagnostics)
      all.list.push_back(one);
    else
      ++all.dropped;
  }
  all.dropped += others.dropped;
  return all;
}

Span DraftStep::in_file(std::size_t at, std::size_t length) const {
  ENSURE(sql != nullptr);
  const auto [template_at, template_length] = rendered.in_template(at, length);
  return sql->in_file(template_at, template_length);
}

std::optional<Rendered> render_value(Draft::State& state, const Value& value, Tongue tongue) {
  Rendered rendered = render_template(value.text, state.names, tongue, state.mistakes);
  for (const TemplateMistake& one : rendered.mistakes)
    state.mistakes.error(value.in_file(one.at, one.length), one.what, one.hint);
  if (!rendered.mistakes.empty()) return {};
  return rendered;
}

Draft::Draft(std::unique_ptr<State> state) : state_(std::move(state)) {}
Draft::~Draft() = default;
Draft::Draft(Draft&&) noexcept = default;
Draft& Draft::operator=(Draft&&) noexcept = default;
const std::vector<SqlQuestion>& Draft::questions() const { return state_->questions; }
const std::map<std::string, std::string>& Draft::parameters() const {
  return state_->names.parameters;
}
WallTime Draft::logical_date() const { return state_->request.logical_date; }

Draft parse(CompileRequest request) {
  const EntryFile entry = find_entry(request.bundle, request.entry);
  if (entry.file == nullptr) {
    auto state = std::make_unique<Draft::State>(std::move(request), "", "");
    state->mistakes.error_without_place("", entry.message, entry.hint);
    return Draft{std::move(state)};
  }
  const std::string path = entry.file->path;
  const std::string text = entry.file->bytes;
  auto state = std::make_unique<Draft::State>(std::move(request), path, text);
  if (text.size() > limits::pipeline_file.value)
    state->mistakes.error_without_place(
        path, "the pipeline file has " + std::to_string(text.size()) + " bytes; at most " +
                  std::to_string(limits::pipeline_file.value) + " are allowed");
  else
    read_all(*state);
  return Draft{std::move(state)};
}

std::expected<Heading, Diagnostics> heading_of(const Bundle& bundle, const std::string& entry) {
  const EntryFile found = find_entry(bundle, entry);
  const bool fits =
      found.file != nullptr && found.file->bytes.size() <= limits::pipeline_file.value;
  const SourceText source{fits ? found.file->path : "", fits ? found.file->bytes : ""};
  Mistakes mistakes{source};
  Heading heading;
  if (found.file == nullptr) {
    mistakes.error_without_place("", found.message, found.hint);
  } else if (!fits) {
    mistakes.error_without_place(found.file->path, "the pipeline file is too long");
  } else if (const auto root = read_toml(source); !root) {
    mistakes.error(root.error().span, "this is not TOML: " + root.error().what);
  } else {
    Section top{*root, "", mistakes};
    heading.pipeline = PipelineName{read_name(top, mistakes, "pipeline", "settlement")};
    heading.herd = HerdName{read_name(top, mistakes, "herd", "finance")};
    heading.contracts = contracts_named(*root);
  }
  if (mistakes.failed()) return std::unexpected(mistakes.diagnostics());
  return heading;
}

}  // namespace runink::pipeline
