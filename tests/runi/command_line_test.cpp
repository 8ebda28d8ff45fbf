#include "tools/runi/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tools/runi/topics.hpp"

namespace runink::runi {
namespace {

/// Every verb, also those within verbs, with its words.
void collect(const CLI::App& app, const std::vector<std::string>& before,
             std::vector<std::vector<std::string>>& all) {
  for (const CLI::App* verb : app.get_subcommands({})) {
    auto words = before;
    words.push_back(verb->get_name());
    all.push_back(words);
    collect(*verb, words, all);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

/// Its words up to "|" or ">", or those within "$(" or "<("; quotes are not used in examples.
std::vector<std::string> words_of(std::string line) {
  if (const auto inner = line.find("(runi "); inner != std::string::npos)
    line = line.substr(inner + 1, line.find(')', inner) - inner - 1);
  std::vector<std::string> words;
  std::string word;
  for (const char c : line + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    if (word == "|" || word == ">") break;
    if (!word.empty()) words.push_back(word);
    word.clear();
  }
  return words;
}

/// What stands behind "Examples:" in the help, a line each.
std::vector<std::string> examples_of(const CLI::App& verb) {
  const std::string help = verb.help();
  const auto begin = help.find("Examples:\n");
  std::vector<std::string> lines;
  if (begin == std::string::npos) return lines;
  std::string rest = help.substr(begin + 10);
  while (rest.starts_with("  ")) {
    const auto end = rest.find('\n');
    lines.push_back(rest.substr(2, end - 2));
    rest.erase(0, end == std::string::npos ? rest.size() : end + 1);
  }
  return lines;
}

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(every_verb_has_examples_that_its_own_parser_takes) {
  const CommandTree tree;
  std::vector<std::vector<std::string>> verbs;
  collect(*tree.app, {}, verbs);
  BOOST_TEST(verbs.size() >= 15u);
  for (const auto& words : verbs) {
    const CLI::App* verb = tree.find(words);
    BOOST_REQUIRE(verb != nullptr);
    if (!verb->get_subcommands({}).empty()) continue;  // the verbs within it have examples
    const auto examples = examples_of(*verb);
    BOOST_TEST(!examples.empty(), joined(words) + " has no example");
    for (const std::string& example : examples) {
      auto given = words_of(example);
      BOOST_REQUIRE_MESSAGE(given.size() > words.size() - 1 && given.front() == "runi", example);
      given.erase(given.begin());
      CommandTree fresh;
      std::ranges::reverse(given);
      BOOST_CHECK_NO_THROW(fresh.app->parse(given));
      BOOST_TEST(joined(words).ends_with(fresh.chosen().get_name()), example);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_verb_does_something_and_says_what) {
  const CommandTree tree;
  std::vector<std::vector<std::string>> verbs;
  collect(*tree.app, {}, verbs);
  for (const auto& words : verbs) {
    const CLI::App* verb = tree.find(words);
    BOOST_TEST(!verb->get_description().empty(), joined(words));
    if (verb->get_subcommands({}).empty()) BOOST_TEST(tree.verbs.contains(verb), joined(words));
    for (const CLI::Option* option : verb->get_options())
      BOOST_TEST(!option->get_description().empty(), joined(words) + " " + option->get_name());
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_a_verb_is_not_found) {
  const CommandTree tree;
  BOOST_TEST(tree.find({"run"}) != nullptr);
  BOOST_TEST(tree.find({"rum"}) == nullptr);
  BOOST_TEST(tree.find({"run", "run"}) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
