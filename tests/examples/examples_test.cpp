// The examples, compiled as the server compiles them and run step by step with the programs that
// slices run, against answers that neither DuckDB nor our rooms computed. The scheduler, the log
// and the sandbox are tested elsewhere.
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "pipeline/compile.hpp"
#include "pipeline/herd_file.hpp"
#include "steps/sql_analysis.hpp"
#include "tests/steps/validation.hpp"

namespace runink::testing {
namespace {

const fs::path kExamples = fs::path(RUNINK_SOURCE_DIR) / "examples";
const fs::path kLake = fs::path(RUNINK_SOURCE_DIR) / ".data/examples/lake";

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The analysis, in this process.
class InProcessReader : public pipeline::SqlReader {
 public:
  Result<std::vector<pipeline::SqlReading>> read(
      const std::vector<pipeline::SqlQuestion>& questions) override {
    auto engine = steps::open_for_analysis();
    std::vector<pipeline::SqlReading> readings;
    for (const auto& question : questions) {
      auto reading = steps::analyse(*engine, question.text);
      if (!reading) return fail(FaultKind::outside_failed, reading.error().text);
      readings.push_back(std::move(*reading));
    }
    return readings;
  }
};

pipeline::Plan plan_of(const fs::path& folder, const std::string& herd) {
  pipeline::CompileRequest request;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      request.bundle.files.push_back(
          {fs::relative(entry.path(), folder).string(), false, bytes_of(entry.path())});
  std::ranges::sort(request.bundle.files, {}, &pipeline::BundleFile::path);
  request.herds = {HerdName{herd}};
  const std::string herd_file = herd + ".herd.toml";
  const auto read = pipeline::parse_herd_file(herd_file, bytes_of(folder / herd_file));
  if (!read) BOOST_FAIL(render(read.error()));
  request.herd_views = {{read->herd, {read->policy, {}}}};
  request.volumes = {
      {HerdName{herd},
       {{VolumeName{"lake"}, {true, false}}, {VolumeName{"reports"}, {true, true}}}}};
  InProcessReader reader;
  auto compiled = compile(std::move(request), reader);
  if (!compiled) BOOST_FAIL(render(compiled.error()));
  BOOST_TEST(compiled->warnings.list.empty());
  return compiled->plan;
}

/// Runs every step of a plan in its order, in one folder a step.
class Walk {
 public:
  Walk(const pipeline::Plan& plan, fs::path lake, fs::path bundle)
      : plan_(plan), lake_(std::move(lake)), bundle_(std::move(bundle)) {}

  void run() {
    for (const pipeline::Step& step : plan_.steps) {
      SliceFolder& slice = slices_[step.name.value];
      fs::remove_all(slice.path("volumes/lake"));
      fs::create_directory_symlink(lake_, slice.path("volumes/lake"));
      if (pipeline::needs_key(step.work))
        slice.write("in/.runink/key", std::string(pipeline::key_bytes, 'k'));
      for (const DatasetName& input : step.inputs) {
        const fs::path made = slices_.at(plan_.producer(input)->name.value).path("out");
        fs::create_directories(slice.path("in"));
        fs::copy(made / input.value, slice.path("in/" + input.value),
                 fs::copy_options::recursive | fs::copy_options::create_hard_links);
      }
      Ended& ended = ended_[step.name.value];
      ended = std::holds_alternative<pipeline::ExecWork>(step.work)
                  ? execute(slice, std::get<pipeline::ExecWork>(step.work))
                  : slice.run(step, MiB(512));
      BOOST_REQUIRE_MESSAGE(ended.code == 0, step.name.value << ": " << ended.log);
    }
  }

  std::string published(const std::string& sink, const std::string& extension) {
    return slices_.at(sink).read("out/" + sink + "/data." + extension);
  }
  const Ended& ended(const std::string& step) const { return ended_.at(step); }
  /// Step -> bytes and content hashes of everything that was written.
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> all;
    for (const auto& [step, slice] : slices_) {
      for (const auto& entry : fs::recursive_directory_iterator(slice.path("out")))
        if (entry.is_regular_file())
          all[step + "/" + fs::relative(entry.path(), slice.path("out")).string()] =
              bytes_of(entry.path());
    }
    return all;
  }

 private:
  Ended execute(const SliceFolder& slice, const pipeline::ExecWork& work) const {
    slice.write("report", "");
    slice.write("log", "");
    fs::create_directories(slice.path("out"));
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("RUNINK_IN", slice.path("in").c_str(), 1);
      ::setenv("RUNINK_OUT", slice.path("out").c_str(), 1);
      ::setenv("RUNINK_REPORT", slice.path("report").c_str(), 1);
      std::vector<std::string> arguments = work.arguments;
      std::vector<char*> pointers;
      for (std::string& one : arguments) pointers.push_back(one.data());
      pointers.push_back(nullptr);
      const int log = ::open(slice.path("log").c_str(), O_WRONLY | O_TRUNC);
      if (::dup2(log, 1) < 0 || ::dup2(log, 2) < 0 || ::chdir(bundle_.c_str()) != 0) ::_exit(126);
      ::execvp(pointers[0], pointers.data());
      ::_exit(127);
    }
    return slice.wait(child);
  }

  const pipeline::Plan& plan_;
  fs::path lake_, bundle_;
  std::map<std::string, SliceFolder> slices_;
  std::map<std::string, Ended> ended_;
};

