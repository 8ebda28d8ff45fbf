// Completion on the command line. The shells' scripts are thin: each asks `runi __complete WORDS...`,
// which walks the same tree of verbs that parses the words, so that nothing has to be kept in step.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/runi/command_line.hpp"

namespace runink::runi {

/// The verb behind the shells' scripts; it is not in the help.
inline constexpr std::string_view complete_verb = "__complete";

/// One word that may stand there, and what it is. The words ":folders" and ":files" stand for the
/// shell's own completion of paths.
struct Candidate {
  std::string word;
  std::string about;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// Which names of the node are asked for: those of a kind of `get` ("runs"), those of "contracts", the
/// "keys" that begin with `begins`, or, when `run` is given, the steps of that run; `socket` and `herd`
/// as given on the line, else empty.
struct NameQuestion {
  std::string kind;
  std::string run;
  std::string socket;
  std::string herd;
  std::string begins = {};
};
/// Answers with names; with none when there is no node, or it is slow.
using NameSource = std::function<std::vector<std::string>(const NameQuestion&)>;

/// What may stand in the place of the last of `words` (the words behind `runi`; the last one is as far
/// as it is typed, maybe empty). Only words that begin with it, sorted, each once.
std::vector<Candidate> candidates(const CommandTree& tree, const std::vector<std::string>& words,
                                  const NameSource& names);

/// Prints the candidates, a line each: the word, a tab, what it is. Ends within two seconds, with or
/// without a node.
int do_complete(const std::vector<std::string>& words);

/// The script that a shell ("bash", "zsh" or "fish") is to read; empty for another.
std::string_view completion_script(std::string_view shell);

}  // namespace runink::runi
