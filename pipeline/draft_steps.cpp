// [source], [step] and [sink]: everything that can be judged of each one alone.
#include <algorithm>
#include <utility>

#include "pipeline/draft.hpp"
#include "pipeline/location.hpp"
#include "pipeline/quantity.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

const std::vector<std::string> formats = {"csv", "jsonl", "parquet"};
/// DuckDB does not start in less.
constexpr Bytes least_memory_of_a_built_in_step = MiB(64);
constexpr Bytes least_memory = MiB(4);
constexpr MilliCpu least_cpu{10};
constexpr Duration longest_backoff = seconds(3600);

Format format_from(std::string_view key) {
  return key == "csv" ? Format::csv : key == "jsonl" ? Format::jsonl : Format::parquet;
}

class StepReader {
 public:
  StepReader(Draft::State& state, const Entry& entry, std::string_view kind)
      : state_(state),
        entry_(entry),
        section_(entry.value, "[" + std::string(kind) + "." + printable(entry.key, 80) + "]",
                 state.mistakes) {
    draft_.name_span = entry.span;
    draft_.step.name = StepName{entry.key};
    if (auto fine = check_name(kind, entry.key); !fine) error(entry.span, as_message(fine.error()));
  }

  DraftStep source() {
    for (const char* key : {"validate", "mask"})
      section_.refuse(key, "`" + std::string(key) + "` has no place in a source",
                      "write a step for it: [step.NAME]");
    SourceWork work;
    if (const Entry* target = section_.take_one_of(formats, entry_.span)) {
      work.format = format_from(target->key);
      if (auto location = read_location(*target, false)) work.location = *std::move(location);
    }
    read_contract(state_, section_, draft_);
    if (draft_.contract) {
      work.contract = SourceContract{draft_.contract->use, columns_of(*draft_.contract->schema),
                                     state_.policy().block_on_drift};
    } else if (state_.policy().require_contracts && !draft_.contract_told) {
      error(entry_.span,
            "herd `" + state_.herd.value + "` demands a contract of every source, and " +
                section_.what() + " has none",
            "name one of [contracts]: contract = \"NAME\"");
    }
    draft_.step.work = std::move(work);
    make_own_dataset();
    return finish();
  }

  DraftStep step() {
    // A step that validates may mask what it accepts.
    std::vector<std::string> kinds = {"sql", "exec", "validate"};
    if (section_.take("validate") == nullptr) kinds.push_back("mask");
    const Entry* first = section_.take_one_of(kinds, entry_.span);
    const std::string_view kind = first == nullptr ? "" : std::string_view(first->key);
    if (kind != "validate")
      for (const char* key : {"contract", "on_violation"})
        section_.refuse(key, "`" + std::string(key) + "` belongs to a step that validates",
                        std::string(key) == "contract" ? "or to the source" : "");
    if (kind != "mask" && kind != "validate")
      section_.refuse("masks", "`masks` belongs to a step that masks");
    if (kind == "validate")
      read_validate(state_, section_, draft_);
    else if (kind == "mask")
      read_mask(state_, section_, draft_);
    else if (kind == "exec")
      read_exec();
    else
      read_sql(first == nullptr);
    return finish();
  }

  DraftStep sink() {
    SinkWork work;
    if (const Entry* target = section_.take_one_of(formats, entry_.span)) {
      work.format = format_from(target->key);
      if (auto location = read_location(*target, true)) work.location = *std::move(location);
    }
    draft_.step.work = std::move(work);
    if (const Entry* from = section_.take("from", Kind::text))
      draft_.reads.push_back({from->value.text, from->value.span});
    else if (section_.take("from") == nullptr)
      error(entry_.span, section_.what() + " needs `from`: the dataset that it writes");
    return finish();
  }

 private:
  void error(Span span, std::string message, std::string hint = {}) {
    state_.mistakes.error(span, std::move(message), std::move(hint));
  }

  void make_own_dataset() {
    draft_.step.outputs = {DatasetName{entry_.key}};
    draft_.output_spans = {entry_.span};
  }

