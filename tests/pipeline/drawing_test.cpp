// Drawings are golden: tests/pipeline/drawings/*; RUNINK_ACCEPT=1 writes them anew, read the diff.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "pipeline/quantity.hpp"
#include "pipeline/render.hpp"

namespace runink::pipeline::test {
namespace {

Step step(const std::string& name, Work work, const std::vector<std::string>& inputs,
          const std::vector<std::string>& outputs) {
  Step made;
  made.name = StepName{name};
  made.work = std::move(work);
  for (const std::string& one : inputs) made.inputs.push_back(DatasetName{one});
  for (const std::string& one : outputs) made.outputs.push_back(DatasetName{one});
  return made;
}

Plan example() {
  Plan plan;
  plan.pipeline = PipelineName{"settlement"};
  plan.herd = HerdName{"finance"};
  plan.bundle = sha256("the bundle");
  plan.parameters = {{"desk", "em\"ea"}};
  plan.logical_date = *parse_moment("2026-11-20");
  const auto sql = [](std::string text) { return SqlWork{std::move(text)}; };
  plan.steps = {
      step("trades", SourceWork{Format::csv, {VolumeName{"lake"}, "trades/*.csv"}}, {}, {"trades"}),
      step("rates", SourceWork{Format::parquet, {{}, "data/rates.parquet"}}, {}, {"rates"}),
      step("parties", SourceWork{Format::jsonl, {{}, "data/parties.jsonl"}}, {}, {"parties"}),
      step("netted", sql("SELECT *\nFROM trades, parties"), {"parties", "trades"}, {"netted"}),
      step("valued", sql("SELECT 'ü' FROM netted, rates"), {"netted", "rates"}, {"valued"}),
      step("confirmed", ExecWork{{"python3", "confirm.py", "--quote=\"x\""}}, {"netted", "trades"},
           {"good", "refused"}),
      step("clock", ExecWork{{"date"}}, {}, {"clock"}),
      step("report", SinkWork{Format::parquet, {VolumeName{"reports"}, "net.parquet"}}, {"good"},
           {}),
      step("end", SinkWork{Format::csv, {VolumeName{"reports"}, "all.csv"}}, {"valued"}, {}),
  };
  plan.steps[4].needs = {{500}, MiB(2048), GiB(1)};
  plan.steps[5].retry = {3, seconds(2)};
  plan.steps[5].timeout = seconds(300);
  return plan;
}

void check(const std::string& file, const std::string& drawn) {
  const std::string path = RUNINK_SOURCE_DIR "/tests/pipeline/drawings/" + file;
  if (std::getenv("RUNINK_ACCEPT") != nullptr) std::ofstream{path} << drawn;
  std::ostringstream golden;
  golden << std::ifstream{path}.rdbuf();
  BOOST_TEST(golden.str() == drawn, file << " is now\n" << drawn);
}

BOOST_AUTO_TEST_SUITE(drawings)

BOOST_AUTO_TEST_CASE(a_plan_is_drawn_as_text) { check("plan.txt", draw(example(), Drawing::text)); }
BOOST_AUTO_TEST_CASE(a_plan_is_drawn_as_json) {
  check("plan.json", draw(example(), Drawing::json));
}
BOOST_AUTO_TEST_CASE(a_plan_is_drawn_for_graphviz) {
  check("plan.dot", draw(example(), Drawing::dot));
}
BOOST_AUTO_TEST_CASE(a_plan_is_drawn_for_mermaid) {
  check("plan.mmd", draw(example(), Drawing::mermaid));
}

BOOST_AUTO_TEST_CASE(the_forms_are_known_by_their_names) {
  BOOST_TEST((drawing_from("dot") == Drawing::dot));
  BOOST_TEST(!drawing_from("yaml").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::pipeline::test
