// Snapshots of this node: taken, kept, made the state, on a thread of their own. What it does takes
// seconds, and nobody waits for it: not the actors, not the log writer, not the disk threads.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "actors/coroutines/blocking.hpp"
#include "raft/snapshot.hpp"
#include "state/cluster_state.hpp"
#include "storage/archive_store.hpp"
#include "storage/snapshot_store.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/fault.hpp"

namespace runink::storage {
class StateWriter;
}

namespace runink::actors {

class Log;

/// Borrowed; all of it outlives the keeper.
struct KeeperGround {
  storage::SnapshotStore& snapshots;
  storage::ArchiveStore& archive;
  storage::LogStore& log;
  storage::StateStore& state;
  storage::StateWriter& state_writer;
  storage::ArchivePolicy policy;
  const Clock& clock;
  Log& words;
  /// Ends the node.
  std::function<void(const Fault&)> fatal;
};

/// Calls from any thread; none blocks. What is to be done is done in order, and `done` is called on the
/// keeper's thread, never when the keeper is stopped before.
class SnapshotKeeper {
 public:
  template <class T>
  using Done = std::move_only_function<void(Result<T>)>;

  explicit SnapshotKeeper(KeeperGround ground);
  ~SnapshotKeeper();
  SnapshotKeeper(const SnapshotKeeper&) = delete;
  SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;
  /// Idempotent; waits for what is being done.
  void stop();

  /// Copies state.db as it is, flushed: the entry up to which it is applied.
  void draft(Done<LogIndex> done);
  /// Makes the draft a snapshot, seals the log up to there, and lets old segments of the archive go. The log
  /// may be cut there afterwards. `meta` lacks id and size.
  void finish(raft::SnapshotMeta meta, Done<raft::SnapshotMeta> done);

  using NewState = std::shared_ptr<state::ClusterState>;
  /// Makes a whole snapshot state.db, of which the writer had everything up to `applied`, and nothing since.
  /// What the log holds up to `committed` is sealed first. A fault changed nothing; when it fails half way,
  /// the node ends and its next start goes on.
  void install(raft::SnapshotId id, LogIndex committed, LogIndex applied, Done<NewState> done);

  /// Removes all snapshots older than `newest` but those in `used`.
  void keep(LogIndex newest, std::set<raft::SnapshotId> used);
  /// Removes one.
  void discard(raft::SnapshotId id);

  /// For what blocks of receiving: only there may SnapshotStore::receive and finish be called.
  co::DiskThreads& thread() { return thread_; }
  storage::SnapshotStore& store() { return ground_.snapshots; }
  const storage::SnapshotStore& store() const { return ground_.snapshots; }
  const storage::ArchiveStore& archive() const { return ground_.archive; }

 private:
  template <class T, class F>
  void run(Done<T> done, F job);
  Result<LogIndex> draft_now();
  Result<raft::SnapshotMeta> finish_now(const raft::SnapshotMeta& meta);
  Result<NewState> install_now(raft::SnapshotId id, LogIndex committed, LogIndex applied);
  Result<NewState> look_into(const storage::StoredSnapshot& snapshot) const;
  void remove(const storage::StoredSnapshot& snapshot);

  KeeperGround ground_;
  std::optional<storage::SnapshotDraft> draft_;  ///< the thread's
  co::DiskThreads thread_;
};

}  // namespace runink::actors
