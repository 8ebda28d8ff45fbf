// What a snapshot of the state consists of. A snapshot is a whole state.db: its files, and a manifest
// that names each with its size, its SHA-256 and the CRC32C of each MiB. The manifest's own SHA-256 is
// the snapshot's name, so whoever believes the name can check all the rest, part by part.
//
//   "RNKS", format u8 = 1, the fields of SnapshotManifest, CRC32C u32 of all before
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vocabulary/digest.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// What is read, sent and checked at a time; only the last chunk of a file is shorter.
inline constexpr Bytes snapshot_chunk = MiB(1);
inline constexpr std::uint32_t snapshot_files = 100'000;
inline constexpr Bytes snapshot_manifest = MiB(64);

struct SnapshotFile {
  std::string name;  ///< one part, "000012.sst"
  Bytes size;
  Digest digest;
  std::vector<std::uint32_t> chunks;  ///< CRC32C of each
  friend bool operator==(const SnapshotFile&, const SnapshotFile&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.size, self.digest, self.chunks);
  }
};

/// What the state itself does not know of the moment at which it was taken.
struct SnapshotOrigin {
  Term term;                        ///< of the entry at the snapshot's index
  std::uint32_t state_version = 0;  ///< of the rows and their meaning
  std::string raft;                 ///< what Raft wants to know of it again; not read here
  friend bool operator==(const SnapshotOrigin&, const SnapshotOrigin&) = default;
  static auto fields(auto& self) { return std::tie(self.term, self.state_version, self.raft); }
};

struct SnapshotManifest {
  LogIndex index;  ///< the last applied entry
  std::uint64_t state_hash = 0;
  SnapshotOrigin origin;
  std::vector<SnapshotFile> files;  ///< sorted by name
  friend bool operator==(const SnapshotManifest&, const SnapshotManifest&) = default;
  static auto fields(auto& self) {
    return std::tie(self.index, self.state_hash, self.origin, self.files);
  }
  Bytes size() const;
};

std::string bytes_of(const SnapshotManifest& manifest);
/// `corrupt` for what bytes_of never made; `refused` for a newer format. `what` names it.
Result<SnapshotManifest> manifest_of(std::string_view bytes, const std::string& what);

/// Where the next chunk belongs: a multiple of snapshot_chunk in one of the files.
struct SnapshotPosition {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const SnapshotPosition&, const SnapshotPosition&) = default;
  static auto fields(auto& self) { return std::tie(self.file, self.offset); }
};
/// Bytes of the chunk there; 0 when there is none.
std::size_t chunk_size(const SnapshotManifest& manifest, SnapshotPosition position);
/// True when `bytes` are the chunk at `position`.
bool is_chunk(const SnapshotManifest& manifest, SnapshotPosition position, std::string_view bytes);

}  // namespace runink::storage
