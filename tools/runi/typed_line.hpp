// Words of a command line, walked along the tree of verbs without doing anything: half a line is fine.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/runi/command_line.hpp"

namespace CLI {
class Option;
}

namespace runink::runi {

class TypedLine {
 public:
  /// `words` are those behind `runi`. The tree must outlive this.
  TypedLine(const CommandTree& tree, const std::vector<std::string>& words);

  /// The verb that the words lead to; the program itself before the first one.
  const CLI::App& app() const { return *at_; }
  /// The option that the last word named and that waits for its value, or null.
  const CLI::Option* awaits() const { return awaits_; }
  /// The arguments of the verb so far.
  const std::vector<std::string>& given() const { return given_; }
  /// The word that stands where a verb should, and is none; or empty.
  std::string unknown_verb() const;

  /// The option of this spelling ("--herd", "-o"), of the verb or of what stands above it; or null.
  const CLI::Option* option(const std::string& spelling) const;
  /// The argument that comes next, or null. The last one may take several words.
  const CLI::Option* next_argument() const;
  /// What was given for the option of this name ("herd"); empty when it was not.
  std::string value(const std::string& name) const;
  bool used(const CLI::Option& option) const { return used_.contains(&option); }
  /// True behind "--".
  bool only_arguments() const { return only_arguments_; }

 private:
  void take(const std::string& word);
  void take_option(const std::string& word);

  const CLI::App* at_;
  const CLI::Option* awaits_ = nullptr;
  std::vector<std::string> given_;
  std::map<std::string, std::string> values_;
  std::set<const CLI::Option*> used_;
  bool only_arguments_ = false;
};

/// The verbs within `app`.
std::vector<std::string> verb_names(const CLI::App& app);
/// False for flags.
bool takes_value(const CLI::Option& option);

}  // namespace runink::runi
