// Histories whose verdicts others found: porcupine's test data (Anish Athalye, MIT), in
// tests/data/linearizability, and the whole of it where RUNINK_CONFORMANCE_DIR says it is.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "checker/published_logs.hpp"

using namespace runink;
using namespace runink::linearizability;

namespace {

/// Every verdict comes out; how many there are.
std::size_t judge_all(const std::filesystem::path& folder) {
  const auto labelled = read_verdicts(folder);
  BOOST_REQUIRE_MESSAGE(labelled.has_value(), labelled.error().what);
  for (const Labelled& one : *labelled) {
    const auto judgement = judge(folder, one);
    BOOST_REQUIRE_MESSAGE(judgement.has_value(), judgement.error().what);
    BOOST_TEST(to_string(judgement->verdict) == to_string(one.verdict),
               one.file << ": " << judgement->why);
  }
  return labelled->size();
}

Result<History> jepsen(const std::string& text) {
  std::istringstream in(text);
  return read_jepsen_log(in, "log");
}

Result<History> table(const std::string& text) {
  std::istringstream in(text);
  return read_key_value_log(in, "log");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(labelled_histories)

BOOST_AUTO_TEST_CASE(every_verdict_comes_out_within_five_seconds_of_computing) {
  const std::clock_t began = std::clock();
  const std::size_t count =
      judge_all(std::filesystem::path(RUNINK_SOURCE_DIR) / "tests/data/linearizability");
  const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  BOOST_TEST_MESSAGE(count << " histories judged in " << seconds << " s");
  BOOST_TEST(count == 56u);
  BOOST_TEST(seconds < 5.0);
}

BOOST_AUTO_TEST_CASE(so_does_every_verdict_of_the_folder_that_the_environment_names) {
  const char* named = std::getenv("RUNINK_CONFORMANCE_DIR");
  if (named == nullptr) {
    BOOST_TEST_MESSAGE("skipped: RUNINK_CONFORMANCE_DIR names no folder");
    return;
  }
  BOOST_TEST(judge_all(std::filesystem::path(named) / "linearizability") > 0u);
}

BOOST_AUTO_TEST_CASE(of_jepsens_log_what_failed_is_left_out_and_what_is_unknown_stays_open) {
  const auto history = jepsen(
      "INFO  jepsen.core - hello\n"
      "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 1\t:invoke\t:write\t4\n"
      "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n"
      "INFO  jepsen.util - 2\t:invoke\t:cas\t[4 1]\n"
      "INFO  jepsen.util - 3\t:invoke\t:write\t5\n"
      "INFO  jepsen.util - 0\t:fail\t:read\t:timed-out\n"
      "INFO  jepsen.util - 2\t:fail\t:cas\t[4 1]\n"
      "INFO  jepsen.util - 1\t:info\t:write\t:timed-out\n"
      "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 0\t:ok\t:read\t4\n");
  BOOST_REQUIRE_MESSAGE(history.has_value(), history.error().what);
  BOOST_TEST(history->size() == 4u);
  std::string all;
  for (const Operation& one : *history) all += to_string(one) + "\n";
  BOOST_TEST(all ==
             "client 2 did not set \"4\" to \"1\" [5, 8]\nclient 1 wrote \"4\" [3, ?]\n"
             "client 0 read \"4\" [10, 11]\nclient 3 wrote \"5\" [6, ?]\n");
}

BOOST_AUTO_TEST_CASE(a_log_that_is_none_is_refused_with_its_line) {
  const std::string called = "INFO  jepsen.util - 1\t:invoke\t:write\t4\n";
  BOOST_TEST(jepsen(called + called).error().what.starts_with("log:2: "));
  BOOST_TEST(jepsen("INFO  jepsen.util - 1\t:ok\t:write\t4\n").error().what.starts_with("log:1: "));
  BOOST_TEST(
      jepsen("INFO  jepsen.util - 1\t:invoke\t:sell\t4\n").error().what.starts_with("log:1: "));
  BOOST_TEST(
      jepsen("INFO  jepsen.util - 1\t:invoke\t:cas\t4\n").error().what.starts_with("log:1: "));
  BOOST_TEST(jepsen(called + "INFO  jepsen.util - 1\t:maybe\t:write\t4\n")
                 .error()
                 .what.starts_with("log:2: "));
  BOOST_TEST(!jepsen("").has_value());
  BOOST_TEST(!table("").has_value());
  BOOST_TEST(table("{:process 1, :type :invoke}\n").error().what.starts_with("log:1: "));
  BOOST_TEST(!table("{:process 1, :type :ok, :f :get, :key \"0\", :value \"\"}\n").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
