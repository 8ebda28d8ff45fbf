#include "tools/runi/completion.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "tools/runi/members.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/texts.hpp"
#include "tools/runi/topics.hpp"
#include "tools/runi/typed_line.hpp"

namespace runink::runi {
namespace {

constexpr std::int64_t patience_ms = 700;
/// Whatever happens, nobody waits longer at the prompt.
constexpr unsigned end_after_s = 2;
constexpr std::int64_t names_at_most = 100;

/// "TEXT:{table,json}" names its values; others have none.
std::vector<std::string> listed_values(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  std::vector<std::string> values;
  std::string value;
  for (const char c : type.substr(open + 1, close - open - 1) + ",") {
    if (c != ',') {
      value += c;
      continue;
    }
    values.push_back(value);
    value.clear();
  }
  return values;
}

class Completer {
 public:
  Completer(const CommandTree& tree, const std::vector<std::string>& words, const NameSource& names)
      : tree_(tree),
        line_(tree, words.empty() ? words : std::vector(words.begin(), words.end() - 1)),
        word_(words.empty() ? "" : words.back()),
        names_(names) {}

  std::vector<Candidate> all() {
    const auto sign = word_.starts_with("--") ? word_.find('=') : std::string::npos;
    if (line_.awaits() != nullptr) {
      values_of(*line_.awaits(), word_, "");
    } else if (!line_.only_arguments() && sign != std::string::npos) {
      const CLI::Option* option = line_.option(word_.substr(0, sign));
      if (option != nullptr && takes_value(*option))
        values_of(*option, word_.substr(sign + 1), word_.substr(0, sign + 1));
    } else if (!line_.only_arguments() && word_.starts_with('-')) {
      options();
    } else if (line_.given().empty() && !line_.app().get_subcommands({}).empty()) {
      for (const CLI::App* verb : line_.app().get_subcommands({}))
        add(verb->get_name(), verb->get_description());
    } else if (const CLI::Option* argument = line_.next_argument()) {
      values_of(*argument, word_, "");
    }
    std::ranges::sort(found_, {}, &Candidate::word);
    const auto repeats = std::ranges::unique(found_, {}, &Candidate::word);
    found_.erase(repeats.begin(), repeats.end());
    return std::move(found_);
  }

 private:
  void add(const std::string& word, const std::string& about) {
    if (word.starts_with(word_)) found_.push_back({word, about});
  }
  void add_path(const char* what) { found_.push_back({what, ""}); }

  void options() {
    for (const CLI::App* app = &line_.app(); app != nullptr; app = app->get_parent())
      for (const CLI::Option* one : app->get_options()) {
        if (line_.used(*one) && one->get_expected_max() <= 1) continue;
        for (const std::string& name : one->get_lnames()) add("--" + name, one->get_description());
        for (const std::string& name : one->get_snames()) add("-" + name, one->get_description());
      }
  }

