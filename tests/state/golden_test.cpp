// The bytes of every command and of every row are for ever. To add one: run with
// RUNINK_WRITE_GOLDEN=1 and look at what changed in tests/state/golden.txt; a changed line means
// that old logs can no longer be read.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/state/kv_world.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

const std::string golden_path = std::string(RUNINK_SOURCE_DIR) + "/tests/state/golden.txt";

/// One step of each kind, with everything that it may hold.
pipeline::Plan plan_of_each_work() {
  pipeline::Step trades = source("trades");
  std::get<pipeline::SourceWork>(trades.work).contract = pipeline::SourceContract{
      {ContractName{"trades"}, "trades", 1, digest_of("v1")}, trades_contract().objects.front()};
  pipeline::Step confirmed = sql("confirmed", {"masked"});
  confirmed.work = pipeline::ExecWork{{"python3", "confirm.py"}};
  return plan({trades, validate("checked", "trades"), mask("masked", "checked"),
               sql("netted", {"checked.rejected", "masked"}), confirmed, sink("report", "netted")});
}

std::vector<Body> one_of_each() {
  World world = World::with({node("n1")});
  const RunId run = world.run(settlement());
  const AttemptKey attempt = world.placed(run, "trades");
  AttemptFailed failure = failed(attempt, AttemptEnd::setup_failed);
  failure.reason = SliceReason::disk_full;
  failure.setup_step = 5;
  failure.setup_errno = 28;
  failure.usage = {seconds(1), MiB(3), WallTime{4}, WallTime{5}};
  PartitionCommitted commit = world.commit_of(attempt);
  commit.read = {{"lake:/in/trades", Bytes{9}, digest_of("read")}};
  commit.counters = {{"rows_read", 7}};
  commit.quality = {{3, 5, 7}};
  HerdApplied policed = herd("finance", {MilliCpu{1}, Bytes{2}, 3, 4});
  policed.policy = {true,
                    false,
                    {governance::MaskMethod::hash,
                     {{"public", governance::MaskMethod::keep}},
                     {{"iban", governance::MaskMethod::partial}}}};
  ContractApplied restored = contract("trades", "v3", LogIndex{7});
  restored.restored_from = LogIndex{5};
  restored.accept_breaking = true;
  return {node("n1"),
          NodeLost{NodeName{"n1"}, 2},
          policed,
          HerdRemoved{HerdName{"finance"}},
          BundleStored{digest_of("bundle"), Bytes{100}, {NodeName{"n1"}}},
          PipelineApplied{HerdName{"finance"},
                          PipelineName{"settlement"},
                          digest_of("bundle"),
                          {{ContractName{"trades"}, "trades", 2, digest_of("v2")}}},
          submit(plan_of_each_work(), "r-1"),
          SlicesPlaced{LogIndex{6}, 1, {{attempt.partition, NodeName{"n1"}}}},
          commit,
          failure,
          SinkPublished{run, StepName{"report"}, NodeName{"n1"}, LogIndex{9}, true},
          SinkRefused{run, StepName{"report"}, NodeName{"n1"}, PublishRefusal::disk_full, 28},
          RunCancelled{run},
          restored,
          ContractsBrought{{contract("rates", "v1"), restored}, submit(settlement(), "r-2")},
          KvTransaction{HerdName{"finance"},
                        RequestId{"r-3"},
                        {{"leader", KvAspect::value, KvRelation::not_equal, 0, "n1"},
                         {"leader", KvAspect::version, KvRelation::less, 7, ""}},
                        {KvPut{"leader", "n1"}, KvAppend{"log", "a"}},
                        {KvDelete{"old"}, KvGet{"leader"}}},
          MembersFounded{{{NodeId{1}, NodeName{"n1"}, "10.0.0.1:7201"}}},
          MemberAdded{NodeName{"n4"}, NodeId{40}, "10.0.0.4:7201", MemberRole::worker},
          MemberPromoted{NodeName{"n4"}},
          MemberRemoved{NodeName{"n4"}, NodeId{40}, true},
          LeaderAsked{NodeName{"n1"}},
          ClusterRecovered{
              NodeName{"n1"}, NodeId{1}, "10.0.0.1:7201", Term{3}, LogIndex{9}, {NodeId{2}}},
          KvSessionOpened{},
          KvInSession{SessionId{41}, 7, 5, append("log", "a")}};
}

