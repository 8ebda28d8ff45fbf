// What Raft must know of a snapshot of the state machine. Its bytes are none of Raft's business.
#pragma once

#include <tuple>

#include "raft/membership.hpp"
#include "raft/types.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// Describes the state machine after the entry at `index`, and takes the place of the log up to there.
/// Written into the snapshot itself by whoever makes it.
struct SnapshotMeta {
  SnapshotId id;
  LogIndex index;
  Term term;  ///< of the entry at `index`
  LogIndex configuration_index;
  Configuration configuration;  ///< in force at `index`
  Version version;              ///< of the group at `index`
  Bytes size;                   ///< of the state: how much log is worth keeping instead of it
  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
  static auto fields(auto& self) {
    return std::tie(self.id, self.index, self.term, self.configuration_index, self.configuration,
                    self.version, self.size);
  }
};

/// True when it does not contradict itself; what comes from another node is asked.
bool is_consistent(const SnapshotMeta& meta);

}  // namespace runink::raft
