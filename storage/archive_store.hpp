// <data>/archive: what the log held before it was cut, in segments (archive_segment.hpp). Before the
// log is cut its entries are sealed here; audit, explanation and replay read them later. The node
// itself never needs them again, so they are kept by policy, oldest first to go.
//
// A segment is written aside, synced, named, and its folder synced; what `seal` returned for is
// durable. Segments end at multiples of segment_entries, so most are the same on every node. What a
// node received as a snapshot was never in its log: its archive has a gap there, and says so.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/archive_segment.hpp"
#include "storage/log_store.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// What is kept: both must hold.
struct ArchivePolicy {
  Bytes most = GiB(4);             ///< of all segments together
  std::optional<Duration> oldest;  ///< since a segment was sealed
};

/// A segment in the folder.
struct KeptSegment {
  SegmentName name;
  Bytes size;
  WallTime sealed;  ///< by the file's time
};

/// Entries of one call of `read`.
inline constexpr std::uint64_t archive_read_entries = 4096;

/// Calls from any thread; they block. `seal` and `expire` from one thread at a time.
class ArchiveStore {
 public:
  /// `data` is the data folder. Removes what a crash left half written.
  static Result<std::unique_ptr<ArchiveStore>> open(const std::string& data);
  ~ArchiveStore();
  ArchiveStore(const ArchiveStore&) = delete;
  ArchiveStore& operator=(const ArchiveStore&) = delete;

  /// Seals what `log` holds up to and including `upto` and is not sealed yet; afterwards the log may
  /// be cut there. Repeating it changes nothing. `exhausted` on a full disk, nothing is half there.
  Result<void> seal(const LogStore& log, LogIndex upto);
  /// The last entry that was ever sealed and is still kept; 0 when there is none.
  LogIndex sealed() const;
  /// Oldest first.
  std::vector<KeptSegment> segments() const;

  /// Entries from `from` to `to`, at most archive_read_entries, all verified. `no_such_thing` says
  /// whether they have expired, were never here, or are not sealed yet; `corrupt` names the file.
  Result<std::vector<raft::Entry>> read(LogIndex from, LogIndex to) const;
  /// One entry with the path to its segment's root.
  Result<EntryProof> prove(LogIndex index) const;
  /// Reads every entry of every segment. The first damage.
  Result<void> verify() const;

  /// Removes the oldest segments until `policy` holds at `now`. How many.
  Result<std::uint64_t> expire(const ArchivePolicy& policy, WallTime now);

 private:
  struct State;
  explicit ArchiveStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Entries from wherever they are: the log, or what was sealed of it.
Result<std::vector<raft::Entry>> read_history(const ArchiveStore& archive, const LogStore& log,
                                              LogIndex from, LogIndex to);

}  // namespace runink::storage
