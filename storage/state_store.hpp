// state.db: the rows of the replicated state on disk. It does not know what they mean. What is
// written is in memory until a table is full or flush() is called: the log has it, and what a crash
// takes from here is applied again from there. So the applied index lies in the same batch as the
// rows it belongs to, and the log may only be cut below the last *flushed* index.
//
// Bytes (keys; every value ends with the CRC32C of key + value, see record.hpp):
//   00 01                     -> applied index u64, state hash u64
//   00 02                     -> flushed index u64
//   01 <index u64 big-endian> -> state hash u64
//   02 <table u8> <key>       -> the row's value
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::storage {

/// A changed row: its new value, or none when it is gone.
struct Row {
  std::uint8_t table = 0;
  std::string key;
  std::optional<std::string> value;
  friend bool operator==(const Row&, const Row&) = default;
};

/// What one applied entry changed.
struct StateChange {
  std::vector<Row> rows;
  LogIndex applied;        ///< the entry; higher than every one written before
  std::uint64_t hash = 0;  ///< the state hash after it
};

/// A row that was read.
struct StoredRow {
  std::string key;
  std::string value;
  friend bool operator==(const StoredRow&, const StoredRow&) = default;
};

/// A moment between two batches.
struct StateMoment {
  LogIndex applied;
  std::uint64_t hash = 0;
  friend bool operator==(const StateMoment&, const StateMoment&) = default;
};

/// Hashes are kept for this many last applied indexes, and for every multiple of
/// `hash_history_step` for ever.
inline constexpr std::uint64_t hash_history = 4096;
inline constexpr std::uint64_t hash_history_step = 1024;

/// Calls from any thread; `write` and `flush` from one at a time.
class StateStore {
 public:
  /// Opens or makes `<folder>/state.db`. Damage that can be seen at once is `corrupt`.
  static Result<std::unique_ptr<StateStore>> open(const std::string& folder,
                                                  const DatabaseGround& ground = {});
  /// The same of one that exists, as `<folder>/<name>`, to read it only.
  static Result<std::unique_ptr<StateStore>> open_read_only(const std::string& folder,
                                                            const std::string& name);
  ~StateStore();
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  /// Changes in one batch, in order: all or nothing, also after a crash, which may take those since the
  /// last flush. An applied index that does
  /// not rise is `out_of_date`.
  Result<void> write(std::span<const StateChange> changes);

  /// 0 when nothing was applied.
  LogIndex applied() const;
  std::uint64_t hash_at_applied() const;
  /// The state hash after entry `index`; `no_such_thing` when it is not kept any more or yet.
  Result<std::uint64_t> hash_at(LogIndex index) const;

  /// Nothing when there is no such row; `corrupt` when its checksum is wrong.
  Result<std::optional<std::string>> get(std::uint8_t table, std::string_view key) const;

  /// Rows of `table` whose key starts with `prefix`, in key order (bytes), at most `limit`, from
  /// the first key >= `from` on. To go on: from = last key + '\0'.
  Result<std::vector<StoredRow>> scan(std::uint8_t table, std::string_view prefix,
                                      std::size_t limit, std::string_view from = {}) const;

  /// Everything written so far becomes durable; then its applied index is flushed_index().
  Result<void> flush();
  /// Makes `path`, which must not exist, a whole state.db with everything written so far: linked where
  /// files never change, copied and synced where they do. It tells which moment that is.
  Result<StateMoment> checkpoint(const std::string& path) const;
  /// Entries up to here need not be applied again after any power cut: the log may be cut there.
  LogIndex flushed_index() const;

  /// Closes the database, has `other` put another one in its place, and opens that. Meanwhile reads are
  /// answered with `out_of_date`: whoever reads looks again; the other calls wait. After a fault nothing
  /// can be read or written any more: the process must end, and its next start brings it to an end.
  Result<void> replace(const std::function<Result<void>()>& other);

 private:
  struct State;
  explicit StateStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace runink::storage
