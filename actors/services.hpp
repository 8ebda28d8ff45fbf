// What every actor of a node may use: made by node.cpp before the first actor, gone after the last.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "actors/coroutines/blocking.hpp"
#include "config/cluster_file.hpp"
#include "state/commands.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/fault.hpp"

namespace runink::storage {
class DataFolder;
class LogStore;
class LogWriter;
class StateStore;
class StateWriter;
class ArtifactStore;
}  // namespace runink::storage

namespace runink::actors {

class Log;
class SpawnerLink;
class Metrics;
class PreparedFolders;
class ArtifactExchange;
class PeerLinks;
class DiskGauge;
class SnapshotExchange;
class SnapshotKeeper;

/// Borrowed; everything in it may be called from any thread.
struct Services {
  const config::ClusterFile& config;
  const Clock& clock;
  storage::DataFolder& folder;
  storage::LogStore& log_store;
  storage::LogWriter& log_writer;
  storage::StateStore& state_store;
  storage::StateWriter& state_writer;
  storage::ArtifactStore& artifacts;
  PreparedFolders& prepared;
  co::DiskThreads& disk;
  SpawnerLink& spawner;
  Metrics& metrics;
  Log& log;
  /// Ends the node: what is wrong cannot be mended from inside. Returns; the end comes soon.
  std::function<void(const Fault&)> fatal;
  /// Folder of runink-step, absolute.
  std::string tools;
  /// False in tests that stop an actor to see what breaks.
  bool respawn = true;
  /// Grows with every change of a herd's policy or contracts in applied state: what was compiled
  /// before it is out of date.
  std::shared_ptr<std::atomic<std::uint64_t>> policies =
      std::make_shared<std::atomic<std::uint64_t>>(0);

  /// Who leads, as this node's Raft knows; 0 while nobody is known. Set by the raft_actor.
  std::shared_ptr<std::atomic<std::uint64_t>> leader =
      std::make_shared<std::atomic<std::uint64_t>>(0);

  /// Artifacts of the other nodes; nothing on a node that is alone.
  ArtifactExchange* exchange = nullptr;

  /// Of this node; nothing in tests that need none: then none is taken, and no log is cut.
  SnapshotKeeper* snapshots = nullptr;
  /// Snapshots of the other nodes; nothing on a node that is alone.
  SnapshotExchange* snapshot_exchange = nullptr;

  /// Of the data folder; nothing in tests: then the disk is asked each time.
  const DiskGauge* disk_gauge = nullptr;
  /// The other nodes; nothing on a node that is alone.
  PeerLinks* links = nullptr;
  /// Ends the node in good order: the cluster has removed it.
  std::function<void(const Fault&)> removed = {};

  /// The group has no other member: what this node applies is all that there is.
  bool alone() const { return config.alone && config.nodes.size() == 1; }
  /// What the platform itself says as a caller.
  state::Caller self() const { return {0, "node:" + config.node.name.value}; }
};

}  // namespace runink::actors