  DraftStep finish() {
    read_requires();
    read_retry();
    if (const auto timeout = section_.take_quantity("timeout", parse_duration, false)) {
      const Span span = section_.take("timeout")->value.span;
      if (timeout->ns <= 0) error(span, "`timeout` must be longer than nothing");
      if (*timeout > limits::timeout_longest)
        error(span, "`timeout` may be at most " + to_text(limits::timeout_longest));
      draft_.step.timeout = *timeout;
    }
    section_.finish();
    return std::move(draft_);
  }

  void read_requires() {
    const Entry* entry = section_.take("requires", Kind::table);
    if (entry == nullptr) return;
    Section needs{entry->value, "`requires` of " + section_.what(), state_.mistakes};
    Requires& step = draft_.step.needs;
    if (const auto cpu = needs.take_quantity("cpu", parse_cpu, true)) {
      if (*cpu < least_cpu)
        error(needs.take("cpu")->value.span, "`cpu` must be at least " + to_text(least_cpu));
      step.cpu = *cpu;
    }
    if (const auto memory = needs.take_quantity("memory", parse_bytes, true)) {
      const bool program = std::holds_alternative<ExecWork>(draft_.step.work);
      const Bytes least = program ? least_memory : least_memory_of_a_built_in_step;
      if (*memory < least)
        error(needs.take("memory")->value.span,
              "`memory` must be at least " + to_text(least) +
                  (program ? " for a program" : " for a built-in step"));
      step.memory = *memory;
    }
    if (const auto disk = needs.take_quantity("disk", parse_bytes, true)) step.disk = *disk;
    needs.finish();
  }

  void read_retry() {
    const Entry* entry = section_.take("retry", Kind::table);
    if (entry == nullptr) return;
    Section retry{entry->value, "`retry` of " + section_.what(), state_.mistakes};
    if (const auto attempts = retry.take_number("attempts", 1, limits::retry_attempts))
      draft_.step.retry.attempts = *attempts;
    if (const auto backoff = retry.take_quantity("backoff", parse_duration, false)) {
      if (*backoff > longest_backoff)
        error(retry.take("backoff")->value.span,
              "`backoff` may be at most " + to_text(longest_backoff));
      draft_.step.retry.backoff = *backoff;
    }
    retry.finish();
  }

  std::optional<Location> read_location(const Entry& entry, bool is_sink) {
    const Value& value = entry.value;
    if (section_.take(entry.key, Kind::text) == nullptr) return {};
    const auto rendered = render_value(state_, value, Tongue::plain);
    if (!rendered) return {};
    auto location = parse_location(rendered->text);
    if (!location) {
      error(value.span, location.error().what, location.error().hint);
      return {};
    }
    if (is_sink && is_glob(location->path)) {
      error(value.span, "a sink writes one file; `" + printable(rendered->text, 120) +
                            "` is a pattern for many");
      return {};
    }
    if (!location->volume && is_sink) {
      error(value.span,
            "a sink writes into a volume; `" + printable(rendered->text, 120) +
                "` lies in the bundle, which never changes",
            "name a volume: \"volume:/" + printable(location->path, 100) + "\"");
      return {};
    }
    if (!rendered->unset) {
      if (location->volume)
        check_volume(value, *location->volume, is_sink);
      else
        check_in_bundle(value, location->path);
    }
    return *std::move(location);
  }

  void check_in_bundle(const Value& value, const std::string& path) {
    const Bundle& bundle = state_.request.bundle;
    if (is_glob(path)) {
      if (std::ranges::none_of(
              bundle.files, [&](const BundleFile& file) { return glob_matches(path, file.path); }))
        error(value.span, "no file of the bundle matches `" + printable(path, 120) + "`");
    } else if (bundle.find(path) == nullptr) {
      error(value.span, "the bundle has no file `" + printable(path, 120) + "`",
            state_.mistakes.suggest(path, state_.paths));
    }
  }

  void check_volume(const Value& value, const VolumeName& volume, bool write) {
    if (!state_.request.volumes || state_.herd.value.empty()) return;
    const auto herd = state_.request.volumes->find(state_.herd);
    std::vector<std::string> known;
    if (herd != state_.request.volumes->end()) {
      for (const auto& [name, access] : herd->second) {
        if (name == volume && (write ? access.write : access.read)) return;
        if (name == volume)
          return error(value.span,
                       "herd `" + state_.herd.value + "` may not " +
                           (write ? "write to" : "read from") + " volume `" + volume.value + "`",
                       "a node's cluster file grants it, under [volumes." + volume.value + "]");
        if (access.read || access.write) known.push_back(name.value);
      }
    }
    error(value.span,
          "there is no volume `" + volume.value + "` for herd `" + state_.herd.value + "`",
          state_.mistakes.suggest(volume.value, known));
  }

