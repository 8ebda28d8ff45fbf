#include "actors/cluster/snapshot_record.hpp"

#include <string>
#include <tuple>

#include "state/rows.hpp"
#include "vocabulary/codec.hpp"

namespace runink::actors {
namespace {

constexpr std::uint8_t origin_format = 1;

struct OriginRecord {
  std::uint8_t format = origin_format;
  LogIndex configuration_index;
  raft::Configuration configuration;
  raft::Version version;
  static auto fields(auto& self) {
    return std::tie(self.format, self.configuration_index, self.configuration, self.version);
  }
};

}  // namespace

storage::SnapshotOrigin origin_of(const raft::SnapshotMeta& meta) {
  const OriginRecord record{origin_format, meta.configuration_index, meta.configuration,
                            meta.version};
  return {meta.term, state::row_version, encode(record)};
}

raft::SnapshotId id_of(const Digest& name) {
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | name.bytes[i];
  return raft::SnapshotId{id};
}

Result<raft::SnapshotMeta> meta_of(const storage::StoredSnapshot& snapshot) {
  const storage::SnapshotManifest& manifest = snapshot.manifest;
  const std::string what = "The snapshot at entry " + std::to_string(manifest.index.value);
  if (manifest.origin.state_version > state::row_version)
    return fail(FaultKind::refused,
                what + " has rows of version " + std::to_string(manifest.origin.state_version) +
                    ", this program knows " + std::to_string(state::row_version) +
                    ". Install the version of the other nodes.");
  auto record = decode<OriginRecord>(manifest.origin.raft, what);
  if (!record) return std::unexpected(record.error());
  if (record->format != origin_format)
    return fail(FaultKind::refused, what + " says of its members in format " +
                                        std::to_string(record->format) +
                                        ", this program knows 1. Install a newer runink.");
  raft::SnapshotMeta meta;
  meta.id = id_of(snapshot.name);
  meta.index = manifest.index;
  meta.term = manifest.origin.term;
  meta.configuration_index = record->configuration_index;
  meta.configuration = std::move(record->configuration);
  meta.version = record->version;
  meta.size = manifest.size();
  if (!raft::is_consistent(meta))
    return fail(FaultKind::corrupt, what + " contradicts itself. It is damaged.");
  return meta;
}

}  // namespace runink::actors