/// One row of each table, from one short story.
std::map<std::string, std::string> rows_of_each_table() {
  World world = World::with({node("n1")});
  world.say(PipelineApplied{HerdName{"finance"}, PipelineName{"settlement"}, digest_of("bundle")});
  for (std::uint32_t i = 0; i < limits::pipeline_versions; ++i) {
    const Digest bundle = digest_of("bundle" + std::to_string(i));
    world.say(BundleStored{bundle, Bytes{100}, {NodeName{"n1"}}});
    world.say(PipelineApplied{HerdName{"finance"}, PipelineName{"settlement"}, bundle});
  }
  for (int i = 0; i < 6; ++i) {
    const RunId run = world.run(settlement(), "r-" + std::to_string(i));
    world.done(run, "trades");
    world.done(run, "netted");
    world.done(run, "report");
    world.say(SinkPublished{run, StepName{"report"}, NodeName{"n1"}, world.state.applied, false});
  }
  for (std::uint32_t i = 1; i <= limits::contract_versions + 1; ++i) {
    const ContractVersion* latest =
        world.state.contract({HerdName{"finance"}, ContractName{"trades"}});
    world.say(contract("trades", "v" + std::to_string(i),
                       latest == nullptr ? LogIndex{} : latest->applied));
  }
  const RunId run = world.run(
      plan({source("trades"), validate("checked", "trades", 2, pipeline::OnViolation::warn, "v2"),
            mask("masked", "checked")}),
      "live");
  world.done(run, "trades");
  world.done(run, "checked");
  world.placed(run, "masked");
  std::map<std::string, std::string> lines;
  for (const Row& row : world.stored()) {
    if (row.table == Table::pipelines) continue;  // long; its one version is in history_pipelines
    lines["row " + std::string(to_string(row.table))] = to_hex(row.key) + " " + to_hex(*row.value);
  }
  // A story of its own, so that the lines above stay as they are.
  World other = World::with({node("n1")});
  other.say(put("leader", "n1"));
  other.say(with_request(transaction({}, {KvAppend{"leader", "n2"}, KvGet{"leader"}}), "r-1"));
  other.say(transaction({}, {KvDelete{"leader"}, KvPut{"log", "a"}}));
  World members;
  members.say(MembersFounded{
      {{NodeId{1}, NodeName{"n1"}, "10.0.0.1:7201"}, {NodeId{2}, NodeName{"n2"}, "[::1]:7201"}}});
  members.say(MemberRemoved{NodeName{"n2"}, NodeId{}, true});
  for (const Row& row : members.stored()) other.keep({row});
  other.say(KvSessionOpened{});
  const SessionId session{other.state.applied.value};
  other.say(KvInSession{session, 1, 1, transaction({}, {KvAppend{"log2", "a"}, KvGet{"log"}})});
  for (const Row& row : other.stored())
    lines.try_emplace("row " + std::string(to_string(row.table)),
                      to_hex(row.key) + " " + to_hex(*row.value));
  return lines;
}

std::string all_lines() {
  std::ostringstream out;
  for (const Body& body : one_of_each()) {
    Command command;
    command.at = WallTime{1'800'000'000'000'000};
    command.caller = {1000, "ada"};
    command.body = body;
    const std::string bytes = encode(command);
    BOOST_TEST((decode_command(bytes).value() == command));
    out << "command " << name_of(body) << " " << to_hex(bytes) << "\n";
  }
  for (const auto& [name, bytes] : rows_of_each_table()) out << name << " " << bytes << "\n";
  return out.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_bytes_of_commands_and_rows_are_those_of_every_build_before) {
  const std::string now = all_lines();
  if (std::getenv("RUNINK_WRITE_GOLDEN") != nullptr) std::ofstream(golden_path) << now;
  std::ifstream file(golden_path);
  BOOST_REQUIRE_MESSAGE(file.good(), "cannot open " + golden_path);
  std::istringstream fresh(now);
  std::string was;
  std::string is;
  while (std::getline(file, was)) {
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(std::getline(fresh, is)), "a line is gone: " + was);
    BOOST_TEST(is == was);
  }
  BOOST_TEST(!std::getline(fresh, is));
}

BOOST_AUTO_TEST_CASE(contracts_are_brought_by_a_pipeline_or_by_a_run_whose_numbers_are_for_ever) {
  const std::string by_run =
      encode(ContractsBrought{{contract("rates", "v1")}, submit(settlement(), "r-2")});
  const std::string by_pipeline = encode(ContractsBrought{
      {contract("rates", "v1")},
      PipelineApplied{HerdName{"finance"}, PipelineName{"settlement"}, digest_of("bundle"), {}}});
  const std::size_t place = encode(std::vector{contract("rates", "v1")}).size();
  BOOST_TEST(by_pipeline[place] == 0);
  BOOST_TEST(by_run[place] == 1);
}

BOOST_AUTO_TEST_CASE(every_command_and_every_table_has_a_golden_line) {
  BOOST_TEST(one_of_each().size() == std::variant_size_v<Body>);
  for (std::size_t i = 0; i < std::variant_size_v<Body>; ++i)
    BOOST_TEST(one_of_each()[i].index() == i);
  const auto rows = rows_of_each_table();
  for (int number = 0; number < 256; ++number) {
    const auto table = static_cast<Table>(number);
    if (!known(table) || table == Table::pipelines) continue;
    BOOST_TEST(rows.contains("row " + std::string(to_string(table))), to_string(table));
  }
}
