#include "tools/runi/shown.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "tools/runi/progress.hpp"

namespace runink::runi {
namespace {

boost::json::object object(const char* json) { return boost::json::parse(json).as_object(); }
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const char* const checked = R"json({"name":"checked","kind":"validate","status":"succeeded",
  "contract":"orders@2","started_at":"2026-11-20T08:00:00.000Z","ended_at":"2026-11-20T08:00:01.000Z",
  "outputs":[{"dataset":"checked","rows":1},{"dataset":"checked.rejected","rows":3}],
  "counters":{"rows_read":4,"rows_accepted":1,"rows_rejected":3},
  "quality":[
    {"rule":"required(id)","scope":"row","counted":0,"of":4,"bound":"0","verdict":"kept"},
    {"rule":"type(day)","scope":"row","counted":3,"of":4,"bound":"0","verdict":"rejected"},
    {"rule":"enough","scope":"dataset","counted":4,"of":4,"bound":"more than 1","verdict":"kept"}]})json";

BOOST_AUTO_TEST_SUITE(shown)

BOOST_AUTO_TEST_CASE(a_validated_stage_shows_what_it_accepted_and_which_rules_were_broken) {
  boost::json::object run = object(R"({"id":"4f0c","herd":"shop","pipeline":"sales"})");
  run["stages"] = boost::json::array{object(checked)};
  const std::string text = run_text(run, 0, 0);
  BOOST_TEST(
      has(text, "checked  validate  succeeded    0/1  1.0 s     1                orders@2\n"),
      text);
  BOOST_TEST(has(text,
                 "Quality of checked, contract orders@2: 4 rows read, 1 accepted, 3 rejected; "
                 "1 row rule holds\n"
                 "RULE       COUNTED  OF  ALLOWED      VERDICT\n"
                 "type(day)        3   4  0            rejected\n"
                 "enough           4   4  more than 1  kept\n"),
             text);
}

BOOST_AUTO_TEST_CASE(rows_of_a_validate_step_are_those_that_hold) {
  boost::json::object stage = object(checked);
  BOOST_TEST(rows_of(stage) == 1);
  BOOST_TEST(rejected_text(stage) == "3 rejected");
  RunProgress progress;
  boost::json::object run = object(R"({"id":"4f0c","status":"running"})");
  run["stages"] = boost::json::array{stage};
  progress.take_run(run);
  BOOST_TEST(progress.news().at(0) == "checked: succeeded, 1 row, 3 rejected, 1.0 s");
  // What failed has counted, but made nothing.
  stage.erase("outputs");
  BOOST_TEST(rows_of(stage) == -1);
  BOOST_TEST(rejected_text(object(R"({"counters":{"rows_rejected":0}})")) == "");
}

BOOST_AUTO_TEST_CASE(a_run_says_what_became_of_the_files_of_its_sinks) {
  const std::string text = run_text(object(R"({"id":"4f0c","stages":[
    {"name":"a","sink":{"target":"reports:/a.csv","published":true,"bytes":120,
                        "digest":"0123456789abcdef"}},
    {"name":"b","sink":{"target":"reports:/b.csv","published":false,"refused":"disk_full"}},
    {"name":"c","sink":{"target":"reports:/c.csv","published":false,"superseded":true}},
    {"name":"d","sink":{"target":"reports:/d.csv","published":false,"superseded":false}}]})"),
                                    0, 0);
  BOOST_TEST(has(text,
                 "\nFiles of its sinks:\n"
                 "  reports:/a.csv  120 B, sha256 0123456789ab\n"
                 "  reports:/b.csv  refused: disk_full\n"
                 "  reports:/c.csv  superseded: a newer run was there first\n"),
             text);
  BOOST_TEST(!has(text, "reports:/d.csv"), text);
}

BOOST_AUTO_TEST_CASE(contracts_that_came_with_a_bundle_are_told) {
  BOOST_TEST(
      new_contracts_text("shop", object(R"({"contracts":[{"name":"orders","version":2}]})")) ==
      "contract/shop/orders@2 applied\n");
  BOOST_TEST(new_contracts_text("shop", {}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
