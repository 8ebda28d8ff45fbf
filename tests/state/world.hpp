// A small cluster for tests of state/ and scheduler/: says commands to a state, keeps its rows as a
// store would, and makes random logs.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "governance/rules.hpp"
#include "state/state.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::state::testing {

inline Digest digest_of(std::string_view text) { return sha256(text); }

inline NodeJoined node(const std::string& name, std::uint64_t cpu = 4000,
                       std::uint64_t incarnation = 1) {
  NodeJoined joined;
  joined.node = NodeName{name};
  joined.id = NodeId{1};
  joined.incarnation = incarnation;
  joined.voter = joined.worker = true;
  joined.capacity = {MilliCpu{cpu}, GiB(4), GiB(10)};
  joined.volumes = {{VolumeName{"lake"}, {{HerdName{"finance"}, Access::read}}},
                    {VolumeName{"reports"},
                     {{HerdName{"finance"}, Access::write}, {HerdName{"risk"}, Access::write}}}};
  return joined;
}

inline pipeline::Step source(const std::string& name) {
  pipeline::Step step;
  step.name = StepName{name};
  step.work = pipeline::SourceWork{pipeline::Format::csv, {VolumeName{"lake"}, "in/" + name}};
  step.outputs = {DatasetName{name}};
  return step;
}
inline pipeline::Step sql(const std::string& name, std::vector<std::string> inputs) {
  pipeline::Step step;
  step.name = StepName{name};
  step.work = pipeline::SqlWork{"SELECT 1"};
  for (const std::string& one : inputs) step.inputs.push_back(DatasetName{one});
  step.outputs = {DatasetName{name}};
  return step;
}
inline pipeline::Step sink(const std::string& name, const std::string& input) {
  pipeline::Step step;
  step.name = StepName{name};
  step.work = pipeline::SinkWork{pipeline::Format::parquet, {VolumeName{"reports"}, "out.parquet"}};
  step.inputs = {DatasetName{input}};
  return step;
}
/// id (required), amount from 0 on; at most 5 % of the amounts may be missing.
inline governance::Contract trades_contract(const std::string& version = "1.0.0") {
  governance::SchemaObject object;
  object.name = "trades";
  object.properties.resize(2);
  object.properties[0].name = "id";
  object.properties[0].required = true;
  object.properties[1].name = "amount";
  object.properties[1].type = governance::LogicalType::number;
  object.properties[1].options.minimum = governance::Limit{"0", false};
  governance::QualityRule few;
  few.name = "few_missing";
  few.metric = governance::Metric::missing_values;
  few.columns = {"amount"};
  few.bound = {governance::Comparison::at_most, {5, 0}, {}, true};
  object.quality = {few};
  governance::Contract contract;
  contract.id = contract.name = "trades";
  contract.version = version;
  contract.status = "active";
  contract.objects = {object};
  return contract;
}
/// `text` stands for the ODCS document.
inline ContractApplied contract(const std::string& name, const std::string& text,
                                LogIndex expected_latest = {}, const std::string& herd = "finance",
                                const std::string& node = "n1") {
  ContractApplied applied;
  applied.herd = HerdName{herd};
  applied.name = ContractName{name};
  applied.document = digest_of(text);
  applied.size = Bytes{text.size()};
  applied.holders = {NodeName{node}};
  applied.contract = trades_contract();
  applied.expected_latest = expected_latest;
  return applied;
}
inline pipeline::Step validate(const std::string& name, const std::string& input,
                               std::uint32_t version = 1,
                               pipeline::OnViolation on_violation = pipeline::OnViolation::reject,
                               const std::string& text = "v1") {
  pipeline::ValidateWork work;
  work.input = DatasetName{input};
  work.contract = {ContractName{"trades"}, "trades", version, digest_of(text)};
  work.rules = trades_contract().objects.front();
  work.on_violation = on_violation;
  work.rejected_masks = {{"id", governance::MaskMethod::hash, "herd policy for id"}};
  pipeline::Step step;
  step.name = StepName{name};
  step.work = std::move(work);
  step.inputs = {DatasetName{input}};
  step.outputs = {DatasetName{name}, DatasetName{name + ".rejected"}};
  return step;
}
inline pipeline::Step mask(const std::string& name, const std::string& input) {
  pipeline::Step step;
  step.name = StepName{name};
  step.work = pipeline::MaskWork{
      DatasetName{input}, {{"id", governance::MaskMethod::tokenise, "step"}}, {"id"}, {}};
  step.inputs = {DatasetName{input}};
  step.outputs = {DatasetName{name}};
  return step;
}
inline pipeline::Plan plan(std::vector<pipeline::Step> steps, const std::string& herd = "finance") {
  pipeline::Plan plan;
  plan.pipeline = PipelineName{"settlement"};
  plan.herd = HerdName{herd};
  plan.bundle = digest_of("bundle");
  plan.parameters = {{"date", "2026-11-20"}};
  plan.logical_date = WallTime{1'000'000};
  plan.steps = std::move(steps);
  return plan;
}
/// trades -> netted -> report
inline pipeline::Plan settlement() {
  return plan({source("trades"), sql("netted", {"trades"}), sink("report", "netted")});
}