  /// `typed` is what there is of the value; `before` stands before it in the same word.
  void values_of(const CLI::Option& option, const std::string& typed, const std::string& before) {
    for (const std::string& value : listed_values(option)) add(before + value, "");
    const std::string type = option.get_type_name();
    if (type == "FOLDER") add_path(":folders");
    if (type == "FILE" || type == "[CONTRACT] FILE") add_path(":files");
    if (type == "PIPELINE" && before.empty() && line_.awaits() == nullptr) add_path(":folders");
    if (type == "TEST" && !line_.given().empty()) tests(line_.given().front(), before);
    if (type == "KIND") kinds();
    if (type == "TOPIC") topics();
    if (type == "RUN") live("runs", before);
    if (type == "PIPELINE" && typed.find('.') != 0) live("pipelines", before);
    if (type == "HERD") live("herds", before);
    if (type == "MEMBER") live("nodes", before);
    if (type == "DATASET") live("datasets", before);
    if (type == "CONTRACT" || (type == "[CONTRACT] FILE" && line_.given().empty()))
      live("contracts", before);
    if (type == "KEY") live("keys", before, {}, typed);
    if (type == "NAME" && !line_.given().empty())
      if (const auto kind = kind_of(line_.given().front())) live(*kind, before);
    if (type == "STEP" && !line_.given().empty()) live("runs", before, line_.given().front());
  }
  /// Names of the tests in a folder, which lies here and needs no node.
  void tests(const std::string& folder, const std::string& before) {
    std::error_code error;
    for (std::filesystem::directory_iterator one(folder + "/tests", error), end;
         !error && one != end; one.increment(error))
      if (one->path().extension() == ".toml") add(before + one->path().stem().string(), "");
  }
  void kinds() {
    const bool one = line_.app().get_name() == "describe";
    for (const std::string_view kind : all_kinds())
      add(std::string(one ? kind.substr(0, kind.size() - 1) : kind), "");
  }
  void topics() {
    if (!line_.given().empty()) return;
    for (const Topic& topic : all_topics())
      add(std::string(topic.name), std::string(topic.summary));
    for (const CLI::App* verb : tree_.app->get_subcommands({}))
      if (find_topic(verb->get_name()) == nullptr) add(verb->get_name(), verb->get_description());
  }
  void live(const std::string& kind, const std::string& before, const std::string& run = {},
            const std::string& begins = {}) {
    for (const std::string& name :
         names_({kind, run, line_.value("socket"), line_.value("herd"), begins}))
      add(before + name, "");
  }

  const CommandTree& tree_;
  TypedLine line_;
  std::string word_;
  const NameSource& names_;
  std::vector<Candidate> found_;
};

boost::json::object request_for(const NameQuestion& question) {
  boost::json::object request;
  if (!question.herd.empty()) request["herd"] = question.herd;
  if (!question.run.empty()) {
    request["verb"] = "describe";
    request["kind"] = "run";
    request["name"] = question.run;
  } else if (question.kind == "contracts") {
    request["verb"] = "contract.get";
  } else if (question.kind == "keys") {
    request["verb"] = "kv.list";
    if (!question.begins.empty()) request["prefix"] = question.begins;
    request["limit"] = names_at_most;
  } else {
    request["verb"] = "get";
    request["kind"] = question.kind;
    request["limit"] = names_at_most;
  }
  return request;
}

std::vector<std::string> ask_node(const NameQuestion& question) {
  auto socket = find_socket(question.socket);
  if (!socket) return {};
  auto client = AdminClient::connect(*socket);
  if (!client) return {};
  AdminClient::Waiting waiting;
  waiting.silence_ms = patience_ms;
  const auto result = client->ask(request_for(question), waiting);
  if (!result) return {};
  std::vector<std::string> names;
  if (!question.run.empty()) {
    for (const auto& stage : array_at(object_at(as_object(*result), "item"), "stages"))
      names.push_back(text_at(as_object(stage), "name"));
    return names;
  }
  if (question.kind == "keys") {
    for (const auto& one : array_at(as_object(*result), "keys"))
      names.push_back(text_at(as_object(one), "key"));
    return names;
  }
  const bool contracts = question.kind == "contracts";
  for (const auto& one : array_at(as_object(*result), contracts ? "contracts" : "items")) {
    const auto& item = as_object(one);
    const std::string name = text_at(item, question.kind == "runs" ? "id" : "name");
    if (question.kind == "pipelines" || contracts)
      names.push_back(text_at(item, "herd") + "/" + name);
    else if (question.kind == "datasets")
      names.push_back(text_at(item, "herd") + "/" + text_at(item, "pipeline") + "/" + name);
    else
      names.push_back(name);
  }
  return names;
}

}  // namespace

std::vector<Candidate> candidates(const CommandTree& tree, const std::vector<std::string>& words,
                                  const NameSource& names) {
  return Completer(tree, words, names).all();
}

int do_complete(const std::vector<std::string>& words) {
  ::alarm(end_after_s);
  const CommandTree tree;
  for (const Candidate& one : candidates(tree, words, ask_node))
    write_out(printable(one.word) + (one.about.empty() ? "" : "\t" + printable(one.about)) + "\n");
  return exit_ok;
}

}  // namespace runink::runi
