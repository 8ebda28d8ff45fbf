// The words of `runi`: every verb with its options, its examples and what it does. Parsing, help and
// completion read this one tree.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/runi/verbs.hpp"
#include "tools/runi/verbs_pki.hpp"

namespace CLI {
class App;
}

namespace runink::runi {

/// What the options are read into.
struct Arguments {
  Common common;
  std::string form = "table";
  std::string drawing = "text";
  std::string timeout;
  RunOptions run;
  LogsOptions logs;
  TestOptions test;
  ContractOptions contract;
  KvOptions kv;
  ClusterOptions cluster;
  PkiOptions pki;
  std::vector<std::string> parameters;
  std::vector<std::string> paths;
  std::string kind, name, step, pipeline, what = "done";
  std::vector<std::string> about;
  bool only_example = false;
  std::string shell;
  std::int64_t limit = 0;
};

/// Does what a verb says, and returns the exit code.
using Verb = std::function<int(Arguments&)>;

/// The types of options and arguments in the help, by which completion knows what may stand there
/// (completion.cpp): FOLDER, FILE, RUN, PIPELINE, HERD, KIND, NAME, STEP, DATASET, TOPIC, KEY, MEMBER.
struct CommandTree {
  CommandTree();
  ~CommandTree();
  CommandTree(const CommandTree&) = delete;  // the options point into `arguments`
  CommandTree& operator=(const CommandTree&) = delete;

  /// The verb that was parsed, the innermost one; the program itself when there is none.
  CLI::App& chosen() const;
  /// The verb of these words ("contract", "diff"), or null.
  const CLI::App* find(const std::vector<std::string>& words) const;

  std::unique_ptr<CLI::App> app;
  Arguments arguments;
  std::map<const CLI::App*, Verb> verbs;
};

/// Reads the arguments, does what they say, returns the exit code.
int run_command_line(int count, char** arguments);

}  // namespace runink::runi
