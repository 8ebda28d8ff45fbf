// Compares only where a script ends: for scripts whose way there is wanted to differ (level L1 at
// the end).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/script_group.hpp"

namespace runink::conformance {

class EndComparison {
 public:
  EndComparison(const ScriptGroup& group, std::function<void(Difference)> met,
                std::function<void(std::string)> failed)
      : group_(group), met_(std::move(met)), failed_(std::move(failed)) {}

  /// What a step says holds until a later one, or one that is kept quiet, says otherwise.
  void take(const Directive& directive, const StepFacts& expected, const StepFacts& ours);
  /// After the last step.
  void compare();

 private:
  /// Of one line of raft-state.
  struct State {
    std::string role;
    bool votes = false;
    std::uint64_t term = 0;
    std::uint64_t leader = 0;
  };
  struct Known {
    std::optional<State> state;
    std::optional<std::string> became;
    std::optional<HardFacts> hard;
    std::optional<std::string> configuration;
  };

  void take_state(const std::string& line);
  void take_nodes(const StepFacts& expected);
  void compare_membership(const ScriptNode& node, const Known& known);
  void compare_office(const ScriptNode& node, const Known& known);
  void compare_commit(const ScriptNode& node, const Known& known);
  void compare_commands();
  void compare_status();
  bool leader_was_removed() const;
  void compare_succession();
  void fail(const std::string& what) { failed_(where_ + ": at the end " + what); }

  const ScriptGroup& group_;
  std::function<void(Difference)> met_;
  std::function<void(std::string)> failed_;
  std::string where_;
  std::map<std::uint64_t, Known> known_;
  std::map<std::uint64_t, std::string> committed_;  // by index, what the script says
  std::uint64_t highest_entry_ = 0;                 // that the script speaks of
  bool same_entries_ = true;                        // each change makes one entry there and here
  std::optional<std::uint64_t> status_of_;
  std::vector<std::string> status_;
};

}  // namespace runink::conformance
