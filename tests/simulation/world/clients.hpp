// Clients of the table of keys and values, one operation each at a time, repeated until it is answered.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker/history.hpp"
#include "coverage.hpp"
#include "global_checker.hpp"
#include "properties.hpp"
#include "state/state.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::raft::simulation {

/// What clients need of the world.
class ClientWorld {
 public:
  virtual ~ClientWorld() = default;
  virtual Instant now() const = 0;
  virtual Randomness& random() = 0;
  virtual void after(Duration wait, std::function<void()> what) = 0;
  /// One that is up and awake, or null.
  virtual SimulatedNode* reachable(NodeId id) = 0;
  /// Any node, sooner the leader.
  virtual NodeId somebody() = 0;
  /// Does a message between a client and a node get lost?
  virtual bool loses() = 0;
};

class Clients {
 public:
  Clients(unsigned count, ClientWorld& world, GlobalChecker& checker, Coverage& coverage,
          Judged& judged);

  void start();
  /// No new operations; those that are open are repeated until they are answered.
  void finish();
  bool all_answered() const;
  /// True when it was a client's.
  bool proposal_done(NodeId node, const ProposalOutcome& outcome);
  bool read_done(NodeId node, const ReadOutcome& outcome);
  void applied(NodeId node, const Entry& entry, const std::optional<state::Outcome>& outcome);
  void crashed(NodeId node);
  /// Were they told the truth? `final`: the state that all nodes have at the end.
  void judge(const state::ClusterState& final);

 private:
  enum class Kind : std::uint8_t { write, read, stale_read };
  struct Open {
    Kind kind = Kind::read;
    linearizability::Operation operation;
    state::KvTransaction transaction;
    std::uint64_t attempt = 0;
    Instant give_up_at;
  };
  struct Client {
    std::uint64_t process = 0;
    std::optional<Open> open;
    LogIndex seen;  // of stale reads: they never go back behind it
    std::map<std::string, linearizability::Value> last;
  };
  /// What was asked of a node: whose, and which attempt.
  struct Asked {
    std::size_t client = 0;
    std::uint64_t attempt = 0;
    NodeId node;
  };
  struct Promised {
    Term term;
    Asked by;
  };

  void next_operation(std::size_t who);
  Open draw(Client& client);
  void attempt(std::size_t who);
  void ask(std::size_t who, std::uint64_t attempt, NodeId node);
  void repeat_later(const Asked& asked, Duration wait);
  void answer(const Asked& asked, const state::Outcome& outcome);
  void answer_read(const Asked& asked, NodeId node);
  void stale_read_done(Client& client, const SimulatedNode& node, LogIndex index);
  void done(std::size_t who);
  bool is_open(const Asked& asked) const;
  void count_tokens(const state::ClusterState& final);
  void judge_one(Property property) { ++judged_[static_cast<std::size_t>(property)]; }

  ClientWorld& world_;
  GlobalChecker& checker_;
  Coverage& coverage_;
  Judged& judged_;
  std::vector<Client> clients_;
  std::map<std::uint64_t, Asked> proposals_;  // by tag
  std::map<std::uint64_t, Asked> reads_;
  std::map<std::pair<NodeId, LogIndex>, Promised> promised_;
  linearizability::History history_;
  std::uint64_t tags_ = std::uint64_t{1} << 40;  // apart from those of others
  std::uint64_t attempts_ = 0;
  std::uint64_t processes_ = 0;
  std::uint64_t written_ = 0;
  std::int64_t moment_ = 0;
  bool finishing_ = false;
};

}  // namespace runink::raft::simulation
