// What a node counts does not grow with every name that ever was.
#include "actors/metrics.hpp"

#include <prometheus/registry.h>

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

namespace runink::actors {

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(pipelines_beyond_the_first_thousand_are_counted_together) {
  Metrics metrics;
  constexpr std::size_t many = Metrics::pipelines_told_apart + 500;
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < many; ++i)
      metrics.quality_rows(HerdName{"finance"}, PipelineName{"p" + std::to_string(i)}, "accepted",
                           1);
  for (const prometheus::MetricFamily& family : metrics.registry()->Collect()) {
    if (family.name != "runink_quality_rows_total") continue;
    BOOST_TEST(family.metric.size() == Metrics::pipelines_told_apart + 1);
    double rows = 0, others = 0;
    for (const prometheus::ClientMetric& one : family.metric) {
      rows += one.counter.value;
      for (const auto& label : one.label)
        if (label.name == "pipeline" && label.value == "other") others = one.counter.value;
    }
    BOOST_TEST(rows == 2.0 * many);
    BOOST_TEST(others == 2.0 * 500);
    return;
  }
  BOOST_FAIL("the family is not there");
}

/// The peers of a family and what is said of them.
std::map<std::string, double> peers_in(const Metrics& metrics, const std::string& name) {
  std::map<std::string, double> found;
  for (const prometheus::MetricFamily& family : metrics.registry()->Collect())
    if (family.name == name)
      for (const prometheus::ClientMetric& one : family.metric)
        found[one.label.at(0).value] = one.counter.value + one.gauge.value;
  return found;
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_called_anew_is_counted_on_and_a_removed_one_is_told_no_more) {
  Metrics metrics;
  const NodeName two{"n2"}, three{"n3"};
  const std::string total = "runink_peer_connections_total";
  metrics.peer(two, true, 5, 7, seconds(1));
  metrics.peer(three, true, 1, {}, {});
  metrics.peer(two, true, 6, 7, seconds(1));
  BOOST_TEST(peers_in(metrics, total).at("n2") == 6.0);
  metrics.peer(two, true, 1, 7, seconds(1));  // at another address
  BOOST_TEST(peers_in(metrics, total).at("n2") == 7.0);
  metrics.only_peers({three});
  for (const char* name : {"runink_peer_connected", "runink_peer_lag_entries",
                           "runink_peer_silent_seconds", "runink_peer_connections_total"})
    BOOST_TEST(!peers_in(metrics, name).contains("n2"), name);
  BOOST_TEST(peers_in(metrics, total).at("n3") == 1.0);
  metrics.peer(two, true, 2, {}, {});
  BOOST_TEST(peers_in(metrics, total).at("n2") == 2.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::actors
