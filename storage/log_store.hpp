// raft.db: the Raft log and the hard state on disk, in one database with synced writes.
//
// Bytes (keys; every value ends with the CRC32C of key + value, see record.hpp):
//   01 <index u64 big-endian> -> format u8 = 1, term u64, type u8, payload (u32 length, bytes)
//   02                        -> format u8 = 1, term u64, vote u64, commit u64
//   03                        -> format u8 = 1, index u64, term u64 of the last entry cut off
//
// Notes 5.3: what is acknowledged is synced; at start indexes are contiguous, terms never fall,
// every checksum is right and the last index reaches the durable commit, or the node refuses to
// serve.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "raft/ports.hpp"
#include "storage/database.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::storage {

/// `write` from one thread (the log writer's); the others from any.
class LogStore final : public raft::LogRecovery {
 public:
  /// Opens or makes `<folder>/raft.db`. Damage is `corrupt` and says what to do; only a record that
  /// was being written when the node died may be missing at the very end.
  static Result<std::unique_ptr<LogStore>> open(const std::string& folder,
                                                const DatabaseGround& ground = {});
  ~LogStore() override;
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  /// Everything, checked. `corrupt` when it cannot be the log that was acknowledged.
  Result<raft::Recovered> recover() override;

  /// All of `requests`, in order, in one synced batch: durable as a whole or not at all. After a
  /// fault nothing more can be written; the process must end.
  Result<void> write(std::span<const raft::Persist> requests);

  /// Entries from `from` to `to`, both included, verified; `no_such_thing` when one is not here.
  Result<std::vector<raft::Entry>> read(LogIndex from, LogIndex to) const;

  /// Removes all entries up to and including `upto`. `refused` above `state_flushed` (they would be
  /// needed again after a power cut) and above the durable commit. Not synced: entries that come
  /// back after a power cut do no harm.
  Result<void> cut_prefix(LogIndex upto, LogIndex state_flushed);

  /// First entry here (or the one that would be), and last; last = first - 1 when there is none.
  LogIndex first() const;
  LogIndex last() const;
  /// How many synced batches were written since the store was opened.
  std::uint64_t syncs() const;

 private:
  struct State;
  explicit LogStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace runink::storage
