// The form of the published files: what is read from them, and what is refused, with its place.
#include "runner/directives.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "runner/expected.hpp"
#include "runner/tables.hpp"

using namespace runink;
using namespace runink::conformance;

namespace {

Result<std::vector<Directive>> directives(const std::string& text) {
  std::istringstream in(text);
  return read_directives(in, "f.txt");
}

std::string refusal(const std::string& text) {
  const auto read = directives(text);
  return read ? "accepted" : read.error().what;
}

StepFacts facts(const std::string& text) {
  const auto read = directives(text);
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().what);
  auto facts = read_expected_facts(read->front(), "debug");
  BOOST_REQUIRE_MESSAGE(facts.has_value(), facts.error().what);
  return std::move(*facts);
}

std::string misunderstood(const std::string& text) {
  const auto read = directives(text);
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().what);
  const auto facts = read_expected_facts(read->front(), "debug");
  return facts ? "understood" : facts.error().what;
}

FileReport quorum_table(const std::string& text) {
  std::istringstream in(text);
  return run_quorum_table(in, "q.txt");
}

FileReport change_table(const std::string& text) {
  std::istringstream in(text);
  return run_change_table(in, "c.txt");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(directives_of_files)

BOOST_AUTO_TEST_CASE(a_command_has_words_and_values_and_what_must_come_out) {
  const auto read = directives(
      "# a remark\n\nfirst 1 two=2 three=(3, 4,5) \\\n  none=()\n----\nok\n\n"
      "second\nv1 v2\nr3\n----\n----\none\n\ntwo\n----\n----\n");
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().what);
  BOOST_REQUIRE(read->size() == 2u);
  const Directive& first = read->front();
  BOOST_TEST(first.where() == "f.txt:3");
  BOOST_TEST(first.command.name == "first");
  BOOST_TEST((first.command.values_of("three") == std::vector<std::string>{"3", "4", "5"}));
  BOOST_TEST((first.command.words() == std::vector<std::string>{"1", "none"}));
  BOOST_TEST(first.expected.size() == 1u);
  const Directive& second = read->back();
  BOOST_TEST((second.input == std::vector<std::string>{"v1 v2", "r3"}));
  BOOST_REQUIRE(second.expected.size() == 3u);
  BOOST_TEST(second.expected.back().text == "two");
  BOOST_TEST(second.expected.back().number == 15u);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_refused_with_its_line) {
  BOOST_TEST(refusal("").starts_with("f.txt:1: "));
  BOOST_TEST(refusal("# nothing\n").starts_with("f.txt:1: "));
  BOOST_TEST(refusal("campaign 1\n----\nok\n\nstabilize\n").starts_with("f.txt:5: "));
  BOOST_TEST(refusal("a b=(1\n----\n").starts_with("f.txt:1: "));
  BOOST_TEST(refusal("a b=(1,(2))\n----\n").starts_with("f.txt:1: "));
  BOOST_TEST(refusal("a =1\n----\n").starts_with("f.txt:1: "));
  BOOST_TEST(refusal("a\n----\n" + std::string(file_bytes_most, 'x') + "\n") ==
             "f.txt is larger than 4 MiB.");
}

