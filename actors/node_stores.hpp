// What a node opens of its data folder before it has threads, and what it finds there.
#pragma once

#include <memory>

#include "raft/ports.hpp"
#include "state/cluster_state.hpp"
#include "storage/storage.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

struct NodeStores {
  std::unique_ptr<storage::SnapshotStore> snapshots;
  std::unique_ptr<storage::ArchiveStore> archive;
  std::unique_ptr<storage::LogStore> log;
  std::unique_ptr<storage::StateStore> state;
  std::unique_ptr<storage::ArtifactStore> artifacts;
};

/// The log with the newest snapshot that the state holds, and the state. They fit to each other.
struct Remembered {
  raft::Recovered log;
  state::ClusterState cluster;
};

/// It never was a member of anything.
bool is_new(const raft::Recovered& log);

/// Opens all of them. A snapshot that was becoming the state becomes it.
Result<NodeStores> open_stores(const storage::DataFolder& folder);

/// A state.db that lacks what the log no longer holds is made anew from the newest snapshot here. Faults
/// are for the operator, ready to print.
Result<Remembered> remember(NodeStores& stores);

}  // namespace runink::actors
