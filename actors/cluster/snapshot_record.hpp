// What Raft wants to know of a snapshot again, as it stands in the snapshot's manifest.
#pragma once

#include "raft/snapshot.hpp"
#include "storage/snapshot_receiver.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

/// The manifest's `origin`, but for what is known only when the snapshot has its name.
storage::SnapshotOrigin origin_of(const raft::SnapshotMeta& meta);
/// `corrupt` when it is none of ours; `refused` when a newer program wrote its rows.
Result<raft::SnapshotMeta> meta_of(const storage::StoredSnapshot& snapshot);
/// The first 8 bytes of its name.
raft::SnapshotId id_of(const Digest& name);

}  // namespace runink::actors
