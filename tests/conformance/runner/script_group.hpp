// The nodes of a script and the network between them, moved by its commands.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/script_node.hpp"

namespace runink::conformance {

class ScriptGroup {
 public:
  /// `mutant`: of every core. `met` counts a wanted difference, `broken` takes an invariant that
  /// does not hold.
  ScriptGroup(raft::Mutant mutant, std::function<void(Difference)> met,
              std::function<void(std::string)> broken)
      : mutant_(mutant), met_(std::move(met)), broken_(std::move(broken)) {}

  /// Carries out one command and tells what happened. `bad_input`: there is no such command, or not
  /// with these arguments.
  Result<StepFacts> perform(const Directive& directive);

  const std::vector<std::unique_ptr<ScriptNode>>& nodes() const { return nodes_; }
  /// Nothing is on its way, and nobody has anything to do.
  bool is_quiet() const;

 private:
  using Arguments = const Command&;
  using Outcome = Result<void>;
  struct WaitingChange {
    NodeId at;
    raft::ChangeMembers change;
  };

  // One for each command.
  Outcome add_nodes(Arguments command);
  Outcome campaign(Arguments command);
  Outcome compact(Arguments command);
  Outcome deliver_msgs(Arguments command);
  Outcome forget_leader(Arguments command);
  Outcome process_append_thread(Arguments command);
  Outcome process_apply_thread(Arguments command);
  Outcome process_ready(Arguments command);
  Outcome propose(Arguments command);
  Outcome raft_log(Arguments command);
  Outcome raft_state(Arguments command);
  Outcome report_unreachable(Arguments command);
  Outcome send_snapshot(Arguments command);
  Outcome set_election_timeout(Arguments command);
  Outcome stabilize(Arguments command);
  Outcome status(Arguments command);
  Outcome tick_election(Arguments command);
  Outcome tick_heartbeat(Arguments command);
  Outcome transfer_leadership(Arguments command);
  Outcome propose_change(Arguments command, const std::vector<std::string>& input);

  Result<ScriptNode*> node(NodeId id);
  Result<ScriptNode*> node_in(const std::string& word);
  /// The nodes of all words; there must be at least `least` and, unless 0, at most `most`.
  Result<std::vector<ScriptNode*>> nodes_in(Arguments command, std::size_t least, std::size_t most);
  Outcome tick_node(Arguments command, unsigned ticks);

  void propose_at(ScriptNode& node, std::string payload);
  void deliver(ScriptNode& to, const Delivery& one);
  /// How many were taken from the network.
  Result<std::size_t> deliver_all(NodeId to, const std::string& type, bool drop);
  void settle(ScriptNode& node);
  void ask_for_change(WaitingChange& waiting, bool& over);
  bool work_once(const std::vector<ScriptNode*>& nodes);
  void draw_log(const ScriptNode& node);

  raft::Mutant mutant_;
  std::function<void(Difference)> met_;
  std::function<void(std::string)> broken_;
  std::vector<std::unique_ptr<ScriptNode>> nodes_;
  std::deque<Delivery> network_;
  StepFacts facts_;
  std::deque<WaitingChange> changes_;
  bool script_holds_joint_ = false;
};

/// What a leader knows of each member, line by line: "2: StateReplicate match=11 next=12". Nothing
/// of a node that does not lead.
std::vector<std::string> drawn_status(const ScriptNode& node);

}  // namespace runink::conformance
