// A disk under RocksDB that can fail, lie, hang and lose what was not synced. Files lie where they
// always do; beside them it remembers what a power cut would leave of them: of each file the bytes
// that were synced, of each folder the names that were there when it was synced.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <memory>
#include <string>

#include "storage/database.hpp"
#include "vocabulary/randomness.hpp"
#include "vocabulary/units.hpp"

namespace runink::test {

/// What becomes of bytes and names that were not synced.
enum class Unsynced : std::uint8_t {
  lost,    ///< none of them arrived
  kept,    ///< all did: only the process died
  torn,    ///< a part of the bytes of each file, and some of the names
  zeroed,  ///< as torn, and zeros stand where the other bytes would be
};

/// How one operation fails. Whoever repeats it meets a disk that is well again.
enum class Refusal : std::uint8_t {
  input_output,  ///< EIO
  transient,     ///< EIO, and RocksDB is told that it may try again by itself
  no_space,      ///< ENOSPC
  half_written,  ///< EIO after the first half of the bytes
};

/// Operations are what changes a disk: to make, rename or remove a file, to append to it, to sync it or
/// its folder. They are counted from 1, and may come from several threads.
class FaultyDisk {
 public:
  /// What lies in `folder` (no folders in it) is durable.
  explicit FaultyDisk(const std::string& folder);
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// A database on this disk, with so small a buffer that its files change often.
  storage::DatabaseGround ground();
  std::uint64_t operations() const;

  /// Operation `n` fails, once. A failed sync loses what it should have kept, and a later one that
  /// succeeds does not bring it back, as on Linux. `n` = 0: none fails.
  void refuse(std::uint64_t n, Refusal how);
  /// From operation `n` on all fail.
  void power_off_at(std::uint64_t n);
  /// Operation `n` was reached: it failed, or the power went.
  bool struck() const;
  /// From now on files are not synced, though it is said that they are.
  void lie();

  /// From now on syncs of files wait.
  void hold_syncs();
  /// Blocks until one does.
  void wait_for_held_sync();
  void release_syncs();

  /// Makes `to` what a power cut now leaves of the folder.
  void leave(const std::string& to, Unsynced unsynced, Randomness& random) const;

 private:
  class FileSystem;
  std::shared_ptr<FileSystem> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace runink::test
