#include "tools/runi/completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tools/runi/topics.hpp"

namespace runink::runi {
namespace {

/// A node with one of each, that remembers what it was asked.
struct Node {
  std::vector<NameQuestion> asked;
  NameSource source() {
    return [this](const NameQuestion& question) -> std::vector<std::string> {
      asked.push_back(question);
      if (!question.run.empty()) return {"trades", "netted"};
      if (question.kind == "runs") return {"4f0c12ab", "77aa0011"};
      if (question.kind == "pipelines") return {"finance/settlement"};
      if (question.kind == "datasets") return {"finance/settlement/netted"};
      if (question.kind == "contracts") return {"finance/trades"};
      if (question.kind == "keys") return {"jobs/leader"};
      return {question.kind + "-1"};
    };
  }
};

std::vector<std::string> words(const std::vector<std::string>& typed, Node& node) {
  const CommandTree tree;
  std::vector<std::string> found;
  for (const Candidate& one : candidates(tree, typed, node.source())) found.push_back(one.word);
  return found;
}
std::vector<std::string> words(const std::vector<std::string>& typed) {
  Node node;
  return words(typed, node);
}
using List = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(completion)

BOOST_AUTO_TEST_CASE(the_first_word_is_a_verb_and_all_verbs_are_offered) {
  const CommandTree tree;
  const auto offered = words({""});
  for (const CLI::App* verb : tree.app->get_subcommands({}))
    BOOST_TEST((std::ranges::find(offered, verb->get_name()) != offered.end()), verb->get_name());
  BOOST_TEST((words({"des"}) == List{"describe"}));
  BOOST_TEST((words({"co"}) == List{"compile", "completion", "contract"}));
  BOOST_TEST(words({"nothing"}).empty());
  BOOST_TEST((std::ranges::find(offered, complete_verb) == offered.end()));
}

BOOST_AUTO_TEST_CASE(every_option_of_every_verb_is_offered_with_its_text) {
  const CommandTree tree;
  for (const CLI::App* verb : tree.app->get_subcommands({})) {
    const auto offered = words({verb->get_name(), "-"});
    for (const CLI::Option* option : verb->get_options())
      for (const std::string& name : option->get_lnames())
        BOOST_TEST((std::ranges::find(offered, "--" + name) != offered.end()),
                   verb->get_name() + " --" + name);
    BOOST_TEST((std::ranges::find(offered, "--herd") != offered.end()), verb->get_name());
  }
  Node node;
  const auto found = candidates(tree, {"run", "--fol"}, node.source());
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].word == "--follow");
  BOOST_TEST(!found[0].about.empty());
}

BOOST_AUTO_TEST_CASE(values_of_options_are_offered_beside_and_behind_the_sign) {
  BOOST_TEST((words({"get", "runs", "-o", ""}) == List{"json", "name", "table", "yaml"}));
  BOOST_TEST((words({"get", "--output", "j"}) == List{"json"}));
  BOOST_TEST((words({"get", "--output=y"}) == List{"--output=yaml"}));
  BOOST_TEST((words({"compile", "-o", "m"}) == List{"mermaid"}));
  BOOST_TEST((words({"wait", "--for", ""}) == List{"done", "succeeded"}));
  BOOST_TEST((words({"completion", ""}) == List{"bash", "fish", "zsh"}));
  BOOST_TEST(words({"run", "--date", ""}).empty());
  BOOST_TEST(words({"run", "--follow=", ""}).size() > 0u);  // a flag takes no value
}

BOOST_AUTO_TEST_CASE(an_option_that_was_given_is_not_offered_again_unless_it_repeats) {
  const auto offered = words({"run", "--follow", "-p", "a=1", "--"});
  BOOST_TEST((std::ranges::find(offered, "--follow") == offered.end()));
  BOOST_TEST((std::ranges::find(offered, "--param") != offered.end()));
}

BOOST_AUTO_TEST_CASE(kinds_are_plural_for_get_and_singular_for_describe) {
  BOOST_TEST((words({"get", "p"}) == List{"pipelines"}));
  BOOST_TEST((words({"describe", "p"}) == List{"pipeline"}));
  BOOST_TEST((words({"-o", "json", "get", "n"}).empty()));  // -o stands behind its verb
}

BOOST_AUTO_TEST_CASE(names_come_from_the_node_that_the_line_names) {
  Node node;
  BOOST_TEST(
      (words({"--socket", "/run/x.sock", "describe", "run", "4"}, node) == List{"4f0c12ab"}));
  BOOST_TEST(node.asked.at(0).kind == "runs");
  BOOST_TEST(node.asked.at(0).socket == "/run/x.sock");
  BOOST_TEST((words({"get", "volumes", "--herd=finance", ""}, node) == List{"volumes-1"}));
  BOOST_TEST(node.asked.at(1).herd == "finance");
  BOOST_TEST((words({"get", "--herd", ""}, node) == List{"herds-1"}));
  BOOST_TEST((words({"logs", "4f0c12", "n"}, node) == List{"netted"}));
  BOOST_TEST(node.asked.at(3).run == "4f0c12");
  BOOST_TEST((words({"explain", "4f0c12", ""}, node) == List{"netted", "trades"}));
  BOOST_TEST((words({"lineage", "fin"}, node) == List{"finance/settlement/netted"}));
  BOOST_TEST(words({"describe", "nonsense", ""}, node).empty());
  BOOST_TEST(words({"cancel", "4f0c12", ""}, node).empty());
}