BOOST_AUTO_TEST_CASE(what_a_step_says_is_read_into_facts) {
  const StepFacts said = facts(
      "stabilize\n----\n> 1 handling Ready\n  Ready MustSync=true:\n  Lead:1 State:StateLeader\n"
      "  HardState Term:8 Vote:1 Commit:18\n  Entries:\n  8/21 EntryNormal \"\"\n  Messages:\n"
      "  1->a MsgApp Term:8 Log:6/19 Commit:18 Entries:[\n    6/20 EntryNormal \"x\"\n"
      "    8/21 EntryNormal \"\"\n  ]\n"
      "  1->AppendThread MsgStorageAppend Term:0 Log:0/0 Entries:[\n    8/21 EntryNormal \"\"\n"
      "  ] Responses:[\n    1->1 MsgAppResp Term:1 Log:0/12\n  ]\n"
      "  INFO 1 became leader at term 8\n> 2 receiving messages\n"
      "  3->2 MsgAppResp Term:8 Log:6/20 Rejected (Hint: 19)\n");
  BOOST_REQUIRE(said.sent.size() == 1u);
  BOOST_TEST(to_string(said.sent.front()) ==
             "1->a MsgApp Term:8 Log:6/19 Commit:18 Entries:[6/20 EntryNormal \"x\", 8/21 "
             "EntryNormal \"\"]");
  BOOST_REQUIRE(said.received.size() == 1u);
  BOOST_TEST(said.received.front().hint.value_or(0) == 19u);
  const NodeFacts& one = said.nodes.at(1);
  BOOST_TEST(to_string(one.hard.at(0)) == "Term:8 Vote:1 Commit:18");
  BOOST_TEST(one.soft.at(0) == "Lead:1 State:StateLeader");
  BOOST_TEST(one.roles.at(0) == "leader at term 8");
  BOOST_TEST(one.entries.at(0) == "8/21 EntryNormal \"\"");
}

BOOST_AUTO_TEST_CASE(what_a_step_says_and_nobody_understands_is_a_failure) {
  BOOST_TEST(misunderstood("stabilize\n----\n> 1 dreaming\n").starts_with("f.txt:3: "));
  BOOST_TEST(misunderstood("stabilize\n----\nok\nsomething else\n").starts_with("f.txt:4: "));
  BOOST_TEST(misunderstood("stabilize\n----\n1->2 MsgApp Term:x\n").starts_with("f.txt:3: "));
  BOOST_TEST(
      misunderstood("stabilize\n----\n1->2 MsgVote Term:1 Log:0/0\n").starts_with("f.txt:3"));
  BOOST_TEST(misunderstood("deliver-msgs 2\n----\n1->2 MsgApp Term:1 Log:0/0 Entries:[\n")
                 .starts_with("f.txt:3: "));
}

BOOST_AUTO_TEST_CASE(a_spoiled_table_fails_with_its_line) {
  BOOST_TEST(quorum_table("vote cfg=(1,2) votes=(y,y)\n----\nVoteWon\n").passed());
  const auto why = [](const FileReport& report) {
    return report.passed() ? std::string("passed") : report.failures.front();
  };
  BOOST_TEST(
      why(quorum_table("vote cfg=(1,2) votes=(y,y)\n----\nVoteLost\n")).starts_with("q.txt:1"));
  BOOST_TEST(why(quorum_table("vote cfg=(1,2) votes=(y)\n----\nVoteWon\n")).starts_with("q.txt:1"));
  BOOST_TEST(why(quorum_table("vote cfg=(0) votes=(y)\n----\nVoteWon\n")).starts_with("q.txt:1"));
  BOOST_TEST(why(quorum_table("vote cfg=(1) votes=(x)\n----\nVoteWon\n")).starts_with("q.txt:1"));
  BOOST_TEST(why(quorum_table("vote cfh=(1)\n----\nVoteWon\n")).starts_with("q.txt:1"));
  BOOST_TEST(why(quorum_table("elect cfg=(1)\n----\nVoteWon\n")).starts_with("q.txt:1"));
  const std::string good = "simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=1\n";
  BOOST_TEST(change_table(good).passed());
  BOOST_TEST(why(change_table("simple\nv1\n----\nvoters=(2)\n")).starts_with("c.txt:1"));
  BOOST_TEST(why(change_table("simple\nx1\n----\nvoters=(1)\n")).starts_with("c.txt:1"));
  BOOST_TEST(why(change_table("simple\nv\n----\nvoters=(1)\n")).starts_with("c.txt:1"));
  BOOST_TEST(why(change_table("simply\nv1\n----\nvoters=(1)\n")).starts_with("c.txt:1"));
}

BOOST_AUTO_TEST_SUITE_END()
