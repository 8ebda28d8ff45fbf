// One file of the archive: entries of the log that will be cut, in order, with a Merkle root over
// them. It is named by its range and its root, never changed, and the same on every node that sealed
// the same range.
//
//   "RNKA", format u8 = 1, first u64, last u64
//   the entries, each as raft::Entry is encoded
//   for each: its length u32, its leaf (merkle.hpp) 32 bytes
//   where those begin u64, the root 32 bytes, CRC32C u32 of the head and of all behind the entries
//
// Reading one entry needs the head, the leaves and that entry: the leaves are checked against the
// root, the root against the name, the entry against its leaf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/ports.hpp"
#include "storage/merkle.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// Entries of one segment at most; segments end at multiples of it, where the log goes on.
inline constexpr std::uint64_t segment_entries = 1024;

/// What a segment is called.
struct SegmentName {
  LogIndex first;
  LogIndex last;  ///< included
  Digest root;
  friend bool operator==(const SegmentName&, const SegmentName&) = default;
  bool holds(LogIndex index) const { return first <= index && index <= last; }
};
/// "00000000000000000001-00000000000000001024-<64 hex>.segment": they sort as their ranges.
std::string file_name(const SegmentName& name);
/// Nothing for any other name.
std::optional<SegmentName> segment_of_file(std::string_view file);

/// Writes one; nothing of it counts before `finish`.
class SegmentWriter {
 public:
  /// `file` is empty and stays the caller's.
  SegmentWriter(int file, LogIndex first, LogIndex last);
  /// The next entry: first, first + 1, ...
  Result<void> add(const raft::Entry& entry);
  /// All from first to last were added. Not synced.
  Result<SegmentName> finish();

 private:
  Result<void> flush();
  int file_;
  SegmentName name_;
  std::string head_;
  std::string waiting_;
  std::string index_;
  std::vector<Digest> leaves_;
  std::uint64_t written_ = 0;
};

/// That one entry stands in the log at its place, as far as `root` is believed.
struct EntryProof {
  raft::Entry entry;
  SegmentName segment;
  std::vector<Digest> path;
};
/// True when the path leads from the entry to the root of its segment.
bool proves(const EntryProof& proof);

/// A segment that was opened: its head, leaves and root agree with each other and with its name. What
/// it says afterwards is checked entry by entry; damage is `corrupt`.
class Segment {
 public:
  /// `what` names it in faults.
  static Result<Segment> open(OwnedFd file, const SegmentName& name, std::string what);
  const SegmentName& name() const { return name_; }
  /// Entries from `from` to `to`, both within the segment.
  Result<std::vector<raft::Entry>> read(LogIndex from, LogIndex to) const;
  Result<EntryProof> prove(LogIndex index) const;

 private:
  Segment() = default;
  Result<void> read_index(std::uint64_t size);
  Fault damaged(std::string_view why) const;

  OwnedFd file_;
  SegmentName name_;
  std::string what_;
  std::vector<std::uint64_t> ends_;  ///< of each entry, in the file
  std::vector<Digest> leaves_;
};

}  // namespace runink::storage
