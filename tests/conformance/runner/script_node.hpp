// One node of a script: a real core, and around it what the script moves by hand (its disk, its
// state machine, its clock, and the messages that wait to leave).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/core.hpp"
#include "runner/differences.hpp"
#include "runner/expected.hpp"
#include "runner/spoken.hpp"

namespace runink::conformance {

/// One tick of the scripts; elections after three of them, heartbeats after one.
inline constexpr Duration tick = milliseconds(100);
inline constexpr unsigned election_ticks = 3;

/// Of `add-nodes`.
struct NodeSettings {
  std::set<NodeId> voters;
  std::set<NodeId> learners;
  std::uint64_t index = 0;  ///< the log is founded, committed and applied up to here
  std::uint64_t in_flight = 1u << 30;
  bool append_thread = false;  ///< the script says when the disk and the state machine work
  bool asks_pre_votes = false;
  bool checks_quorum = false;
  bool reads_by_lease = false;
  raft::Mutant mutant = raft::Mutant::none;
};

/// A client's payload on its way to the leader that it was sent to.
struct Redirected {
  std::string payload;
};

/// What lies in a node's inbox: from another, or from its own disk and state machine.
struct Delivery {
  NodeId to;
  std::optional<Spoken> spoken;  ///< nothing when it comes from within the node
  std::variant<raft::Envelope, raft::LogPersisted, raft::Applied, Redirected> what;
};

/// Where a script's node puts what concerns others.
struct Surroundings {
  std::deque<Delivery>& network;
  StepFacts& facts;
  std::function<void(Difference)> met;
  std::function<void(std::string)> broken;  ///< an invariant, as a sentence
};

class ScriptNode {
 public:
  ScriptNode(NodeId id, NodeSettings settings, Surroundings surroundings);

  NodeId id() const { return core_.config().self; }
  const raft::Core& core() const { return core_; }
  const NodeSettings& settings() const { return settings_; }
  /// What was last written.
  const HardFacts& told_hard() const { return told_hard_; }
  /// "leader at term 1".
  std::string role_and_term() const;
  /// The entries on its disk, from index 1.
  const std::vector<raft::Entry>& disk() const { return disk_; }
  /// Where the log begins, as far as the script knows.
  std::uint64_t first_index() const { return first_index_; }
  void hide_before(std::uint64_t first) { first_index_ = first; }

  /// A client's payload leaves for the leader with what else is to be sent.
  void redirect(std::string payload);
  /// One input, with every invariant checked; its messages and writes wait for `process_ready`.
  raft::Effects step(raft::Input input);
  void tick_once();

  /// Is there anything to write, to send, to apply or to tell?
  bool has_ready() const;
  void process_ready();
  /// False when the append thread has nothing to do.
  bool process_append_thread();
  bool process_apply_thread();

 private:
  struct Ready {
    std::vector<raft::Persist> writes;
    std::vector<Delivery> messages;
    std::vector<raft::Entry> apply;
  };
  struct AppendWork {
    std::vector<raft::Persist> writes;
    std::vector<Delivery> answers;  // that wait for them
  };
  /// What of the input decides how an answer to it is called there.
  struct Cause {
    NodeId from;
    bool older_term = false;
    bool asks_for_vote = false;
    bool in_lease = false;
  };

  Cause cause_of(const raft::Input& input) const;
  bool hears_a_leader() const;
  void take_message(const raft::Envelope& envelope, const Cause& cause);
  HardFacts hard() const;
  std::string soft() const;
  void tell();
  /// What the disk says when these writes are done; nothing when there are none.
  std::optional<raft::LogPersisted> write(const std::vector<raft::Persist>& writes);
  void tell_role();
  /// Hands these to the state machine.
  void apply(const std::vector<raft::Entry>& entries);

  NodeSettings settings_;
  Surroundings around_;
  raft::Core core_;
  std::vector<raft::Entry> disk_;
  std::uint64_t first_index_;
  Instant now_;
  bool ticked_ = false;
  Ready ready_;
  std::deque<AppendWork> append_work_;
  std::deque<LogIndex> apply_work_;
  std::string told_role_;
  HardFacts told_hard_;
  std::string told_soft_;
};

/// "StateLeader".
std::string state_name(raft::Role role);

}  // namespace runink::conformance
