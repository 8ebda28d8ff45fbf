// Whole folders of outside data: the one in tests/data, the one that the environment names, and
// folders that are damaged.
#include "runner/folder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/support/folder.hpp"

using namespace runink;
using namespace runink::conformance;

namespace {

namespace fs = std::filesystem;

/// Of outside data.
struct Folder : runink::test::Folder {
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
};

/// By file: "passed", or the first failure.
std::map<std::string, std::string> run(const fs::path& folder) {
  std::map<std::string, std::string> all;
  const auto ran = run_folder(folder, [&](const FileReport& one) {
    all[one.file] = one.passed() ? "passed" : one.failures.front();
  });
  if (!ran) all["(folder)"] = ran.error().what;
  return all;
}

/// What the program says last, and how it ends: "1 passed, 0 failed; ends with 0".
std::string program(const fs::path& folder) {
  const std::string command =
      std::string(RUNINK_BIN_DIR) + "/raft_conformance '" + folder.string() + "' 2>/dev/null";
  FILE* out = popen(command.c_str(), "r");
  BOOST_REQUIRE(out != nullptr);
  std::string last;
  char line[4096];
  while (std::fgets(line, sizeof line, out) != nullptr) last = line;
  const int status = pclose(out);
  if (last.ends_with('\n')) last.pop_back();
  return last + "; ends with " + std::to_string(WEXITSTATUS(status));
}

void all_must_pass(const std::map<std::string, std::string>& files) {
  for (const auto& [file, outcome] : files)
    BOOST_TEST(outcome == "passed", file << ": " << outcome);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(folders_of_outside_data)

BOOST_AUTO_TEST_CASE(every_file_of_ours_passes) {
  const auto files = run(fs::path(RUNINK_SOURCE_DIR) / "tests/data");
  all_must_pass(files);
  BOOST_TEST(files.size() == 2u + 6u + 18u + 56u);
}

BOOST_AUTO_TEST_CASE(so_does_every_file_of_the_folder_that_the_environment_names) {
  const char* named = std::getenv("RUNINK_CONFORMANCE_DIR");
  if (named == nullptr) {
    BOOST_TEST_MESSAGE("skipped: RUNINK_CONFORMANCE_DIR names no folder");
    return;
  }
  all_must_pass(run(named));
}

BOOST_AUTO_TEST_CASE(parts_may_be_absent_but_not_all_of_them) {
  Folder folder;
  BOOST_TEST(run(folder.path).at("(folder)").find("has no file in raft/quorum") !=
             std::string::npos);
  folder.write("raft/quorum/one.txt", "vote cfg=(1) votes=(y)\n----\nVoteWon\n");
  folder.write("raft/quorum/LICENSE", "not a table\n");
  const auto files = run(folder.path);
  all_must_pass(files);
  BOOST_TEST(files.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_program_counts_last_and_ends_with_its_verdict) {
  Folder folder;
  BOOST_TEST(program(folder.path) == "; ends with 2");
  folder.write("raft/quorum/a.txt", "vote cfg=(1) votes=(y)\n----\nVoteWon\n");
  BOOST_TEST(program(folder.path) == "1 passed, 0 failed; ends with 0");
  folder.write("raft/quorum/b.txt", "vote cfg=(1) votes=(y)\n----\nVoteLost\n");
  BOOST_TEST(program(folder.path) == "1 passed, 1 failed; ends with 1");
}

BOOST_AUTO_TEST_CASE(what_is_damaged_fails_and_the_others_are_run) {
  Folder folder;
  folder.write("raft/quorum/a.txt", "vote cfg=(1) votes=(y)\n----\nVoteLost\n");
  folder.write("raft/quorum/b.txt", "vote cfg=(1) votes=(y)\n----\nVoteWon\n");
  folder.write("raft/confchange/empty.txt", "");
  folder.write("raft/interaction/large.txt", std::string((4u << 20) + 1, '#'));
  folder.write("raft/interaction/noise.txt", std::string("\0\xff\n----\n", 8));
  const auto files = run(folder.path);
  BOOST_TEST(files.at("raft/quorum/a.txt").starts_with("raft/quorum/a.txt:1: "));
  BOOST_TEST(files.at("raft/quorum/b.txt") == "passed");
  BOOST_TEST(files.at("raft/confchange/empty.txt").starts_with("raft/confchange/empty.txt:1: "));
  BOOST_TEST(files.at("raft/interaction/large.txt").ends_with("is larger than 4 MiB."));
  BOOST_TEST(files.at("raft/interaction/noise.txt").starts_with("raft/interaction/noise.txt:1: "));
}

BOOST_AUTO_TEST_CASE(a_history_needs_a_verdict_and_a_verdict_its_history) {
  Folder folder;
  const std::string log = "INFO  jepsen.util - 1\t:invoke\t:write\t4\n";
  folder.write("linearizability/jepsen/a.log", log);
  BOOST_TEST(run(folder.path).at("linearizability/verdicts.txt").find("cannot be read") !=
             std::string::npos);
  folder.write("linearizability/jepsen/b.log", log);
  folder.write("linearizability/verdicts.txt",
               "jepsen/a.log linearizable\njepsen/c.log linearizable\n"
               "jepsen/../../outside.log linearizable\n");
  folder.write("outside.log", log);
  const auto files = run(folder.path);
  BOOST_TEST(files.at("linearizability/jepsen/a.log") == "passed");
  BOOST_TEST(files.at("linearizability/jepsen/b.log").ends_with("has no verdict in verdicts.txt."));
  BOOST_TEST(files.at("linearizability/jepsen/c.log").find("is no file") != std::string::npos);
  BOOST_TEST(files.at("linearizability/jepsen/../../outside.log").find("is no file") !=
             std::string::npos);
  folder.write("linearizability/verdicts.txt",
               "jepsen/a.log not-linearizable\njepsen/b.log linearizable\n");
  BOOST_TEST(run(folder.path).at("linearizability/jepsen/a.log").find("it is linearizable") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
