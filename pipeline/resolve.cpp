// finish(): names become edges, edges become an order, and the order becomes a plan.
#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <utility>

#include "pipeline/draft.hpp"
#include "pipeline/resolve_contracts.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

class Resolver {
 public:
  explicit Resolver(Draft::State& state) : state_(state), steps_(state.steps) {}

  std::expected<Compiled, Diagnostics> resolve(const std::vector<SqlReading>& readings) {
    if (steps_.size() > limits::steps)
      error(steps_[limits::steps].name_span, "the pipeline has " + std::to_string(steps_.size()) +
                                                 " steps; at most " +
                                                 std::to_string(limits::steps) + " are allowed");
    read_sql(readings);
    index_names();
    check_targets();
    bind_validations(state_, producer_);
    connect();
    find_cycles();
    if (state_.failed()) return std::unexpected(state_.diagnostics());
    const std::vector<std::size_t> order = order_of_steps();
    decide_masks(state_, order, readings);
    Compiled compiled = build(order);
    if (encode(compiled.plan).size() > limits::plan.value)
      state_.mistakes.error_without_place(
          state_.source.path(),
          "the plan is larger than " + std::to_string(limits::plan.value) +
              " bytes: its texts and contracts are too long for the log",
          "move long SQL or arguments into programs of the bundle, or split the pipeline");
    if (state_.failed()) return std::unexpected(state_.diagnostics());
    warn_of_unused();
    compiled.warnings = state_.diagnostics();
    return compiled;
  }

 private:
  void error(Span span, std::string message, std::string hint = {}) {
    state_.mistakes.error(span, std::move(message), std::move(hint));
  }

  /// What the SQL texts read, or what is wrong in them.
  void read_sql(const std::vector<SqlReading>& readings) {
    for (DraftStep& step : steps_) {
      if (!step.question) continue;
      if (readings.size() != state_.questions.size()) {
        error(step.sql->span, "this SQL was not analysed", "try again; nothing was changed");
        continue;
      }
      const SqlReading& reading = readings[*step.question];
      for (const SqlFault& fault : reading.faults) {
        const Span span = fault.at ? step.in_file(*fault.at, fault.length) : step.sql->span;
        error(span, "SQL: " + printable(fault.what, 400));
      }
      if (!reading.faults.empty()) continue;
      for (const SqlTable& table : reading.tables)
        step.reads.push_back({lower(table.name), step.in_file(table.at, table.name.size())});
    }
  }