boost::test_tools::assertion_result reference_data_is_there(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result there(fs::exists(kLake / "reference/currencies.csv") &&
                                            fs::exists(kLake / "flights/flights-3m.parquet"));
  if (!there) there.message() << "the examples' data is missing: run tools/fetch_example_data";
  return there;
}

/// A lake with its own trades beside the fetched reference data.
struct Settlement {
  Settlement(int rows, int seed) {
    fs::create_directories(folder.path("lake"));
    fs::create_directory(folder.path("lake/reference"));
    for (const char* name : {"sp500.csv", "banks.jsonl", "currencies.csv"})
      fs::copy_file(kLake / "reference" / name, folder.path("lake/reference") / name);
    const std::string command =
        "python3 '" + (kExamples / "settlement/generate.py").string() + "' --lake '" +
        folder.path("lake").string() + "' --expected '" + folder.path("expected").string() +
        "' --rows " + std::to_string(rows) + " --seed " + std::to_string(seed) + " >/dev/null";
    BOOST_REQUIRE(std::system(command.c_str()) == 0);
  }
  SliceFolder folder;
};

/// What a validate step counted, where it is not what the plan says.
std::string as_planned(const Ended& ended, const boost::json::object& plan) {
  std::string wrong;
  const auto compare = [&](const std::string& what, std::int64_t got, std::int64_t planned) {
    if (got != planned)
      wrong += what + ": " + std::to_string(got) + ", planned " + std::to_string(planned) + "\n";
  };
  for (const char* rows : {"read", "accepted", "rejected"})
    compare(rows, counter(ended, std::string("rows_") + rows), plan.at(rows).as_int64());
  const auto& counted = plan.at("counted").as_object();
  std::size_t met = 0;
  for (const auto& line : ended.lines) {
    const auto* quality = line.if_contains("quality");
    if (!quality) continue;
    const std::string rule(quality->at("rule").as_string());
    const auto* planned = counted.if_contains(rule);
    met += planned ? 1 : 0;
    compare(rule, quality->at("counted").to_number<std::int64_t>(),
            planned ? planned->as_int64() : 0);
  }
  compare("rules of the plan", static_cast<std::int64_t>(met),
          static_cast<std::int64_t>(counted.size()));
  return wrong;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(examples, *boost::unit_test::precondition(reference_data_is_there))

BOOST_AUTO_TEST_CASE(settlement_is_right_to_the_cent_and_counts_every_row) {
  const auto plan = plan_of(kExamples / "settlement", "finance");
  // RUNINK_EXAMPLE_ROWS=1000000 is the size that users see.
  const char* wanted = std::getenv("RUNINK_EXAMPLE_ROWS");
  const int rows = wanted ? std::atoi(wanted) : 20'000;
  for (const int seed : {1, 20261120}) {
    Settlement data(rows, seed);
    Walk walk(plan, data.folder.path("lake"), kExamples / "settlement");
    walk.run();
    BOOST_TEST((walk.published("table", "csv") == data.folder.read("expected/netted.csv")));
    BOOST_TEST(walk.published("by_kind", "csv") == data.folder.read("expected/exposure.csv"));
    BOOST_TEST(walk.published("quality", "csv") == data.folder.read("expected/verdicts.csv"));
    BOOST_TEST(walk.published("masks", "csv") == data.folder.read("expected/masking.csv"));
    BOOST_TEST(walk.ended("trades").rows() == rows);
    BOOST_TEST(walk.ended("trades").count("read") == 4u);
    BOOST_TEST(walk.ended("report").rows() == walk.ended("netted").rows());
    const auto expected = boost::json::parse(data.folder.read("expected/plan.json")).as_object();
    for (const char* step : {"checked", "clients"})
      BOOST_TEST(as_planned(walk.ended(step), expected.at(step).as_object()) == "");
  }
}

BOOST_AUTO_TEST_CASE(settlement_repeated_writes_the_same_bytes) {
  const auto plan = plan_of(kExamples / "settlement", "finance");
  Settlement data(5'000, 7);
  Walk first(plan, data.folder.path("lake"), kExamples / "settlement");
  Walk second(plan, data.folder.path("lake"), kExamples / "settlement");
  first.run();
  second.run();
  BOOST_TEST((first.everything() == second.everything()));
  // A file for each dataset, for each sink, and three more of the four files with trades.
  std::size_t files = 3;
  for (const auto& step : plan.steps) files += std::max<std::size_t>(step.outputs.size(), 1);
  BOOST_TEST(first.everything().size() == files);
}

BOOST_AUTO_TEST_CASE(the_generator_repeats_itself_and_keeps_to_its_plan) {
  Settlement one(2'000, 3), again(2'000, 3), other(2'000, 4);
  BOOST_TEST((one.folder.read("lake/settlement/trades-0.csv") ==
              again.folder.read("lake/settlement/trades-0.csv")));
  BOOST_TEST(one.folder.read("expected/netted.csv") == again.folder.read("expected/netted.csv"));
  BOOST_TEST((one.folder.read("lake/settlement/trades-0.csv") !=
              other.folder.read("lake/settlement/trades-0.csv")));
  BOOST_TEST(one.folder.read("expected/verdicts.csv").find("primaryKey,4\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(flights_agree_with_an_independent_computation) {
  const auto plan = plan_of(kExamples / "flights", "travel");
  Walk walk(plan, kLake, kExamples / "flights");
  walk.run();
  BOOST_TEST((walk.published("table", "csv") == bytes_of(kExamples / "flights/expected.csv")));
  BOOST_TEST(walk.ended("flights").rows() == 3'000'000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
