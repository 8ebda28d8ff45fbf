#include "runner/interaction.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <istream>
#include <optional>

#include "runner/end_comparison.hpp"
#include "runner/script_group.hpp"
#include "runner/step_comparison.hpp"

namespace runink::conformance {
namespace {

constexpr std::size_t failures_most = 20;

bool is_compared_at_its_end(const std::vector<Directive>& directives) {
  return std::ranges::any_of(directives, [](const Directive& one) {
    const std::string& name = one.command.name;
    return name == "propose-conf-change" || name == "compact" || name == "send-snapshot";
  });
}

/// The level that a command sets; nothing when there is no such level.
std::optional<std::string> level_in(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 6> levels{"debug", "info",  "warn",
                                                   "error", "fatal", "none"};
  if (std::ranges::find(levels, text) == levels.end()) return std::nullopt;
  return text;
}

class Replay {
 public:
  Replay(FileReport& report, bool only_the_end, raft::Mutant mutant)
      : report_(report),
        only_the_end_(only_the_end),
        group_(
            mutant, [this](Difference one) { ++report_.differences[one]; },
            [this](const std::string& what) { fail(what); }),
        steps_(
            group_, [this](Difference one) { ++report_.differences[one]; },
            [this](const std::string& what) { report_.failures.push_back(what); }),
        end_(
            group_, [this](Difference one) { ++report_.differences[one]; },
            [this](const std::string& what) { report_.failures.push_back(what); }) {}

  /// False when the script cannot go on.
  bool step(const Directive& directive) {
    where_ = directive.where();
    const Command& command = directive.command;
    const bool sets_level = command.name == "log-level";
    const auto named = sets_level ? command.words() : command.values_of("log-level");
    std::string level = level_;
    if (sets_level || !named.empty()) {
      const auto read = named.size() == 1 ? level_in(named.front()) : std::nullopt;
      if (!read) return fail("there is no such log level.");
      level = *read;
      if (sets_level) level_ = level;
      if (sets_level) return true;
    }
    const auto expected = read_expected_facts(directive, level);
    if (!expected) return fail_whole(expected.error().what);
    const auto ours = group_.perform(directive);
    if (!ours) return fail(ours.error().what + ".");
    if (only_the_end_)
      end_.take(directive, *expected, *ours);
    else
      steps_.compare(directive, *expected, *ours);
    return report_.failures.size() < failures_most;
  }

  void end() {
    if (!only_the_end_)
      steps_.end();
    else if (report_.failures.empty())
      end_.compare();
    compare_committed();
  }

 private:
  bool fail(const std::string& what) { return fail_whole(where_ + ": " + what); }
  bool fail_whole(std::string what) {
    report_.failures.push_back(std::move(what));
    return false;
  }

  /// State machine safety, over the whole script: no two nodes commit different entries. And what a core
  /// takes for durable is on its disk.
  void compare_committed() {
    for (const auto& one : group_.nodes()) {
      const raft::Log& log = one->core().log();
      for (LogIndex i = log.first(); i <= log.durable(); i = next(i))
        if (i.value > one->disk().size() || one->disk()[i.value - 1] != log.at(i))
          return void(fail("node " + std::to_string(one->id().value) +
                           " has not on disk what it holds at " + std::to_string(i.value) + "."));
      for (const auto& other : group_.nodes()) {
        const raft::Log& a = one->core().log();
        const raft::Log& b = other->core().log();
        for (LogIndex i = std::max(a.first(), b.first());
             i <= std::min(a.committed(), b.committed()); i = next(i))
          if (a.at(i) != b.at(i))
            return void(fail("two nodes have committed different entries at " +
                             std::to_string(i.value) + "."));
      }
    }
  }

  FileReport& report_;
  bool only_the_end_;
  ScriptGroup group_;
  StepComparison steps_;
  EndComparison end_;
  std::string where_;
  std::string level_ = "debug";
};

}  // namespace

FileReport run_script(std::istream& in, const std::string& file, raft::Mutant mutant) {
  FileReport report{file, {}, {}, {}};
  const auto directives = read_directives(in, file);
  if (!directives) {
    report.failures.push_back(directives.error().what);
    return report;
  }
  const bool only_the_end = is_compared_at_its_end(*directives);
  report.what = std::to_string(directives->size()) + " steps, compared " +
                (only_the_end ? "at the end" : "one by one");
  Replay replay(report, only_the_end, mutant);
  const bool whole =
      std::ranges::all_of(*directives, [&](const Directive& one) { return replay.step(one); });
  if (whole) replay.end();
  return report;
}

}  // namespace runink::conformance
