// A whole group in one thread: real cores and drivers; network, disks, clocks and crashes out of
// one seed. Two phases, as in TigerBeetle's VOPR: rough (nothing false may become true), then calm
// (everything must come to an end).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "raft/raft.hpp"

namespace runink::raft::simulation {

/// What the world does during the rough phase.
struct Conditions {
  unsigned nodes = 3;
  unsigned learners = 0;
  unsigned spares = 0;           ///< nodes that are in no configuration at first
  unsigned change_percent = 0;   ///< of proposals: members are changed by chance
  unsigned forced_percent = 50;  ///< of those: whatever it costs
  bool replacements = false;     ///< disks are lost for good, and new nodes take their places
  unsigned lost_percent = 5;     ///< of messages
  unsigned doubled_percent = 3;  ///< of messages
  unsigned late_percent = 3;     ///< of messages, up to 400 ms
  Duration sync_longest = milliseconds(5);
  unsigned failed_write_permille = 1;      ///< of syncs; the node stops and starts again
  bool crashes = true;                     ///< with loss of what was not synced
  unsigned crash_after_vote_percent = 20;  ///< the worst moment, with a start at once
  bool partitions = true;                  ///< also one-way
  unsigned transfer_percent = 2;           ///< of proposals: the leadership is handed over
  bool upgrades = false;       ///< nodes speak different versions, newer ones after starts
  bool damage = false;         ///< one state machine goes wrong in the middle
  bool snapshots = false;      ///< logs are short, so that snapshots take their place
  bool pauses = true;          ///< ticks that do not come
  bool minority_dies = false;  ///< what is healed at last is only a quorum; the others never return
  Duration between_faults = milliseconds(700);
  Duration rough = seconds(8);
  Mutant mutant = Mutant::none;
  bool look_inside = true;  ///< check every core's own invariants, not only those of the whole
};

struct Outcome {
  std::optional<std::string> violation;  ///< what was broken, where, when
  std::uint64_t trace = 0;               ///< hash over every event: equal for equal seeds
  std::uint64_t steps = 0;               ///< of all cores
  std::uint64_t committed = 0;           ///< entries
  std::uint64_t leaders = 0;             ///< terms that had one
  std::uint64_t crashes = 0;
  std::uint64_t lost_messages = 0;
  std::uint64_t reads = 0;           ///< answered, linearizable
  std::uint64_t configurations = 0;  ///< entries, committed
  std::uint64_t replaced = 0;        ///< nodes
  std::uint64_t runs = 0;            ///< in a sum of several
  std::uint64_t transfers = 0;       ///< of leadership, asked for
  std::uint64_t differences = 0;     ///< of state machines, noticed
  std::uint64_t version = 0;         ///< of the group, at the end
  std::uint64_t snapshots_taken = 0;
  std::uint64_t snapshots_installed = 0;
  std::uint64_t fetches_failed = 0;   ///< given up, before or after a part came
  std::uint64_t fetches_resumed = 0;  ///< where an earlier one had ended
};

Outcome simulate(std::uint64_t seed, const Conditions& conditions);

}  // namespace runink::raft::simulation
