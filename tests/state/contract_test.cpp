// Contracts of a herd, and what the counts of a validate step mean for its stage and its run.
#include <boost/test/unit_test.hpp>

#include "tests/state/refusals.hpp"
#include "tests/state/world.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;
using pipeline::OnViolation;

namespace {

const HerdName finance{"finance"};
const ContractKey trades_key{finance, ContractName{"trades"}};

/// One node, and the first version of the contract.
World with_contract() {
  World world = World::with({node("n1")});
  world.say(contract("trades", "v1"));
  return world;
}

LogIndex latest(const World& world) { return world.state.contract(trades_key)->applied; }

pipeline::Plan checked_plan(OnViolation on_violation = OnViolation::reject) {
  return plan({source("trades"), validate("checked", "trades", 1, on_violation),
               sql("broken", {"checked.rejected"}), mask("masked", "checked")});
}

std::uint16_t number_of(const std::string& rule) {
  for (const governance::Rule& one : governance::rules_of(trades_contract().objects.front()))
    if (one.name == rule) return one.number;
  BOOST_FAIL("no rule " + rule);
  return 0;
}

/// Runs the plan up to the validate step, which counts this.
struct Judged {
  World world = with_contract();
  RunId run;
  Applied applied;

  Judged(OnViolation on_violation, const std::string& rule, std::uint64_t counted,
         std::uint64_t of) {
    run = world.run(checked_plan(on_violation));
    world.done(run, "trades");
    PartitionCommitted commit = world.commit_of(world.placed(run, "checked"));
    commit.quality[number_of(rule)] = {number_of(rule), counted, of};
    applied = world.say(commit);
  }
  bool failed() const { return !world.state.runs.contains(run); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(a_contract)

BOOST_AUTO_TEST_CASE(gets_a_number_for_each_new_document_and_keeps_the_old_ones) {
  World world = with_contract();
  BOOST_TEST(world.state.contract(trades_key)->number == 1u);
  BOOST_TEST((world.say(contract("trades", "v1")).outcome.verdict == Verdict::repeated));
  world.say(contract("trades", "v2", latest(world)));
  BOOST_TEST(world.state.contract(trades_key)->number == 2u);
  ContractApplied restored = contract("trades", "v1", latest(world));
  restored.restored_from = world.state.contracts.at(trades_key).at(1).applied;
  world.say(restored);
  const ContractVersion& third = *world.state.contract(trades_key);
  BOOST_TEST(third.number == 3u);
  BOOST_TEST((third.document == digest_of("v1")));
  BOOST_TEST((third.restored_from == world.state.contracts.at(trades_key).at(1).applied));
}

BOOST_AUTO_TEST_CASE(is_refused_when_it_was_compared_with_another_version) {
  World world = with_contract();
  is_refused(world.say(contract("trades", "v2")), Refusal::contract_changed);
  is_refused(world.say(contract("trades", "v2", LogIndex{1})), Refusal::contract_changed);
  is_refused(world.say(contract("rates", "v2", LogIndex{1})), Refusal::contract_changed);
}

BOOST_AUTO_TEST_CASE(needs_a_herd_a_name_a_document_and_a_holder) {
  World world = with_contract();
  is_refused(world.say(contract("trades", "v1", {}, "nobody")), Refusal::no_such_herd);
  is_refused(world.say(contract("Trades", "v1")), Refusal::bad_name);
  is_refused(world.say(contract("rates", "v1", {}, "finance", "n9")), Refusal::no_such_node);
  ContractApplied none = contract("rates", "v1");
  none.document = {};
  is_refused(world.say(none), Refusal::bad_value);
  none = contract("rates", "v1");
  none.size = limits::contract_document + Bytes{1};
  is_refused(world.say(none), Refusal::bad_value);
  none = contract("rates", "v1");
  none.holders.clear();
  is_refused(world.say(none), Refusal::bad_value);
  none = contract("rates", "v1");
  none.contract.format = 9;
  is_refused(world.say(none), Refusal::unknown_version);
}

BOOST_AUTO_TEST_CASE(moves_old_versions_to_history_where_their_documents_are_kept) {
  World world = with_contract();
  for (std::uint32_t i = 2; i <= limits::contract_versions + 2; ++i)
    world.say(contract("trades", "v" + std::to_string(i), latest(world)));
  const auto& versions = world.state.contracts.at(trades_key);
  BOOST_TEST(versions.size() == limits::contract_versions);
  BOOST_TEST(versions.begin()->first == 3u);
  std::vector<std::uint32_t> past;
  std::set<Digest> kept;
  for (const Row& row : world.stored()) {
    BOOST_TEST(artifacts_of(row, [&](const Digest& one) { kept.insert(one); }).has_value());
    if (row.table == Table::history_contracts)
      past.push_back(decode_contract_version(*row.value).value().number);
  }
  BOOST_TEST(past == (std::vector<std::uint32_t>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(kept.contains(digest_of("v1")));
  BOOST_TEST(kept.contains(digest_of("v10")));
}

BOOST_AUTO_TEST_CASE(goes_to_history_with_its_herd) {
  World world = with_contract();
  world.say(HerdRemoved{finance});
  BOOST_TEST(world.state.contracts.empty());
  BOOST_TEST((load(world.stored_live()).value() == world.state));
  world.say(herd("finance"));
  world.say(contract("trades", "v7"));
  BOOST_TEST(world.state.contract(trades_key)->number == 1u);
}

BOOST_AUTO_TEST_CASE(must_be_registered_before_a_plan_or_a_pipeline_goes_by_it) {
  World world = World::with({node("n1")});
  is_refused(world.say(submit(checked_plan(), "r-1")), Refusal::no_such_contract);
  PipelineApplied applied{finance, PipelineName{"settlement"}, digest_of("bundle"),
                          pipeline::contracts_of(checked_plan())};
  is_refused(world.say(applied), Refusal::no_such_contract);
  world.say(contract("trades", "v1"));
  BOOST_TEST((world.say(applied).outcome.verdict == Verdict::accepted));
  BOOST_TEST((world.say(submit(checked_plan(), "r-1")).outcome.verdict == Verdict::accepted));
  // Another text under the same number, a number that is not there, an object that is not there.
  for (const pipeline::Step& step :
       {validate("checked", "trades", 1, OnViolation::reject, "v2"),
        validate("checked", "trades", 2), validate("checked", "trades", 0)})
    is_refused(world.say(submit(plan({source("trades"), step}), "r-2")), Refusal::contract_changed);
  pipeline::Step other = validate("checked", "trades");
  std::get<pipeline::ValidateWork>(other.work).contract.object = "rates";
  is_refused(world.say(submit(plan({source("trades"), other}), "r-2")), Refusal::no_such_contract);
}

BOOST_AUTO_TEST_CASE(tells_the_number_of_the_version_that_holds_the_document) {
  World world = with_contract();
  BOOST_TEST(world.say(contract("trades", "v1")).outcome.contract_version == 1u);
  BOOST_TEST(world.say(contract("trades", "v2", latest(world))).outcome.contract_version == 2u);
  // Compared with version 1 by somebody who does not know of version 2: it is that document.
  const Applied late = world.say(contract("trades", "v2", LogIndex{1}));
  BOOST_TEST((late.outcome.verdict == Verdict::repeated));
  BOOST_TEST(late.outcome.contract_version == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contracts_of_a_bundle)

BOOST_AUTO_TEST_CASE(become_versions_together_with_the_run_that_goes_by_them) {
  World world = World::with({node("n1")});
  const ContractsBrought brought{{contract("rates", "v1"), contract("trades", "v1")},
                                 submit(checked_plan(), "r-1")};
  const Applied applied = world.say(brought);
  BOOST_TEST((applied.outcome.verdict == Verdict::accepted));
  BOOST_TEST(world.state.contracts.size() == 2u);
  BOOST_TEST(world.state.runs.size() == 1u);
  BOOST_TEST((load(world.stored_live()).value() == world.state));
  // The same again is the same run, and no further version.
  BOOST_TEST((world.say(brought).outcome.verdict == Verdict::repeated));
  BOOST_TEST(world.state.contract(trades_key)->number == 1u);
}

BOOST_AUTO_TEST_CASE(leave_nothing_behind_when_the_run_or_the_pipeline_is_refused) {
  World world = World::with({node("n1")});
  const ClusterState before = world.state;
  const auto leaves_nothing = [&](const ContractsBrought& brought, Refusal why) {
    is_refused(world.say(brought), why);
    BOOST_TEST(world.state.contracts.empty());
    BOOST_TEST(world.state.runs.empty());
    BOOST_TEST(world.state.pipelines.empty());
  };
  pipeline::Plan elsewhere = checked_plan();
  elsewhere.bundle = digest_of("nowhere");
  leaves_nothing({{contract("trades", "v1")}, submit(elsewhere, "r-1")},
                 Refusal::bundle_not_stored);
  const PipelineApplied applied{finance, PipelineName{"settlement"}, digest_of("nowhere"),
                                pipeline::contracts_of(checked_plan())};
  leaves_nothing({{contract("trades", "v1")}, applied}, Refusal::bundle_not_stored);
  // One of two was compared with a version that is not there: the other one stays out too.
  leaves_nothing({{contract("rates", "v1"), contract("trades", "v1", LogIndex{1})},
                  submit(checked_plan(), "r-1")},
                 Refusal::contract_changed);
  // The plan goes by a text that nobody brings.
  leaves_nothing({{contract("trades", "v2")}, submit(checked_plan(), "r-1")},
                 Refusal::contract_changed);
  leaves_nothing({{contract("rates", "v1")}, submit(checked_plan(), "r-1")},
                 Refusal::no_such_contract);
  BOOST_TEST((before.contracts == world.state.contracts));
}

BOOST_AUTO_TEST_CASE(must_be_of_one_herd_sorted_and_each_once) {
  World world = World::with({node("n1")});
  const RunSubmitted run = submit(checked_plan(), "r-1");
  is_refused(world.say(ContractsBrought{{}, run}), Refusal::bad_value);
  is_refused(world.say(ContractsBrought{{contract("trades", "v1", {}, "risk")}, run}),
             Refusal::bad_value);
  is_refused(world.say(ContractsBrought{{contract("trades", "v1"), contract("rates", "v1")}, run}),
             Refusal::bad_value);
  is_refused(world.say(ContractsBrought{{contract("trades", "v1"), contract("trades", "v1")}, run}),
             Refusal::bad_value);
  const std::vector<ContractApplied> many(limits::contracts_of_a_plan + 1, contract("a", "v1"));
  is_refused(world.say(ContractsBrought{many, run}), Refusal::bad_value);
}

BOOST_AUTO_TEST_CASE(come_with_a_pipeline_too_even_one_that_is_known) {
  World world = with_contract();
  const PipelineApplied settlement{finance, PipelineName{"settlement"}, digest_of("bundle"),
                                   pipeline::contracts_of(checked_plan())};
  BOOST_TEST((world.say(ContractsBrought{{contract("trades", "v1")}, settlement}).outcome.verdict ==
              Verdict::accepted));
  BOOST_TEST((world.say(ContractsBrought{{contract("trades", "v1")}, settlement}).outcome.verdict ==
              Verdict::repeated));
  BOOST_TEST((world.say(ContractsBrought{{contract("rates", "v1")}, settlement}).outcome.verdict ==
              Verdict::accepted));
  BOOST_TEST(world.state.pipelines.begin()->second.versions.size() == 1u);
  BOOST_TEST(world.state.contracts.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_validate_step)

BOOST_AUTO_TEST_CASE(makes_its_rows_and_the_rejected_ones_true_together) {
  const Judged judged(OnViolation::reject, "required(id)", 3, 7);
  const StageHead& head = judged.world.state.run(judged.run)->stages[1].head;
  BOOST_TEST((head.status == StageStatus::succeeded));
  const RunView view = view_of(*judged.world.state.run(judged.run));
  BOOST_TEST(view.stages[1].contract == "trades@1");
  BOOST_TEST(to_string(view.stages[1].quality[number_of("required(id)")].consequence) ==
             "rejected");
  for (const char* name : {"checked", "checked.rejected"})
    BOOST_TEST(judged.world.state.version({finance, PipelineName{"settlement"}, DatasetName{name},
                                           head.committed}) != nullptr);
  // Both readers are ready: of the good rows and of the rejected ones.
  BOOST_TEST((judged.world.state.run(judged.run)->stages[2].head.status == StageStatus::ready));
  BOOST_TEST((judged.world.state.run(judged.run)->stages[3].head.status == StageStatus::ready));
}

BOOST_AUTO_TEST_CASE(fails_its_run_when_the_dataset_breaks_a_rule) {
  // 5 % of 100 are allowed, 6 % are not.
  BOOST_TEST(!Judged(OnViolation::reject, "few_missing", 5, 100).failed());
  const Judged judged(OnViolation::reject, "few_missing", 6, 100);
  BOOST_TEST(judged.failed());
  const Run run =
      decode_run(judged.world.store.at({Table::history_runs, key_of(judged.run)})).value();
  BOOST_TEST((run.head.status == RunStatus::failed));
  BOOST_TEST(run.head.failed_step.value == "checked");
  BOOST_TEST((run.stages[1].head.reason == SliceReason::contract_violated));
  BOOST_TEST((run.stages[1].head.committed == LogIndex{}));
  // The counts stay, so that people see which rule it was.
  const RunView view = view_of(run);
  BOOST_TEST(view.failure ==
             "The step 'checked' failed. Its data breaks the contract 'trades@1': few_missing "
             "counted 6 of 100, allowed is at most 5 %.");
  BOOST_TEST(view.stages[1].quality.size() == run.stages[1].partitions[0].commit->quality.size());
  BOOST_TEST(run.stages[1].partitions[0].commit->quality[number_of("few_missing")].counted == 6u);
  BOOST_TEST(!judged.world.state.datasets.contains(
      {finance, PipelineName{"settlement"}, DatasetName{"checked"}}));
}

BOOST_AUTO_TEST_CASE(fails_for_one_row_only_when_it_is_told_so) {
  BOOST_TEST(!Judged(OnViolation::reject, "required(id)", 1, 7).failed());
  BOOST_TEST(Judged(OnViolation::fail, "required(id)", 1, 7).failed());
  BOOST_TEST(!Judged(OnViolation::fail, "required(id)", 0, 7).failed());
  BOOST_TEST(!Judged(OnViolation::warn, "required(id)", 7, 7).failed());
  BOOST_TEST(!Judged(OnViolation::warn, "few_missing", 7, 7).failed());
}

BOOST_AUTO_TEST_CASE(that_only_warns_says_which_rows_were_set_apart_all_the_same) {
  const auto consequence = [](const std::string& rule) {
    const Judged judged(OnViolation::warn, rule, 2, 7);
    const RunView view = view_of(*judged.world.state.run(judged.run));
    return std::string(to_string(view.stages[1].quality[number_of(rule)].consequence));
  };
  BOOST_TEST(consequence("type(amount)") == "rejected");
  BOOST_TEST(consequence("bad_quoting") == "rejected");
  BOOST_TEST(consequence("required(id)") == "warned");
  BOOST_TEST(consequence("minimum(amount)") == "warned");
  BOOST_TEST(consequence("few_missing") == "warned");
}

BOOST_AUTO_TEST_CASE(is_not_tried_again_when_its_data_broke_the_contract) {
  World world = with_contract();
  pipeline::Plan twice = checked_plan(OnViolation::fail);
  twice.steps[1].retry.attempts = 5;
  const RunId run = world.run(twice);
  world.done(run, "trades");
  PartitionCommitted commit = world.commit_of(world.placed(run, "checked"));
  commit.quality[number_of("required(id)")].counted = 1;
  world.say(commit);
  BOOST_TEST(world.state.placeable.empty());
  BOOST_TEST(!world.state.runs.contains(run));
}

BOOST_AUTO_TEST_CASE(must_count_every_rule_once_and_in_order) {
  World world = with_contract();
  const RunId run = world.run(checked_plan());
  world.done(run, "trades");
  const AttemptKey attempt = world.placed(run, "checked");
  PartitionCommitted commit = world.commit_of(attempt);
  commit.quality.pop_back();
  is_refused(world.say(commit), Refusal::wrong_outputs);
  commit = world.commit_of(attempt);
  std::swap(commit.quality[0], commit.quality[1]);
  is_refused(world.say(commit), Refusal::wrong_outputs);
  BOOST_TEST((world.commit(attempt).outcome.verdict == Verdict::accepted));
  // A step of another kind has nothing to count.
  PartitionCommitted masked = world.commit_of(world.placed(run, "masked"));
  masked.quality = {{0, 0, 0}};
  is_refused(world.say(masked), Refusal::wrong_outputs);
}

BOOST_AUTO_TEST_CASE(of_a_bad_plan_is_refused) {
  World world = with_contract();
  const auto refused = [&](auto change) {
    pipeline::Step step = validate("checked", "trades");
    change(step, std::get<pipeline::ValidateWork>(step.work));
    is_refused(world.say(submit(plan({source("trades"), step}), "r-1")), Refusal::bad_plan);
  };
  refused([](auto& step, auto&) { step.outputs.pop_back(); });
  refused([](auto& step, auto&) { step.outputs[1] = DatasetName{"other.rejected"}; });
  refused([](auto& step, auto&) { step.partitions = 2; });
  refused([](auto&, auto& work) { work.input = DatasetName{"other"}; });
  refused([](auto&, auto& work) { work.references = {DatasetName{"trades"}}; });
  refused([](auto&, auto& work) { work.rejected_masks.push_back(work.rejected_masks[0]); });
  refused([](auto&, auto& work) { work.rejected_masks[0].method = governance::MaskMethod::keep; });
  pipeline::Step liar = sql("other", {"trades"});
  liar.outputs = {DatasetName{"other.rejected"}};
  is_refused(world.say(submit(plan({source("trades"), liar}), "r-1")), Refusal::bad_plan);
}

BOOST_AUTO_TEST_SUITE_END()
