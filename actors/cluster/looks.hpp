// Looks at the applied state that wait until they may run. On the state_actor's thread.
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "actors/messages.hpp"
#include "state/cluster_state.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

using ask_looks_atom = caf::atom_constant<caf::atom("ask_looks")>;

/// A look sees every write that was acknowledged before it was asked: with other voters Raft says from
/// when on that is so (AskRead), since a leader may have been replaced and not know it. A node alone has
/// only to be up to date with its own log. What came since the owner was last told `ask_together` is asked as one:
/// Raft's answer to a question that is newer than all of them holds for each.
class Looks {
 public:
  Looks(caf::event_based_actor* owner, bool alone) : owner_(owner), alone_(alone) {}
  void connect(caf::actor raft) { raft_ = std::move(raft); }

  /// `up_to_date`: this node leads, and has applied what it led with.
  caf::response_promise take(const Look& look, const state::ClusterState& applied, bool up_to_date,
                             Instant now);
  /// What waits for longer than anybody waits for a look (limits::state_wait) is `out_of_time`.
  void give_up(Instant now);
  /// Answers the owner's `ask_looks_atom`, which it sends itself, so that it comes behind all looks that wait in the
  /// mailbox.
  void ask_together();
  /// What waited for that may run.
  void up_to_date(const state::ClusterState& applied);
  /// Whoever waits for a leader asks again.
  void leader_known();
  void read_done(const raft::ReadOutcome& outcome, const state::ClusterState& applied,
                 bool leader_known);

 private:
  struct Waiting {
    Look look;
    caf::response_promise promise;
    Instant since;
  };
  void show(Waiting& one, const state::ClusterState& applied);
  void ask(Waiting one);
  void answer(Waiting one, raft::ReadAnswer answer, const state::ClusterState& applied,
              bool leader_known);

  caf::event_based_actor* owner_;
  const bool alone_;
  caf::actor raft_;
  std::deque<Waiting> waiting_;    ///< for a leader
  std::vector<Waiting> together_;  ///< not asked yet
  std::map<raft::ReadTag, std::vector<Waiting>> asked_;
  std::size_t count_ = 0;  ///< of all that wait
  std::uint64_t next_tag_ = 1;
};

}  // namespace runink::actors