BOOST_AUTO_TEST_CASE(contracts_are_offered_by_name_where_one_is_meant) {
  BOOST_TEST(
      (words({"contract", ""}) == List{"apply", "diff", "get", "history", "restore", "test"}));
  for (const char* verb : {"get", "diff", "history", "restore"}) {
    Node node;
    BOOST_TEST((words({"contract", verb, "fin"}, node) == List{"finance/trades"}), verb);
    BOOST_TEST(node.asked.at(0).kind == "contracts", verb);
  }
  BOOST_TEST((words({"contract", "apply", "--name", ""}) == List{"finance/trades"}));
  BOOST_TEST((words({"contract", "apply", "-f", ""}) == List{":files"}));
  BOOST_TEST((words({"contract", "test", "fin"}) == List{":files", "finance/trades"}));
  BOOST_TEST((words({"contract", "test", "finance/trades", ""}) == List{":files"}));
  BOOST_TEST((words({"contract", "restore", "--ac"}) == List{"--accept-breaking"}));
}

BOOST_AUTO_TEST_CASE(keys_are_offered_that_begin_as_is_typed) {
  BOOST_TEST((words({"kv", ""}) ==
              List{"append", "cas", "delete", "get", "list", "put", "session", "txn", "watch"}));
  for (const char* verb : {"get", "list", "put", "append", "delete", "cas", "watch"}) {
    Node node;
    BOOST_TEST((words({"kv", verb, "--herd", "shop", "jo"}, node) == List{"jobs/leader"}), verb);
    BOOST_TEST(node.asked.at(0).kind == "keys", verb);
    BOOST_TEST(node.asked.at(0).begins == "jo", verb);
    BOOST_TEST(node.asked.at(0).herd == "shop", verb);
  }
  BOOST_TEST((words({"kv", "watch", "--key", ""}) == List{"jobs/leader"}));
  BOOST_TEST(words({"kv", "put", "jobs/leader", ""}).empty());
  BOOST_TEST((words({"kv", "txn", "-f", ""}) == List{":files"}));
}

BOOST_AUTO_TEST_CASE(no_node_is_asked_where_no_name_can_stand) {
  Node node;
  words({""}, node);
  words({"get", ""}, node);
  words({"run", "--"}, node);
  words({"compile", ""}, node);
  words({"apply", "-f", ""}, node);
  BOOST_TEST(node.asked.empty());
}

BOOST_AUTO_TEST_CASE(folders_and_files_are_left_to_the_shell) {
  BOOST_TEST((words({"compile", "se"}) == List{":folders"}));
  BOOST_TEST((words({"apply", "-f", "se"}) == List{":files"}));
  BOOST_TEST((words({"run", "fin"}) == List{":folders", "finance/settlement"}));
  BOOST_TEST((words({"run", "./"}) == List{":folders"}));
}

BOOST_AUTO_TEST_CASE(tests_are_those_of_the_folder_and_no_node_is_asked) {
  Node node;
  const std::string folder = std::string(RUNINK_SOURCE_DIR) + "/examples/settlement";
  const std::vector<std::string> both = {"masking", "netting"};
  BOOST_TEST(words({"test", folder, "-t", ""}, node) == both, boost::test_tools::per_element());
  const std::vector<std::string> one = {"netting"};
  BOOST_TEST(words({"test", folder, "--test", "n"}, node) == one, boost::test_tools::per_element());
  BOOST_TEST(node.asked.empty());
}

BOOST_AUTO_TEST_CASE(help_offers_topics_and_verbs) {
  const auto offered = words({"help", ""});
  for (const Topic& topic : all_topics())
    BOOST_TEST((std::ranges::find(offered, topic.name) != offered.end()));
  BOOST_TEST((std::ranges::find(offered, "describe") != offered.end()));
  BOOST_TEST((std::ranges::count(offered, "lineage") == 1));
}

BOOST_AUTO_TEST_CASE(nonsense_on_the_line_offers_nothing_and_does_no_harm) {
  BOOST_TEST(words({"--what", "is", "this", ""}).empty());
  BOOST_TEST(words({"get", "--", "-"}).empty());
  BOOST_TEST(words({"get", "runs", "x", "y", "z"}).empty());
  words({});
  BOOST_TEST(words({"run", "=", "--=", ""}).size() < 50u);
}

BOOST_AUTO_TEST_CASE(each_shell_has_a_script_that_asks_back) {
  for (const char* shell : {"bash", "zsh", "fish"})
    BOOST_TEST(completion_script(shell).find(complete_verb) != std::string_view::npos, shell);
  BOOST_TEST(completion_script("sh").empty());
}

BOOST_AUTO_TEST_CASE(members_are_offered_where_one_is_meant_and_not_for_one_that_is_new) {
  BOOST_TEST((words({"cluster", ""}) == List{"add", "promote", "remove", "status", "transfer"}));
  BOOST_TEST((words({"cluster", "remove", ""}) == List{"nodes-1"}));
  BOOST_TEST((words({"cluster", "transfer", "--to", ""}) == List{"nodes-1"}));
  BOOST_TEST(words({"cluster", "add", ""}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
