// <data>/snapshots: whole states, taken here or received, and the way from one of them to state.db.
//
//   <index>-<name>/        a whole snapshot: `manifest`, and the files of a state.db in `files/`
//   <index>-<name>.part/   one that is being received; what arrived of it counts after a restart
//   taking.new/            one that is being taken
//   installing             names the snapshot that becomes state.db: written at once and as a whole,
//                          it *is* the switch; what follows is repeated until it is done
//
// A snapshot is visible when all its files, its folders and its name are durable. Table files are
// shared with state.db by hard links, so taking one costs little room.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/snapshot_manifest.hpp"
#include "storage/snapshot_receiver.hpp"
#include "storage/state_store.hpp"
#include "vocabulary/fault.hpp"

namespace runink::storage {

/// A checkpoint that lacks its origin.
struct SnapshotDraft {
  SnapshotManifest manifest;
};

/// Calls from any thread; they block. One of begin, finish, receive, install, remove at a time.
class SnapshotStore {
 public:
  /// `data` is the data folder. *Before* state.db is opened: an installation that was begun is brought
  /// to its end. Removes what was half taken, and all whole snapshots but the two newest.
  static Result<std::unique_ptr<SnapshotStore>> open(const std::string& data);
  ~SnapshotStore();
  SnapshotStore(const SnapshotStore&) = delete;
  SnapshotStore& operator=(const SnapshotStore&) = delete;

  /// A checkpoint of `state` as it is between two batches, with its files hashed: the draft tells its
  /// index. A draft that was begun before is given up.
  Result<SnapshotDraft> begin(const StateStore& state);
  /// Makes the draft a snapshot, durably.
  Result<StoredSnapshot> finish(SnapshotDraft draft, SnapshotOrigin origin);

  /// Whole ones, the oldest first.
  std::vector<StoredSnapshot> snapshots() const;
  std::optional<StoredSnapshot> newest() const;
  /// The whole one whose name is so; only that one is copied.
  std::optional<StoredSnapshot> find(const std::function<bool(const Digest&)>& is_it) const;
  /// A chunk of a whole snapshot, checked; `no_such_thing`, or `corrupt` when our copy is damaged.
  Result<std::string> read_chunk(const Digest& name, SnapshotPosition position) const;

  /// The state that a whole snapshot holds, to be read.
  Result<std::unique_ptr<StateStore>> look_into(const Digest& name) const;

  /// Goes on receiving the snapshot with this manifest, or begins. Chunks that are here already, of
  /// this or of another snapshot, are not asked for again. Anything else half received is removed.
  /// `conflict` when it is here as a whole.
  Result<SnapshotReceiver> receive(const SnapshotManifest& manifest);
  /// All of it arrived: checks the SHA-256 of each file, makes it durable and visible. A file that is
  /// wrong is `corrupt` and removed, and is asked for again by the next receive().
  Result<StoredSnapshot> finish(SnapshotReceiver receiver);

  /// Makes the snapshot the state.db of this node. Nobody may have state.db open. After a fault or a
  /// crash behind the switch, open() or a repetition brings it to its end.
  Result<void> install(const Digest& name);

  /// Removes one; nothing there is success.
  Result<void> remove(const Digest& name);

 private:
  struct State;
  explicit SnapshotStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace runink::storage
