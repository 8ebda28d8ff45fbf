// Compares every step of a script: the messages as multisets, what each node wrote and told, what
// was drawn (levels L1 and L2).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/script_group.hpp"

namespace runink::conformance {

class StepComparison {
 public:
  /// `met` counts a wanted difference, `failed` takes any other.
  StepComparison(const ScriptGroup& group, std::function<void(Difference)> met,
                 std::function<void(std::string)> failed)
      : group_(group), met_(std::move(met)), failed_(std::move(failed)) {}

  void compare(const Directive& directive, const StepFacts& expected, const StepFacts& ours);
  /// After the last step: what came later here must have come.
  void end();

 private:
  using Pair = std::pair<std::uint64_t, std::uint64_t>;  // from, to
  using Count = std::map<Spoken, unsigned>;

  void compare_messages(const StepFacts& expected, const StepFacts& ours);
  void compare_arrivals(const char* what, const std::vector<Spoken>& expected,
                        const std::vector<Spoken>& ours, bool heard);
  bool excuse_unsent(const Spoken& message);
  bool excuse_sent(const Spoken& message);
  bool is_news(const Spoken& message) const;
  bool rides_along(const Spoken& message) const;
  void compare_nodes(const StepFacts& expected, const StepFacts& ours);
  void compare_node(const ScriptNode& node, const NodeFacts& said, const NodeFacts& did);
  void compare_with_late(const std::string& what, std::uint64_t node, std::vector<std::string> said,
                         std::vector<std::string> did, std::vector<std::string>& late);
  void compare_lines(const std::string& what, const std::vector<std::string>& said,
                     const std::vector<std::string>& did);
  void compare_drawing(const StepFacts& expected, const StepFacts& ours);
  void forget();
  /// Does this node still wait for the news of a commit?
  bool waits_for_news(std::uint64_t node) const;
  void fail(const std::string& what) { failed_(where_ + ": " + what); }

  const ScriptGroup& group_;
  std::function<void(Difference)> met_;
  std::function<void(std::string)> failed_;
  std::string where_;

  // Difference::news_of_a_commit_ride_along, kept like accounts.
  std::map<Pair, std::uint64_t> commit_told_;               // by the script's messages
  std::map<Pair, std::multiset<std::uint64_t>> news_owed_;  // commits told there, not here
  std::map<Pair, unsigned>
      answers_there_;                      // such news were heard there: one answer each is excused
  std::map<Pair, unsigned> answers_here_;  // such news came later here: one answer each
  std::map<std::uint64_t, std::vector<std::string>> late_hard_;  // by node: written there, not here
  std::map<std::uint64_t, std::vector<std::string>> late_applied_;  // applied there, not here
  Count only_there_;  // excused when sent: excused when they arrive
  Count only_here_;
};

}  // namespace runink::conformance