  /// `missing`: neither sql nor exec is there, which was told.
  void read_sql(bool missing) {
    make_own_dataset();
    draft_.step.work = SqlWork{};
    if (missing) {
      section_.take("from");
      section_.take("outputs");
      return;
    }
    for (const char* key : {"from", "outputs"})
      section_.refuse(key, "`" + std::string(key) + "` has no place in a sql step",
                      std::string(key) == "from"
                          ? "it reads what its text names"
                          : "it makes one dataset, which bears the step's name");
    const Format format = read_format();
    const Entry* entry = section_.take("sql", Kind::text);
    if (entry == nullptr) return;
    if (entry->value.text.find_first_not_of(" \t\r\n") == std::string::npos)
      return error(entry->value.span, "the SQL text is empty");
    auto rendered = render_value(state_, entry->value, Tongue::sql);
    if (!rendered) return;
    draft_.sql = &entry->value;
    draft_.rendered = *std::move(rendered);
    draft_.step.work = SqlWork{draft_.rendered.text, format};
    draft_.question = state_.questions.size();
    state_.questions.push_back({draft_.rendered.text});
  }

  /// In which the result is written; Parquet unless a program of the pipeline needs another.
  Format read_format() {
    const Entry* entry = section_.take("format", Kind::text);
    if (entry == nullptr) return Format::parquet;
    const std::string& name = entry->value.text;
    if (std::ranges::find(formats, name) == formats.end())
      error(entry->value.span, "`format` must be csv, jsonl or parquet",
            state_.mistakes.suggest(name, formats));
    return format_from(name);
  }

  void read_exec() {
    ExecWork work;
    bool unset = false;
    const Entry* exec = section_.take("exec", Kind::list);
    if (exec != nullptr) {
      if (exec->value.list.empty())
        error(exec->value.span, "`exec` names no program",
              "write it as [\"python3\", \"confirm.py\"]");
      if (exec->value.list.size() > limits::arguments)
        error(exec->value.span, "`exec` has " + std::to_string(exec->value.list.size()) +
                                    " arguments; at most " + std::to_string(limits::arguments) +
                                    " are allowed");
      for (const Value& value : exec->value.list) {
        if (work.arguments.size() == limits::arguments) break;
        const auto argument = read_argument(value);
        unset = unset || !argument || argument->unset;
        work.arguments.push_back(argument ? argument->text : "");
      }
      if (!unset) check_program(exec->value, work.arguments);
    }
    draft_.step.work = std::move(work);
    read_from();
    read_outputs();
  }

  std::optional<Rendered> read_argument(const Value& value) {
    if (value.kind != Kind::text) {
      error(value.span, "an argument must be a text, not " + std::string(to_string(value.kind)),
            "write it in quotes: \"" + printable(value.text, 60) + "\"");
      return {};
    }
    auto rendered = render_value(state_, value, Tongue::plain);
    if (!rendered) return {};
    if (rendered->text.size() > limits::argument.value) {
      error(value.span,
            "an argument may have at most " + std::to_string(limits::argument.value) + " bytes");
      return {};
    }
    if (rendered->text.find('\0') != std::string::npos) {
      error(value.span, "an argument cannot have a zero byte");
      return {};
    }
    return rendered;
  }

