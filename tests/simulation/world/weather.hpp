// What the world does to a group: written by hand for one kind of trouble, or drawn from a seed.
#pragma once

#include <cstdint>
#include <string>

#include "raft/config.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft::simulation {

struct Weather {
  // ---- who is there
  unsigned nodes = 3;  ///< voters at first
  unsigned learners = 0;
  unsigned spares = 0;           ///< nodes that are in no configuration at first
  unsigned change_percent = 0;   ///< of proposals: members are changed by chance
  unsigned forced_percent = 50;  ///< of those: whatever it costs
  bool replacements = false;     ///< disks are lost for good, and new nodes take their places
  bool minority_dies = false;    ///< what is healed at last is only a quorum
  bool upgrades = false;         ///< nodes speak different versions, newer ones after starts
  bool clients = false;          ///< the state machine is the real one, of keys and values
  // ---- network
  unsigned lost_percent = 5;     ///< of messages
  unsigned doubled_percent = 3;  ///< of messages
  unsigned late_percent = 3;     ///< of messages, up to `late_longest`
  Duration way_longest = milliseconds(3);
  Duration late_longest = milliseconds(400);
  bool partitions = true;  ///< also one-way, partial, and of single links
  bool clogs = false;      ///< paths that hold everything back for a while
  // ---- disks
  Duration sync_longest = milliseconds(5);
  unsigned slow_sync_permille = 3;     ///< of syncs, up to a second
  unsigned failed_write_permille = 1;  ///< of syncs; the node stops and starts again
  bool stalls = false;                 ///< a disk hangs, up to twelve seconds
  bool full_disks = false;
  bool lying_disks = false;  ///< acknowledges and writes nothing; a start notices (replacements)
  bool liar_is_noticed = true;
  bool snapshots = false;  ///< logs are short, so that snapshots take their place
  Duration apply_longest = {};
  // ---- processes
  bool crashes = true;                     ///< with loss of what was not synced
  unsigned crash_after_vote_percent = 20;  ///< the worst moment, with a start at once
  /// Of acknowledgements to a leader that has not synced the same entries itself: it loses them alone.
  unsigned crash_before_sync_percent = 0;
  bool pauses = true;  ///< late ticks, and processes that sleep
  bool clock_jumps = false;
  unsigned clock_skew_percent = 5;
  bool damage = false;            ///< one state machine goes wrong in the middle
  unsigned transfer_percent = 2;  ///< of proposals: the leadership is handed over
  // ---- limits of the cores: 0 = theirs
  std::uint32_t batch_entries_most = 0;
  std::uint32_t window_messages = 0;
  std::uint64_t uncommitted_bytes_most = 0;
  std::uint32_t unapplied_most = 0;
  // ---- the run
  Duration between_faults = milliseconds(700);
  Duration rough = seconds(8);
  bool probes = false;  ///< when all is settled, one trouble alone, and what it may cost at most
  Mutant mutant = Mutant::none;
  bool look_inside = true;  ///< check every core's own invariants, not only those of the whole
  friend bool operator==(const Weather&, const Weather&) = default;
};

/// Ranges as those of TigerBeetle's VOPR, scaled to a group's timers: docs/SIMULATION.md lists them.
Weather draw_weather(std::uint64_t seed);

/// One line: what differs from fair weather.
std::string to_string(const Weather& weather);

}  // namespace runink::raft::simulation