inline RunSubmitted submit(const pipeline::Plan& plan, const std::string& request) {
  return {RequestId{request}, run_id_of(plan.herd, RequestId{request}), plan,
          governance::digest_of(governance::HerdPolicy{})};
}
inline HerdApplied herd(const std::string& name, Quota quota = {}) {
  return {HerdName{name}, "for tests", quota, {}};
}
inline AttemptFailed failed(const AttemptKey& attempt, AttemptEnd end) {
  AttemptFailed failed;
  failed.attempt = attempt;
  failed.end = end;
  failed.exit_code = end == AttemptEnd::exited ? 3 : 0;
  return failed;
}

struct World {
  ClusterState state;
  WallTime now{1'800'000'000'000'000};
  std::map<std::pair<Table, std::string>, std::string> store;

  Applied say(Body body) {
    Command command;
    command.at = now;
    command.caller = {1000, "ada"};
    command.body = std::move(body);
    return say(command);
  }
  Applied say(const Command& command) {
    Applied applied = apply(state, next(state.applied), command, encode(command));
    keep(applied.rows);
    return applied;
  }
  void keep(const std::vector<Row>& rows) {
    for (const Row& row : rows)
      if (row.value)
        store[{row.table, row.key}] = *row.value;
      else
        store.erase({row.table, row.key});
  }
  std::vector<Row> stored() const {
    std::vector<Row> rows;
    for (const auto& [place, value] : store) rows.push_back({place.first, place.second, value});
    return rows;
  }
  std::vector<Row> stored_live() const {
    std::vector<Row> rows;
    for (const Row& row : stored())
      if (!is_history(row.table)) rows.push_back(row);
    return rows;
  }

  /// Two herds, a bundle, and these nodes.
  static World with(std::vector<NodeJoined> nodes) {
    World world;
    for (NodeJoined& one : nodes) world.say(std::move(one));
    world.say(herd("finance"));
    world.say(herd("risk"));
    world.say(BundleStored{digest_of("bundle"), Bytes{100}, {world.state.nodes.begin()->first}});
    return world;
  }
  void wait(Duration time) { now = now + time; }

  RunId run(const pipeline::Plan& plan, const std::string& request = "r-1") {
    say(submit(plan, request));
    return run_id_of(plan.herd, RequestId{request});
  }
  Applied place(const RunId& run, const std::string& step, const std::string& node = "n1",
                std::uint32_t partition = 0) {
    return say(SlicesPlaced{
        state.applied, 1, {{{run, StepName{step}, Partition{partition}}, NodeName{node}}}});
  }
  /// The attempt that a placement said now gets.
  AttemptKey placed(const RunId& run, const std::string& step, const std::string& node = "n1",
                    std::uint32_t partition = 0) {
    place(run, step, node, partition);
    return {{run, StepName{step}, Partition{partition}}, Attempt{state.applied.value}};
  }
  PartitionCommitted commit_of(const AttemptKey& attempt) const {
    const Run* run = state.run(attempt.partition.run);
    PartitionCommitted committed;
    committed.attempt = attempt;
    committed.holders = {state.nodes.begin()->first};
    committed.log = digest_of("log");
    const pipeline::Step* step = run == nullptr ? nullptr : run->plan.find(attempt.partition.step);
    if (step == nullptr) return committed;
    for (const DatasetName& name : expected_outputs(*step)) {
      Output output;
      output.dataset = name;
      output.files = {{"part.parquet", {digest_of(name.value), Bytes{1000}}}};
      output.rows = 7;
      output.rows_known = true;
      output.content_hash = 42;
      output.columns = {{"net", "DECIMAL(38,2)"}};
      committed.outputs.push_back(output);
    }
    if (const auto* validate = std::get_if<pipeline::ValidateWork>(&step->work))
      for (const governance::Rule& rule : governance::rules_of(validate->rules))
        committed.quality.push_back({rule.number, 0, 7});
    return committed;
  }
  Applied commit(const AttemptKey& attempt) { return say(commit_of(attempt)); }
  /// Places and commits one partition.
  Applied done(const RunId& run, const std::string& step) { return commit(placed(run, step)); }
};

// ---- random logs

template <class T>
const T& pick(Randomness& chance, const std::vector<T>& of) {
  return of[chance.below(of.size())];
}

inline pipeline::Plan random_plan(Randomness& chance) {
  std::vector<pipeline::Step> steps;
  const std::uint64_t count = 1 + chance.below(5);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = "s" + std::to_string(i);
    pipeline::Step step =
        i == 0 ? source(name) : sql(name, {"s" + std::to_string(chance.below(i))});
    step.needs.cpu = MilliCpu{200 + chance.below(8) * 200};
    step.partitions = 1 + static_cast<std::uint32_t>(chance.below(3));
    step.retry = {1 + static_cast<std::uint32_t>(chance.below(3)), milliseconds(200)};
    steps.push_back(step);
  }
  if (chance.chance(50)) {
    const auto on_violation = static_cast<pipeline::OnViolation>(1 + chance.below(3));
    const auto version = static_cast<std::uint32_t>(1 + chance.below(2));
    steps.push_back(
        validate("checked", "s0", version, on_violation, "v" + std::to_string(version)));
    if (chance.chance(50)) steps.push_back(sql("broken", {"checked.rejected"}));
    steps.push_back(mask("masked", "checked"));
  }
  if (chance.chance(60)) steps.push_back(sink("out", steps.back().name.value));
  return plan(std::move(steps), chance.chance(80) ? "finance" : "risk");
}

