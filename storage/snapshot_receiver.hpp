// A snapshot on its way into this node, chunk by chunk, in order. What arrived lies in its staging
// folder and is found again after any crash: each chunk there is checked by the manifest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/snapshot_manifest.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::storage {

/// A whole snapshot on this node.
struct StoredSnapshot {
  Digest name;  ///< SHA-256 of its manifest
  SnapshotManifest manifest;
  friend bool operator==(const StoredSnapshot&, const StoredSnapshot&) = default;
};

class SnapshotReceiver {
 public:
  /// `staging` is its folder, and holds a folder `files`. Checks what lies there and cuts off what is
  /// not right.
  static Result<SnapshotReceiver> open(OwnedFd staging, StoredSnapshot snapshot);

  const StoredSnapshot& snapshot() const { return snapshot_; }
  bool complete() const { return position_.file == snapshot_.manifest.files.size(); }
  /// Where the next chunk belongs, unless complete.
  SnapshotPosition next() const { return position_; }
  /// What is here already.
  Bytes received() const { return received_; }

  /// `corrupt`: the bytes are not that chunk; ask again. `out_of_date`: it is not the next one.
  Result<void> take(SnapshotPosition position, std::string_view bytes);

  /// Complete: checks the SHA-256 of each file and syncs all of them with their folders.
  Result<void> seal();

 private:
  SnapshotReceiver() = default;
  Result<std::uint64_t> whole_bytes(std::uint32_t file) const;
  void settle();
  Result<void> check_digest(const SnapshotFile& file) const;

  OwnedFd staging_;
  OwnedFd files_;
  StoredSnapshot snapshot_;
  std::vector<bool> whole_;  ///< of each file: all of it is here
  SnapshotPosition position_;
  Bytes received_;
  OwnedFd open_;  ///< the file at `position_`, once something was written to it
};

}  // namespace runink::storage
