// The published interaction scripts (etcd-io/raft, Apache 2.0) in tests/data/raft/interaction: they
// come out, and what is spoiled in them or in the core is noticed.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "runner/interaction.hpp"
#include "runner/spoken.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::conformance;

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string>& scripts() {
  static const auto all = [] {
    std::map<std::string, std::string> texts;
    const fs::path folder = fs::path(RUNINK_SOURCE_DIR) / "tests/data/raft/interaction";
    for (const auto& file : fs::directory_iterator(folder)) {
      std::ifstream in(file.path());
      std::stringstream text;
      text << in.rdbuf();
      texts[file.path().filename().string()] = text.str();
    }
    return texts;
  }();
  return all;
}

FileReport replay(const std::string& text, raft::Mutant mutant = raft::Mutant::none) {
  std::istringstream in(text);
  return run_script(in, "s.txt", mutant);
}

std::string why(const FileReport& report) {
  return report.passed() ? "passed" : report.failures.front();
}

bool is_compared_step_by_step(const std::string& text) {
  return replay(text).what.ends_with("one by one");
}

/// Is this a line whose content the runner must hold against the core?
bool says_something(const std::string& text) {
  const std::string line = text.substr(std::min(text.find_first_not_of(' '), text.size()));
  if (line.starts_with('#') || is_within_a_node(line)) return false;
  return line.starts_with("HardState ") || line.starts_with("Lead:") ||
         line.find(" EntryNormal ") != std::string::npos || line.find("->") != std::string::npos ||
         line.find(": State") != std::string::npos || line.find(" became ") != std::string::npos;
}

/// Its last digit is another one.
void spoil(std::string& line) {
  char& digit = line[line.find_last_of("0123456789")];
  digit = digit == '9' ? '0' : static_cast<char>(digit + 1);
}

/// The commands of all scripts with their input, but those that set the scene.
std::vector<std::string> all_steps() {
  std::vector<std::string> steps;
  for (const auto& [name, text] : scripts()) {
    std::istringstream in(text + "\n\n");
    std::string step;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with('#')) continue;
      if (!line.empty()) {
        step += line + "\n";
        continue;
      }
      const bool moves = !step.starts_with("add-nodes") && !step.starts_with("compact") &&
                         !step.starts_with("log-level") && !step.starts_with("raft-");
      if (!step.empty() && moves) steps.push_back(step.substr(0, step.find("----\n")));
      step.clear();
    }
  }
  return steps;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scripts_of_others)

BOOST_AUTO_TEST_CASE(every_published_script_comes_out) {
  unsigned step_by_step = 0;
  for (const auto& [name, text] : scripts()) {
    const FileReport report = replay(text);
    BOOST_TEST(report.passed(), name << ": " << why(report));
    if (report.what.ends_with("one by one")) ++step_by_step;
  }
  BOOST_TEST(scripts().size() == 18u);
  BOOST_TEST(step_by_step == 9u);
}

BOOST_AUTO_TEST_CASE(every_line_that_is_spoiled_is_noticed) {
  std::size_t spoiled = 0;
  for (const auto& [name, text] : scripts()) {
    if (!is_compared_step_by_step(text)) continue;
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    int inside = 0;  // of a message within a node: its entries and answers
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string bare =
          lines[i].substr(std::min(lines[i].find_first_not_of(' '), lines[i].size()));
      if (inside > 0 && bare.starts_with(']')) --inside;
      if ((inside > 0 || is_within_a_node(bare)) && bare.ends_with('[')) ++inside;
      if (inside > 0 || bare.starts_with(']') || !says_something(lines[i])) continue;
      std::string changed;
      for (std::size_t j = 0; j < lines.size(); ++j) {
        std::string line = lines[j];
        if (j == i) spoil(line);
        changed += line + "\n";
      }
      ++spoiled;
      BOOST_TEST(!replay(changed).passed(), name << ":" << i + 1 << ": " << lines[i]);
    }
  }
  BOOST_TEST_MESSAGE(spoiled << " lines were spoiled, one at a time");
  BOOST_TEST(spoiled > 700u);
}