inline Body random_node_body(Randomness& chance, const World& world) {
  const std::string name = "n" + std::to_string(1 + chance.below(3));
  const auto known = world.state.nodes.find(NodeName{name});
  const std::uint64_t incarnation =
      known == world.state.nodes.end() ? 1 : known->second.joined.incarnation;
  if (chance.chance(50)) return NodeLost{NodeName{name}, incarnation};
  return node(name, 2000 + chance.below(3) * 1000, incarnation + chance.below(2));
}

inline Body random_contract_body(Randomness& chance, const World& world, const std::string& herd) {
  const ContractVersion* latest = world.state.contract({HerdName{herd}, ContractName{"trades"}});
  const std::uint64_t number = latest == nullptr ? 1 : latest->number + chance.below(2);
  const LogIndex known = latest == nullptr || chance.chance(10) ? LogIndex{} : latest->applied;
  return contract("trades", "v" + std::to_string(number), known, herd);
}

/// A run whose bundle brings the contract that it may go by.
inline Body random_brought_body(Randomness& chance, const World& world, RunSubmitted run) {
  const std::string herd = chance.chance(90) ? run.plan.herd.value : "risk";
  ContractsBrought brought;
  brought.contracts = {std::get<ContractApplied>(random_contract_body(chance, world, herd))};
  if (chance.chance(10)) brought.contracts.push_back(contract("rates", "v1", {}, herd));
  if (chance.chance(30))
    brought.by = PipelineApplied{run.plan.herd, run.plan.pipeline, digest_of("bundle"),
                                 pipeline::contracts_of(run.plan)};
  else
    brought.by = std::move(run);
  return brought;
}

