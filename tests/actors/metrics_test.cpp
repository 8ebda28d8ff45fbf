// What a node counts does not grow with every name that ever was.
#include "actors/metrics.hpp"

#include <prometheus/registry.h>

#include <boost/test/unit_test.hpp>
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::actors
