// The state machine of one node: a hash over all entries, and with clients the real state of state/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "raft/types.hpp"
#include "state/state.hpp"

namespace runink::raft::simulation {

/// Of an entry behind what `before` stands for.
std::uint64_t chain(std::uint64_t before, const Entry& entry);

/// A value: a copy is a snapshot.
class Machine {
 public:
  /// `real`: commands are those of state/, and one herd is there from the beginning.
  explicit Machine(bool real = false);

  LogIndex applied() const { return applied_; }
  /// Over every entry, in order.
  std::uint64_t entries_hash() const { return entries_hash_; }
  /// Over all that it holds.
  std::uint64_t state_hash() const;
  const state::ClusterState& cluster() const { return cluster_; }

  /// The next entry. The outcome of a command, when it is the real one.
  std::optional<state::Outcome> apply(const Entry& entry);
  /// Something in it is not as it should be, and nobody notices.
  void damage() { damage_ ^= 1; }
  /// Mutant: what was answered is not part of a snapshot.
  void forget_answers();

 private:
  bool real_;
  LogIndex applied_;
  std::uint64_t entries_hash_ = 0;
  std::uint64_t damage_ = 0;
  state::ClusterState cluster_;
};

/// The herd whose keys and values simulated clients change.
inline const HerdName simulated_herd{"simulated"};

}  // namespace runink::raft::simulation