inline Body random_herd_body(Randomness& chance) {
  Quota quota;
  if (chance.chance(50)) quota.cpu = MilliCpu{1000 + chance.below(3000)};
  if (chance.chance(30)) quota.slices = 1 + static_cast<std::uint32_t>(chance.below(4));
  if (chance.chance(30)) quota.runs = 1 + static_cast<std::uint32_t>(chance.below(6));
  const std::string name = chance.chance(70) ? "finance" : "risk";
  switch (chance.below(8)) {
    case 0: return HerdRemoved{HerdName{name}};
    case 1:
      return PipelineApplied{HerdName{name}, PipelineName{"settlement"},
                             digest_of(chance.chance(50) ? "bundle" : "bundle2")};
    case 2: return BundleStored{digest_of("bundle2"), Bytes{7}, {NodeName{"n1"}}};
    default: return herd(name, quota);
  }
}

/// What a living attempt may say of itself, or a stranger's lie about it.
inline Body random_attempt_body(Randomness& chance, const World& world) {
  const std::vector<AttemptKey> live(world.state.live_attempts.begin(),
                                     world.state.live_attempts.end());
  AttemptKey attempt = pick(chance, live);
  if (chance.chance(5)) attempt.attempt.value -= 1;
  if (chance.chance(3)) attempt.partition.partition.value += 1;
  if (chance.chance(70)) {
    PartitionCommitted committed = world.commit_of(attempt);
    if (chance.chance(5)) committed.outputs.clear();
    if (!committed.quality.empty() && chance.chance(40))
      committed.quality[chance.below(committed.quality.size())].counted = chance.below(8);
    if (!committed.quality.empty() && chance.chance(40)) committed.quality.back().counted = 7;
    if (!committed.quality.empty() && chance.chance(5)) committed.quality.pop_back();
    return committed;
  }
  return failed(attempt, static_cast<AttemptEnd>(1 + chance.below(8)));
}

inline Body random_sink_body(Randomness& chance, const Publication& due) {
  if (chance.chance(15))
    return SinkRefused{due.run, due.step, due.node, PublishRefusal::disk_full, 28};
  const std::uint64_t index = due.index.value - (chance.chance(10) ? 1 : 0);
  return SinkPublished{due.run, due.step, due.node, LogIndex{index}, chance.chance(10)};
}

/// Mostly what a cluster would say in this state, sometimes what it should not.
inline Body random_body(Randomness& chance, const World& world) {
  const std::uint64_t dice = chance.below(100);
  if (dice < 6) return random_node_body(chance, world);
  if (dice < 10) return random_herd_body(chance);
  if (dice == 10 || (dice < 14 && world.state.contracts.empty()))
    return random_contract_body(chance, world, chance.chance(80) ? "finance" : "risk");
  if (dice < 22) {
    const RunSubmitted run = submit(random_plan(chance), "r" + std::to_string(chance.below(40)));
    return dice < 20 ? Body(run) : random_brought_body(chance, world, run);
  }
  if (dice < 24 && !world.state.runs.empty()) {
    auto at = world.state.runs.begin();
    std::advance(at, chance.below(world.state.runs.size()));
    return RunCancelled{at->first};
  }
  if (dice < 34)
    for (const auto& [name, one] : world.state.nodes)
      for (const Publication& due : publications_of(world.state, name))
        return random_sink_body(chance, due);
  if (dice < 66 && !world.state.live_attempts.empty()) return random_attempt_body(chance, world);
  SlicesPlaced placed{world.state.applied, 1, {}};
  for (const PartitionKey& key : world.state.placeable)
    if (chance.chance(60) && placed.placements.size() < 8)
      placed.placements.push_back({key, NodeName{"n" + std::to_string(1 + chance.below(3))}});
  return placed;
}

/// Two herds, up to three nodes and `entries` random commands from this seed. Calls
/// `each(world, command, applied)` after every one.
template <class Each>
World random_log(std::uint64_t seed, std::size_t entries, Each each) {
  Randomness chance(seed);
  World world = World::with({node("n1"), node("n2", 2000)});
  for (std::size_t i = 0; i < entries; ++i) {
    world.wait(milliseconds(static_cast<std::int64_t>(chance.below(400))));
    Command command;
    command.at = world.now;
    command.caller = {1000, "ada"};
    command.body = random_body(chance, world);
    const Applied applied = world.say(command);
    each(world, command, applied);
  }
  return world;
}

}  // namespace runink::state::testing