  /// A step's name and a dataset's name each belong to one place.
  void index_names() {
    std::map<StepName, const DraftStep*> names;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const DraftStep& step = steps_[i];
      const auto [first, fresh] = names.emplace(step.step.name, &step);
      if (!fresh) {
        error(step.name_span,
              "the name `" + printable(step.step.name.value, 80) +
                  "` is taken: " + where(*first->second),
              "sources, steps and sinks share their names");
        continue;  // its dataset would be told again
      }
      for (std::size_t k = 0; k < step.step.outputs.size(); ++k) {
        const DatasetName& made = step.step.outputs[k];
        const auto [other, is_new] = producer_.emplace(made.value, i);
        if (!is_new)
          error(step.output_spans[k], "dataset `" + printable(made.value, 80) +
                                          "` is made twice: " + where(steps_[other->second]));
      }
    }
    for (const auto& one : producer_) datasets_.push_back(one.first);
  }
  std::string where(const DraftStep& step) const {
    return std::string(kind_of(step.step.work)) + " `" + printable(step.step.name.value, 80) +
           "` in line " + std::to_string(state_.source.place(step.name_span).line);
  }

  /// Two sinks with one target would overwrite each other.
  void check_targets() {
    std::map<std::string, const DraftStep*> targets;
    for (const DraftStep& step : steps_) {
      const auto* sink = std::get_if<SinkWork>(&step.step.work);
      if (sink == nullptr || sink->location.path.empty()) continue;
      const auto [first, fresh] = targets.emplace(to_string(sink->location), &step);
      if (!fresh)
        error(step.name_span, "sink `" + printable(step.step.name.value, 80) +
                                  "` writes the same file as sink `" +
                                  printable(first->second->step.name.value, 80) +
                                  "`: " + printable(first->first, 120));
    }
  }

  void connect() {
    edges_.resize(steps_.size());
    used_.clear();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      DraftStep& step = steps_[i];
      std::set<std::string> told;
      for (const Reference& reference : step.reads) connect_one(i, reference, told);
      std::vector<DatasetName>& inputs = step.step.inputs;
      std::ranges::sort(inputs);
      inputs.erase(std::ranges::unique(inputs).begin(), inputs.end());
      if (inputs.size() > limits::inputs_of_a_step)
        error(step.name_span, "step `" + step.step.name.value + "` reads " +
                                  std::to_string(inputs.size()) + " datasets; at most " +
                                  std::to_string(limits::inputs_of_a_step) + " are allowed");
      std::ranges::sort(edges_[i]);
      edges_[i].erase(std::ranges::unique(edges_[i]).begin(), edges_[i].end());
    }
  }
  void connect_one(std::size_t i, const Reference& reference, std::set<std::string>& told) {
    const auto found = producer_.find(reference.name);
    if (found == producer_.end()) {
      // An SQL text may name it often; once is enough.
      if (!told.insert(reference.name).second) return;
      error(reference.span, "there is no dataset `" + printable(reference.name, 80) + "`",
            hint_for(reference.name));
    } else if (found->second == i) {
      if (!told.insert(reference.name).second) return;
      error(reference.span, "step `" + steps_[i].step.name.value + "` reads its own dataset `" +
                                reference.name + "`");
    } else {
      steps_[i].step.inputs.push_back(DatasetName{reference.name});
      edges_[i].push_back(found->second);
      used_[reference.name] = true;
    }
  }
  std::string hint_for(const std::string& name) {
    for (const DraftStep& step : steps_) {
      if (step.step.name.value != name) continue;
      if (std::holds_alternative<SinkWork>(step.step.work)) return "a sink makes no dataset";
      std::vector<std::string> made;
      for (const DatasetName& one : step.step.outputs) made.push_back(one.value);
      return "step `" + name + "` makes " + listed(made, "and");
    }
    return state_.mistakes.suggest(name, datasets_);
  }

  /// Depth first from each step, in the order of the file; every edge back into the path is a
  /// cycle. Without recursion: a thousand steps may stand in one line.
  void find_cycles() {
    enum class Mark : std::uint8_t { fresh, on_path, done };
    std::vector<Mark> marks(steps_.size(), Mark::fresh);
    for (std::size_t root = 0; root < steps_.size(); ++root) {
      if (marks[root] != Mark::fresh) continue;
      std::vector<std::pair<std::size_t, std::size_t>> path = {{root, 0}};
      marks[root] = Mark::on_path;
      while (!path.empty()) {
        auto& [at, next] = path.back();
        if (next == edges_[at].size()) {
          marks[at] = Mark::done;
          path.pop_back();
          continue;
        }
        const std::size_t to = edges_[at][next++];
        if (marks[to] == Mark::on_path) {
          tell_cycle(path, to);
        } else if (marks[to] == Mark::fresh) {
          marks[to] = Mark::on_path;
          path.emplace_back(to, 0);
        }
      }
    }
  }
  void tell_cycle(const std::vector<std::pair<std::size_t, std::size_t>>& path, std::size_t to) {
    std::vector<std::size_t> cycle;
    for (auto one = path.rbegin(); one->first != to; ++one) cycle.push_back(one->first);
    cycle.push_back(to);  // now in the direction of the data
    std::ranges::rotate(cycle, std::ranges::min_element(cycle));
    cycle.push_back(cycle.front());
    std::string drawn;
    constexpr std::size_t most_shown = 20;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (i == most_shown && cycle.size() > most_shown + 1) {
        drawn += " -> ... -> " + steps_[cycle.back()].step.name.value;
        break;
      }
      drawn += (i > 0 ? " -> " : "") + steps_[cycle[i]].step.name.value;
    }
    error(steps_[cycle.front()].name_span, "these steps wait for each other: " + drawn,
          "a step can only read what is made before it");
  }

  Compiled build(const std::vector<std::size_t>& order) {
    Compiled compiled;
    compiled.description = state_.description;
    compiled.policy = governance::digest_of(state_.policy());
    for (auto& [name, one] : state_.contracts)
      if (!one.path.empty() && one.contract)
        compiled.contracts.push_back(
            {name, one.path, one.document, one.size, one.version, *one.contract});
    Plan& plan = compiled.plan;
    plan.pipeline = state_.pipeline;
    plan.herd = state_.herd;
    plan.bundle = state_.request.digest;
    plan.parameters = state_.names.parameters;
    plan.logical_date = state_.request.logical_date;
    for (const std::size_t at : order) plan.steps.push_back(steps_[at].step);
    return compiled;
  }

  std::vector<std::size_t> order_of_steps() const {
    std::vector<std::size_t> order;
    // Kahn (1962); among those that may come next, the first of the file.
    std::vector<std::size_t> waits(steps_.size());
    std::vector<std::vector<std::size_t>> readers(steps_.size());
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      waits[i] = edges_[i].size();
      for (const std::size_t from : edges_[i]) readers[from].push_back(i);
      if (waits[i] == 0) ready.push(i);
    }
    while (!ready.empty()) {
      const std::size_t at = ready.top();
      ready.pop();
      order.push_back(at);
      for (const std::size_t reader : readers[at])
        if (--waits[reader] == 0) ready.push(reader);
    }
    return order;
  }

  void warn_of_unused() {
    for (const auto& [name, one] : state_.contracts)
      if (!one.path.empty() && !one.used)
        state_.mistakes.warn(one.span, "nothing goes by the contract `" + name.value + "`");
    for (const DraftStep& step : steps_)
      for (std::size_t k = 0; k < step.step.outputs.size(); ++k)
        if (const std::string& name = step.step.outputs[k].value;
            !used_.contains(name) && !name.ends_with(rejected_ending))
          state_.mistakes.warn(step.output_spans[k], "nothing reads dataset `" + name + "`");
  }

  Draft::State& state_;
  std::vector<DraftStep>& steps_;
  Producers producer_;
  std::vector<std::string> datasets_;
  std::vector<std::vector<std::size_t>> edges_;  ///< of each step, those it reads from
  std::map<std::string, bool> used_;
};

}  // namespace

void set_versions(Plan& plan, const std::map<ContractName, std::uint32_t>& versions) {
  const auto set = [&](ContractUse& use) {
    if (const auto at = versions.find(use.name); at != versions.end()) use.version = at->second;
  };
  for (Step& step : plan.steps) {
    if (auto* source = std::get_if<SourceWork>(&step.work); source && source->contract)
      set(source->contract->contract);
    if (auto* validate = std::get_if<ValidateWork>(&step.work)) set(validate->contract);
  }
}

std::expected<Compiled, Diagnostics> finish(Draft draft, const std::vector<SqlReading>& readings) {
  return Resolver{*draft.state_}.resolve(readings);
}

std::expected<Compiled, Diagnostics> compile(CompileRequest request, SqlReader& reader) {
  Draft draft = parse(std::move(request));
  std::vector<SqlReading> readings;
  if (!draft.questions().empty()) {
    auto answer = reader.read(draft.questions());
    if (answer) {
      readings = *std::move(answer);
    } else {
      SqlFault unread{"the text could not be analysed: " + answer.error().what, {}, 1};
      readings.assign(draft.questions().size(), SqlReading{{}, {std::move(unread)}});
    }
  }
  return finish(std::move(draft), readings);
}

}  // namespace runink::pipeline
