#include <boost/test/unit_test.hpp>

#include "governance/governance.hpp"

namespace runink::governance {
namespace {

const DatasetAddress netted{HerdName{"finance"}, PipelineName{"settlement"}, DatasetName{"netted"}};

std::vector<std::string> names(const std::vector<Relative>& relatives) {
  std::vector<std::string> all;
  for (const Relative& one : relatives)
    all.push_back(one.dataset + "@" + std::to_string(one.distance));
  return all;
}

BOOST_AUTO_TEST_SUITE(lineage)

BOOST_AUTO_TEST_CASE(an_address_is_read_back_as_it_is_written) {
  BOOST_TEST(to_string(netted) == "finance/settlement/netted");
  BOOST_TEST((*parse_address("finance/settlement/netted") == netted));
  for (const char* wrong : {"", "a", "a/b", "a/b/", "a/b/c/d", "A/b/c", "a//c"})
    BOOST_TEST(!parse_address(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(rejected_rows_have_a_name_of_their_own) {
  const DatasetAddress rejected{HerdName{"finance"}, PipelineName{"settlement"},
                                DatasetName{"checked.rejected"}};
  BOOST_TEST((*parse_address("finance/settlement/checked.rejected") == rejected));
  BOOST_TEST(
      (open_lineage_name(rejected) == OpenLineageName{"finance", "settlement.checked.rejected"}));
  BOOST_TEST((*dataset_of(open_lineage_name(rejected)) == rejected));
  BOOST_TEST(!parse_address("finance/settlement/checked.other"));
}

BOOST_AUTO_TEST_CASE(open_lineage_names_lead_back_to_their_dataset) {
  BOOST_TEST((open_lineage_name(netted) == OpenLineageName{"finance", "settlement.netted"}));
  BOOST_TEST((*dataset_of(open_lineage_name(netted)) == netted));
  BOOST_TEST(!dataset_of({"finance", "settlement"}));
  BOOST_TEST(!dataset_of({"finance", "settlement.a.b"}));
  BOOST_TEST(!dataset_of(open_lineage_name(VolumeName{"lake"}, "trades/a.csv")));
}

BOOST_AUTO_TEST_CASE(jobs_and_files_outside_have_names_of_their_own) {
  BOOST_TEST(
      (open_lineage_job(HerdName{"finance"}, PipelineName{"settlement"}, StepName{"report"}) ==
       OpenLineageName{"finance", "settlement.report"}));
  BOOST_TEST((open_lineage_name(VolumeName{"lake"}, "trades/a.csv") ==
              OpenLineageName{"runink-volume://lake", "trades/a.csv"}));
}

BOOST_AUTO_TEST_CASE(relatives_come_nearest_first_and_once) {
  LineageGraph graph;
  graph.add("trades", "netted");
  graph.add("rates", "netted");
  graph.add("netted", "confirmed");
  graph.add("trades", "confirmed");
  graph.add("trades", "confirmed");
  BOOST_TEST((names(graph.upstream("confirmed")) ==
              std::vector<std::string>{"netted@1", "trades@1", "rates@2"}));
  BOOST_TEST(
      (names(graph.downstream("rates")) == std::vector<std::string>{"netted@1", "confirmed@2"}));
  BOOST_TEST((graph.parents("netted") == std::vector<std::string>{"rates", "trades"}));
  BOOST_TEST(graph.upstream("trades").empty());
  BOOST_TEST(graph.upstream("nobody").empty());
}

BOOST_AUTO_TEST_CASE(a_cycle_between_runs_ends) {
  LineageGraph graph;  // today's positions are made from yesterday's
  graph.add("positions", "trades");
  graph.add("trades", "positions");
  graph.add("positions", "positions");
  BOOST_TEST((names(graph.upstream("positions")) == std::vector<std::string>{"trades@1"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::governance
