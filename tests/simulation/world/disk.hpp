// The disk of one node: what is synced, what is being synced, and what a crash or damage makes of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "machine.hpp"
#include "raft/raft.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::raft::simulation {

/// A write as it stands on disk, guarded by a checksum.
std::string record_of(const Persist& write);
/// Nothing when it was cut short or altered.
std::optional<Persist> read_record(std::string_view record);

struct StoredSnapshot {
  SnapshotMeta meta;
  Machine content;
};

class Disk {
 public:
  const Recovered& image() const { return image_; }
  /// A whole write, durable.
  void write(const Persist& write);
  /// Is this entry here, in the log or in the newest snapshot? `hash`: over all entries up to it.
  bool holds(const Entry& entry) const;

  // ---- snapshots
  void keep(StoredSnapshot snapshot);
  const StoredSnapshot* stored(SnapshotId id) const;
  const StoredSnapshot* newest() const;
  void forget_snapshots_but(const std::set<SnapshotId>& used);
  /// What a crash may bring back when the folder was not synced.
  void set_newest(std::optional<SnapshotMeta> meta) { image_.snapshot = std::move(meta); }

  // ---- what goes wrong
  /// From now on nothing is written, and every write is acknowledged.
  void begin_to_lie() { lies_ = true; }
  bool lies() const { return lies_; }
  /// Flips a bit of what lies there; false when there is nothing.
  bool flip_a_bit(Randomness& random);
  bool is_corrupt() const { return corrupt_; }
  void lose();
  bool is_lost() const { return lost_; }

 private:
  Recovered image_;  // its `snapshot` names the newest of those below
  std::map<SnapshotId, StoredSnapshot> snapshots_;
  bool lies_ = false;
  bool corrupt_ = false;
  bool lost_ = false;
};

}  // namespace runink::raft::simulation
