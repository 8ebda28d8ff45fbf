// tests/NAME.toml, and the plan that a test makes of a pipeline.
#include "pipeline/test_file.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>

#include "pipeline/test_plan.hpp"
#include "pipeline/test_set.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/test_name.hpp"

namespace runink::pipeline::test::of_test_files {
namespace {

Bundle bundle_with(const std::string& test) {
  Bundle bundle;
  bundle.files = {{"pipeline.toml", false, ""},
                  {"tests/data/trades.csv", false, "id\n1\n"},
                  {"tests/deep/not_a_test.toml", false, ""},
                  {"tests/netting.toml", false, test}};
  return bundle;
}

std::expected<TestFile, Diagnostics> parsed(const std::string& test) {
  return parse_test_file(bundle_with(test), "tests/netting.toml");
}

std::string mistakes_of(const Diagnostics& diagnostics) { return render(diagnostics); }
std::string mistakes_of(const std::string& test) {
  const auto read = parsed(test);
  return read ? "" : render(read.error());
}

void says(const std::string& said, const std::string& line) {
  BOOST_TEST((said.find(line) != std::string::npos), "missing: " << line << "\nin: " << said);
}

const std::string good = R"(description = "d"
logical_date = "2026-11-20"
[parameters]
limit = 7
[input.trades]
csv = "tests/data/trades.csv"
[expect.netted]
csv = "tests/netted.csv"
ordered = true
columns = ["a", "b"]
rows = 2
[expect."checked.rejected"]
rows = 0
)";

Step step_of(const std::string& name, Work work, std::vector<std::string> inputs,
             std::vector<std::string> outputs) {
  Step step;
  step.name = StepName{name};
  step.work = std::move(work);
  for (const std::string& one : inputs) step.inputs.push_back(DatasetName{one});
  for (const std::string& one : outputs) step.outputs.push_back(DatasetName{one});
  return step;
}

/// trades -> checked -> netted -> report; banks -> others
Plan plan() {
  Plan plan;
  plan.pipeline = PipelineName{"settlement"};
  plan.herd = HerdName{"finance"};
  const Location lake{VolumeName{"lake"}, "a.csv"};
  plan.steps = {step_of("trades", SourceWork{Format::csv, lake, {}}, {}, {"trades"}),
                step_of("banks", SourceWork{Format::jsonl, lake, {}}, {}, {"banks"}),
                step_of("checked", ValidateWork{}, {"trades"}, {"checked", "checked.rejected"}),
                step_of("netted", SqlWork{"SELECT 1", Format::parquet}, {"checked"}, {"netted"}),
                step_of("others", SqlWork{"SELECT 1", Format::parquet}, {"banks"}, {"others"}),
                step_of("report", SinkWork{Format::csv, lake}, {"netted"}, {})};
  return plan;
}

std::string planned_mistakes(const std::string& test, const Plan& of = plan()) {
  const auto read = parsed(test);
  BOOST_REQUIRE_MESSAGE(read.has_value(), (read ? "" : render(read.error())));
  const auto made = test_plan(of, *read);
  return made ? "" : mistakes_of(made.error());
}

const std::string trades = "[input.trades]\ncsv = \"tests/data/trades.csv\"\n";

/// tests/NAME.toml for each of `tests`, with a fixture that they may name.
Bundle bundle_of(const std::map<std::string, std::string>& tests) {
  Bundle bundle;
  bundle.files = {{"tests/data/trades.csv", false, "id\n1\n"}};
  for (const auto& [name, text] : tests)
    bundle.files.push_back({"tests/" + name + ".toml", false, text});
  std::ranges::sort(bundle.files, {}, &BundleFile::path);
  return bundle;
}
std::string set_mistakes(const std::map<std::string, std::string>& tests,
                         const std::vector<std::string>& wanted = {}) {
  const TestSet set = read_tests(bundle_of(tests), wanted);
  return set.mistakes.failed() ? render(set.mistakes) : "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(test_files)

BOOST_AUTO_TEST_CASE(are_those_directly_in_the_folder_tests) {
  const auto found = test_files_of(bundle_with(good));
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found.front() == "tests/netting.toml");
  BOOST_TEST(test_name_of(found.front()) == "netting");
}

BOOST_AUTO_TEST_CASE(name_fixtures_and_expectations) {
  const auto test = parsed(good);
  BOOST_REQUIRE_MESSAGE(test.has_value(), mistakes_of(good));
  BOOST_TEST(test->name == "netting");
  BOOST_TEST(test->parameters.at("limit") == "7");
  BOOST_TEST(test->logical_date.us == 1'795'132'800'000'000);
  BOOST_REQUIRE(test->inputs.size() == 1u);
  BOOST_TEST(test->inputs[0].path == "tests/data/trades.csv");
  BOOST_REQUIRE(test->expectations.size() == 2u);
  BOOST_TEST(test->expectations[0].ordered);
  BOOST_TEST(test->expectations[0].columns.size() == 2u);
  BOOST_TEST(test->expectations[0].rows.value() == 2u);
  BOOST_TEST(test->expectations[1].dataset.value == "checked.rejected");
  BOOST_TEST(test->expectations[1].golden.empty());
}

BOOST_AUTO_TEST_CASE(without_a_date_do_not_depend_on_today) {
  const auto test = parsed(trades + "[expect.netted]\nrows = 1\n");
  BOOST_REQUIRE(test.has_value());
  BOOST_TEST(test->logical_date.us == usual_test_date.us);
}

BOOST_AUTO_TEST_CASE(tell_every_mistake_at_once_with_its_place) {
  const std::string said = mistakes_of(R"(descripton = "d"
logical_date = "soon"
[input.trades]
csv = "tests/data/trade.csv"
[input.banks]
rows = [{ a = 1 }]
[expect.netted]
csv = "netted.csv"
[expect.others]
parquet = "tests/others.parquet"
[expect.checked]
rows = -1
rejected = 2
)");
  says(said, "tests/netting.toml:1:1: error: unknown key `descripton`");
  says(said, "did you mean `description`?");
  says(said, "tests/netting.toml:2:16: error: `logical_date`: ");
  says(said, "tests/netting.toml:4:7: error: the bundle has no file `tests/data/trade.csv`");
  says(said, "did you mean `tests/data/trades.csv`?");
  says(said, "tests/netting.toml:6:1: error: a fixture is a file of the bundle");
  says(said, "tests/netting.toml:8:7: error: the golden file `netted.csv` must lie beneath tests/");
  says(said, "tests/netting.toml:10:1: error: a golden file is read by people");
  says(said, "tests/netting.toml:12:8: error: `rows` in [expect.checked] must be from 0");
  says(said, "write its name in quotes: [expect.\"checked.rejected\"]");
}

BOOST_AUTO_TEST_CASE(that_expect_nothing_are_a_mistake) {
  says(mistakes_of(trades), "the test expects nothing");
  says(mistakes_of(trades + "[expect]\n"), "the test expects nothing");
  says(mistakes_of(trades + "[expect.netted]\n"),
       "[expect.netted] needs one of `csv`, `jsonl` or `rows`");
}

BOOST_AUTO_TEST_CASE(may_not_let_update_write_over_anything_else) {
  for (const char* path :
       {"pipeline.toml", "tests/netting.toml", "tests/../pipeline.csv", "/a.csv"})
    BOOST_TEST(!mistakes_of("[expect.netted]\ncsv = \"" + std::string(path) + "\"\n").empty());
  says(mistakes_of(trades + "[expect.netted]\ncsv = \"tests/data/trades.csv\"\n"),
       "`tests/data/trades.csv` is a fixture of the test already");
  says(mistakes_of("[expect.a]\ncsv = \"tests/a.csv\"\n[expect.b]\ncsv = \"tests/a.csv\"\n"),
       "`tests/a.csv` is the golden file of `a` already");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tests_of_a_bundle)

// --update wrote over the fixture or the golden file of another test.
BOOST_AUTO_TEST_CASE(have_their_golden_files_for_themselves) {
  const std::string said =
      set_mistakes({{"first", "[expect.netted]\ncsv = \"tests/a.csv\"\n"},
                    {"second", trades + "[expect.checked]\n"
                                        "csv = \"tests/a.csv\"\n"},
                    {"third", "[expect.netted]\ncsv = \"tests/data/trades.csv\"\n"}});
  says(said,
       "tests/second.toml:4:7: error: `tests/a.csv` is the golden file of `netted` of "
       "tests/first.toml already");
  says(said,
       "tests/third.toml:2:7: error: `tests/data/trades.csv` is a fixture of tests/second.toml "
       "already");
  says(said, "--update would write over it");
  says(said, "2 errors");
}

BOOST_AUTO_TEST_CASE(are_told_by_the_one_that_was_asked_for) {
  const std::map<std::string, std::string> tests = {
      {"first", "[expect.netted]\ncsv = \"tests/a.csv\"\n"},
      {"second", "[expect.netted]\ncsv = \"tests/a.csv\"\n"},
      {"third", "[expect.netted]\nrows = 1\n"}};
  says(set_mistakes(tests, {"first"}),
       "tests/first.toml:2:7: error: `tests/a.csv` is the golden file of `netted` of "
       "tests/second.toml");
  says(set_mistakes(tests, {"second"}), "of tests/first.toml already");
  BOOST_TEST(set_mistakes(tests, {"third"}) == "");
}

BOOST_AUTO_TEST_CASE(are_looked_at_as_far_as_they_can_be_read) {
  const std::string first = "[expect.netted]\ncsv = \"tests/a.csv\"\n";
  // Its other mistakes are nobody's business yet.
  BOOST_TEST(set_mistakes({{"first", first}, {"other", "what = 1\n[expect.netted]\nrows = 1\n"}},
                          {"first"}) == "");
  says(set_mistakes(
           {{"first", first}, {"other", "what = 1\n[input.trades]\ncsv = \"tests/a.csv\"\n"}},
           {"first"}),
       "`tests/a.csv` is a fixture of tests/other.toml already");
  says(set_mistakes({{"first", first}, {"other", "[input\n"}}, {"first"}),
       "tests/other.toml:1:7: error: this is not TOML");
}

BOOST_AUTO_TEST_CASE(are_those_that_were_asked_for) {
  const auto set = read_tests(
      bundle_of({{"a", "[expect.x]\nrows = 1\n"}, {"b", "[expect.x]\nrows = 1\n"}}), {"b"});
  BOOST_REQUIRE(set.tests.size() == 1u);
  BOOST_TEST(set.tests.front().name == "b");
  BOOST_TEST(read_tests(bundle_of({{"a", "[expect.x]\nrows = 1\n"}}), {}).tests.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(test_plans)

BOOST_AUTO_TEST_CASE(hold_what_is_expected_and_what_it_comes_from_and_no_volume) {
  const auto test = parsed(trades +
                           "[expect.netted]\nrows = 1\n[expect.\"checked.rejected\"]\n"
                           "jsonl = \"tests/r.jsonl\"\nordered = true\n");
  BOOST_REQUIRE(test.has_value());
  const auto made = test_plan(plan(), *test);
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(made->pipeline.value == "settlement.test");
  BOOST_TEST(is_test(made->pipeline));
  BOOST_TEST(made->parameters.at(std::string(test_parameter)) == "netting");
  std::vector<std::string> names;
  for (const Step& step : made->steps) names.push_back(step.name.value);
  const std::vector<std::string> expected = {"trades", "checked", "netted", "expect-netted",
                                             "expect-checked-rejected"};
  BOOST_TEST(names == expected, boost::test_tools::per_element());
  const auto& source = std::get<SourceWork>(made->steps[0].work);
  BOOST_TEST(!source.location.volume.has_value());
  BOOST_TEST(source.location.path == "tests/data/trades.csv");
  const auto& first = std::get<SqlWork>(made->steps[3].work);
  BOOST_TEST(first.text == "SELECT * FROM \"netted\" ORDER BY ALL");
  const auto& second = std::get<SqlWork>(made->steps[4].work);
  BOOST_TEST(second.text == "SELECT * FROM \"checked\".\"rejected\"");
  BOOST_TEST((second.format == Format::jsonl));
  BOOST_TEST(expectation_step(*made, 0, 2) == &made->steps[3]);
  BOOST_TEST(expectation_step(*made, 1, 2) == &made->steps[4]);
  BOOST_TEST((expectation_step(*made, 2, 2) == nullptr));
}

BOOST_AUTO_TEST_CASE(give_way_where_a_step_has_their_name) {
  Plan busy = plan();
  busy.steps.push_back(step_of("expect-netted", SqlWork{"SELECT 1", Format::parquet}, {"netted"},
                               {"expect-netted"}));
  const auto test = parsed(trades + "[expect.netted]\nrows = 1\n");
  BOOST_REQUIRE(test.has_value());
  const auto made = test_plan(busy, *test);
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(made->steps.back().name.value == "expect-1");
}

BOOST_AUTO_TEST_CASE(need_a_fixture_for_each_source_that_is_read) {
  const std::string said =
      planned_mistakes("[expect.netted]\nrows = 1\n[expect.others]\nrows = 1\n");
  says(said, "tests/netting.toml:1:9: error: the test reads source `trades` and has no fixture");
  says(said, "the test reads source `banks` and has no fixture");
  says(said, "add [input.banks] with a file of the bundle");
}

BOOST_AUTO_TEST_CASE(name_what_was_probably_meant) {
  says(planned_mistakes(trades + "[expect.neted]\nrows = 1\n"), "did you mean `netted`?");
  says(planned_mistakes(trades + "[expect.report]\nrows = 1\n"),
       "expect what it writes: [expect.netted]");
  says(planned_mistakes(trades + "[input.bank]\ncsv = \"tests/data/trades.csv\"\n" +
                        "[expect.netted]\nrows = 1\n"),
       "the pipeline has no source `bank`");
  says(planned_mistakes(trades + "[input.banks]\njsonl = \"tests/data/trades.csv\"\n" +
                        "[expect.netted]\nrows = 1\n"),
       "nothing that the test expects comes from source `banks`");
}

BOOST_AUTO_TEST_CASE(read_fixtures_in_the_format_of_the_source) {
  says(planned_mistakes("[input.trades]\njsonl = \"tests/data/trades.csv\"\n"
                        "[expect.netted]\nrows = 1\n"),
       "source `trades` reads csv, and its fixture is jsonl");
}

// --update wrote over the file that the pipeline itself reads.
BOOST_AUTO_TEST_CASE(have_golden_files_that_no_source_reads) {
  Plan own = plan();
  std::get<SourceWork>(own.steps[1].work).location = Location{{}, "tests/b*.csv"};
  const std::string test = trades + "[expect.netted]\ncsv = \"tests/banks.csv\"\n";
  says(planned_mistakes(test, own),
       "tests/netting.toml:4:7: error: `tests/banks.csv` is read by source `banks`");
  std::get<SourceWork>(own.steps[1].work).location.volume = VolumeName{"lake"};
  BOOST_TEST(planned_mistakes(test, own) == "");
}

// The limits were told by `apply`, without a place and after the fixtures had been sent.
BOOST_AUTO_TEST_CASE(fit_the_limits_of_a_plan_with_what_the_test_adds) {
  const std::string test = trades + "[expect.netted]\nrows = 1\n[expect.checked]\nrows = 1\n";
  Plan full = plan();
  for (std::uint32_t i = 1; i < limits::parameters; ++i)
    full.parameters["p" + std::to_string(i)] = "";
  BOOST_TEST(planned_mistakes(test, full) == "");
  full.parameters["one_more"] = "";
  const std::string said = planned_mistakes(test, full);
  says(said,
       "tests/netting.toml: error: the run of the test has 65 parameters, with `runink.test`; at "
       "most 64");
  says(said, "a pipeline that is tested has at most 63");

  // trades, checked, netted and two expectations
  const auto with_steps = [](std::size_t more) {
    Plan long_one = plan();
    std::vector<Step> between;
    std::string before = "checked";
    for (std::size_t i = 0; i < more; ++i) {
      const std::string name = "s" + std::to_string(i);
      between.push_back(step_of(name, SqlWork{"SELECT 1", Format::parquet}, {before}, {name}));
      before = name;
    }
    long_one.steps[3].inputs = {DatasetName{before}};
    long_one.steps.insert(long_one.steps.begin() + 3, between.begin(), between.end());
    return long_one;
  };
  BOOST_TEST(planned_mistakes(test, with_steps(limits::steps - 5)) == "");
  says(planned_mistakes(test, with_steps(limits::steps - 4)),
       "tests/netting.toml:3:9: error: the run of the test has 1001 steps, one of them for each "
       "expectation; "
       "at most 1000 are allowed");

  Plan large = plan();
  std::string& sql = std::get<SqlWork>(large.steps[3].work).text;
  sql = std::string(limits::plan.value - 2'000, 'x');
  BOOST_TEST(planned_mistakes(test, large) == "");
  sql = std::string(limits::plan.value, 'x');
  const std::string mistakes = planned_mistakes(test, large);
  says(mistakes, "tests/netting.toml:3:9: error: the plan of the test has ");
  says(mistakes, " bytes; at most 245760 are allowed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::pipeline::test::of_test_files