  /// A program or script that can only be in the bundle must be there: its folder is the working
  /// folder, and nobody can put a file into it later.
  void check_program(const Value& exec, const std::vector<std::string>& arguments) {
    if (arguments.empty()) return;
    const Bundle& bundle = state_.request.bundle;
    const std::string& program = arguments.front();
    if (program.empty()) return error(exec.list.front().span, "the program's name is empty");
    if (program.find('/') == std::string::npos) {
      if (bundle.find(program) != nullptr)
        state_.mistakes.warn(exec.list.front().span,
                             "`" + program + "` is looked for on PATH, not in the bundle",
                             "write \"./" + program + "\" for the file of the bundle");
    } else if (program.front() != '/') {
      const BundleFile* file = need_file(exec.list.front(), program);
      if (file != nullptr && !file->executable)
        error(exec.list.front().span, "`" + printable(file->path, 120) + "` is not executable",
              "chmod +x it, or name its interpreter before it");
    }
    static constexpr std::string_view interpreters[] = {"python3", "python", "bash", "sh",
                                                        "perl",    "ruby",   "node"};
    const std::string_view name = std::string_view(program).substr(program.rfind('/') + 1);
    if (std::ranges::find(interpreters, name) == std::end(interpreters) || arguments.size() < 2)
      return;
    const std::string& script = arguments[1];
    if (!script.empty() && script.front() != '-' && script.front() != '/')
      need_file(exec.list[1], script);
  }

  const BundleFile* need_file(const Value& value, std::string_view path) {
    while (path.starts_with("./")) path.remove_prefix(2);
    const BundleFile* file = state_.request.bundle.find(path);
    if (file == nullptr)
      error(value.span, "the bundle has no file `" + printable(path, 120) + "`",
            state_.mistakes.suggest(path, state_.paths));
    return file;
  }

  /// The texts of a key that is a list of names, or of one name alone.
  std::vector<const Value*> names_of(std::string_view key) {
    const Entry* entry = section_.take(key);
    if (entry == nullptr) return {};
    if (entry->value.kind == Kind::text) return {&entry->value};
    if (section_.take(key, Kind::list) == nullptr) return {};
    std::vector<const Value*> names;
    if (entry->value.list.size() > limits::inputs_of_a_step) {
      error(entry->value.span, "`" + std::string(key) + "` has " +
                                   std::to_string(entry->value.list.size()) + " names; at most " +
                                   std::to_string(limits::inputs_of_a_step) + " are allowed");
      return {};
    }
    for (const Value& value : entry->value.list) {
      const auto same = [&](const Value* other) { return other->text == value.text; };
      if (value.kind != Kind::text)
        error(value.span,
              "a dataset's name must be a text, not " + std::string(to_string(value.kind)));
      else if (std::ranges::any_of(names, same))
        error(value.span,
              "`" + printable(value.text, 80) + "` stands twice in `" + std::string(key) + "`");
      else
        names.push_back(&value);
    }
    return names;
  }

  void read_from() {
    for (const Value* name : names_of("from")) draft_.reads.push_back({name->text, name->span});
  }

  void read_outputs() {
    const Entry* entry = section_.take("outputs");
    if (entry == nullptr) return make_own_dataset();
    if (entry->value.kind == Kind::list && entry->value.list.empty())
      error(entry->value.span, "`outputs` is empty",
            "leave it out for one dataset that bears the step's name");
    for (const Value* name : names_of("outputs")) {
      if (auto fine = check_name("dataset", name->text); !fine) {
        error(name->span, as_message(fine.error()));
        continue;
      }
      draft_.step.outputs.push_back(DatasetName{name->text});
      draft_.output_spans.push_back(name->span);
    }
  }

  Draft::State& state_;
  const Entry& entry_;
  Section section_;
  DraftStep draft_;
};

void read_kind(Draft::State& state, Section& top, std::string_view kind,
               DraftStep (StepReader::*read)()) {
  const Entry* all = top.take(kind, Kind::table);
  if (all == nullptr) return;
  for (const Entry& entry : all->value.table) {
    if (state.steps.size() > limits::steps) break;  // resolving tells that there are too many
    if (entry.value.kind != Kind::table) {
      state.mistakes.error(entry.span,
                           "`" + printable(entry.key, 80) + "` in [" + std::string(kind) +
                               "] must be a table, not " + std::string(to_string(entry.value.kind)),
                           "write [" + std::string(kind) + ".NAME] before the keys");
      continue;
    }
    StepReader reader{state, entry, kind};
    state.steps.push_back((reader.*read)());
  }
}

}  // namespace

void read_steps(Draft::State& state, Section& top) {
  read_kind(state, top, "source", &StepReader::source);
  read_kind(state, top, "step", &StepReader::step);
  read_kind(state, top, "sink", &StepReader::sink);
  std::ranges::stable_sort(state.steps, {}, [](const DraftStep& s) { return s.name_span.at; });
}

}  // namespace runink::pipeline