BOOST_AUTO_TEST_CASE(a_script_that_ends_elsewhere_is_noticed) {
  for (const auto& [name, text] : scripts()) {
    if (is_compared_step_by_step(text)) continue;
    BOOST_TEST(
        !replay(text + "\n\nraft-state\n----\n1: StateCandidate (Voter) Term:9 Lead:7\n").passed(),
        name);
    BOOST_TEST(!replay(text + "\n\ncampaign 1\n----\nINFO 1 switched to configuration voters=(7)\n")
                    .passed(),
               name);
  }
}

BOOST_AUTO_TEST_CASE(a_core_with_a_known_defect_does_not_come_through) {
  using enum raft::Mutant;
  for (const raft::Mutant mutant : {acknowledge_before_sync, omit_no_op, skip_own_term_gate,
                                    lose_reject_hint, pre_vote_raises_term}) {
    const bool caught = std::ranges::any_of(
        scripts(), [&](const auto& one) { return !replay(one.second, mutant).passed(); });
    BOOST_TEST(caught, "mutant " << static_cast<int>(mutant));
  }
}

BOOST_AUTO_TEST_CASE(a_command_that_nobody_knows_is_a_failure_with_its_line) {
  const std::string founded =
      "log-level none\n----\nok\n\nadd-nodes 3 voters=(1,2,3) index=2\n----\nok\n\n";
  const auto told = [&](const std::string& command) {
    return why(replay(founded + command + "\n----\nok\n"));
  };
  BOOST_TEST(told("campaign 1") == "passed");
  for (const std::string command : {"dance",
                                    "campaign",
                                    "campaign 4",
                                    "campaign 1 2",
                                    "campaign x",
                                    "campaign 0",
                                    "campaign 99999999999999999999",
                                    "propose 1",
                                    "propose 1 a b",
                                    "compact 1 3",
                                    "stabilize 1 4",
                                    "deliver-msgs 4x",
                                    "deliver-msgs 1 sort=2",
                                    "add-nodes",
                                    "add-nodes 65",
                                    "add-nodes 62 voters=(1) index=2",
                                    "add-nodes 1 voters=(1)",
                                    "add-nodes 1 voters=(1) index=99999",
                                    "add-nodes 1 voters=(1) index=2 inflight=0",
                                    "add-nodes 1 voters=(1) index=2 prevote=maybe",
                                    "add-nodes 1 colour=blue",
                                    "set-randomized-election-timeout 1",
                                    "set-randomized-election-timeout 1 timeout=0",
                                    "transfer-leadership from=1",
                                    "transfer-leadership from=4 to=1",
                                    "log-level loud",
                                    "stabilize log-level=loud",
                                    "raft-state 1",
                                    "propose-conf-change 1 transition=slow",
                                    "propose-conf-change 1\nx3",
                                    "campaign 1\nand more"})
    BOOST_TEST(told(command).starts_with("s.txt:9: "), command << " -> " << told(command));
}

// Whatever a stranger's script asks for, no core may break a promise (and abort) because of it.
BOOST_AUTO_TEST_CASE(steps_of_all_scripts_in_any_order_break_no_invariant) {
  const std::vector<std::string> steps = all_steps();
  const char* only = std::getenv("RUNINK_SEED");
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    if (only && seed != std::strtoull(only, nullptr, 10)) continue;
    Randomness random(seed);
    std::string text =
        "log-level none\n----\nok\n\nadd-nodes 7 voters=(1,2,3,4,5) learners=(6,7) index=10";
    for (const char* option : {"prevote", "checkquorum", "async-storage-writes"})
      if (random.chance(50)) text += std::string(" ") + option + "=true";
    text += "\n----\nok\n\n";
    for (int i = 0; i < 100; ++i) text += steps[random.below(steps.size())] + "----\nok\n\n";
    const FileReport report = replay(text);
    for (const std::string& failure : report.failures)
      BOOST_TEST((failure.find(" proposal was ") != std::string::npos ||
                  failure.find(": at the end ") != std::string::npos),
                 failure << "\nrepeat with: RUNINK_SEED=" << seed << " test_conformance "
                         << "--run_test=scripts_of_others/steps_of_all_scripts_in_any_order*");
  }
}

BOOST_AUTO_TEST_SUITE_END()
