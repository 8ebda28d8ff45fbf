#include "storage/snapshot_manifest.hpp"

#include <algorithm>

#include "vocabulary/codec.hpp"

namespace runink::storage {
namespace {

constexpr std::string_view magic = "RNKS";
constexpr std::uint8_t format = 1;
constexpr std::size_t around = magic.size() + 1 + 4;
constexpr std::size_t name_bytes_most = 255;

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_most && name.front() != '.' &&
         name.find('/') == name.npos && name.find('\0') == name.npos;
}

std::uint64_t chunks_in(Bytes size) {
  return size.value / snapshot_chunk.value + (size.value % snapshot_chunk.value != 0 ? 1 : 0);
}

bool consistent(const SnapshotManifest& manifest) {
  if (manifest.files.empty() || manifest.files.size() > snapshot_files) return false;
  std::string_view before;
  for (const SnapshotFile& file : manifest.files) {
    if (!is_file_name(file.name) || file.name <= before) return false;
    if (file.chunks.size() != chunks_in(file.size)) return false;
    before = file.name;
  }
  return true;
}

}  // namespace

Bytes SnapshotManifest::size() const {
  Bytes all;
  for (const SnapshotFile& file : files) all = all + file.size;
  return all;
}

std::string bytes_of(const SnapshotManifest& manifest) {
  std::string bytes(magic);
  Encoder out(bytes);
  out(format);
  out(manifest);
  out(crc32c(bytes));
  return bytes;
}

Result<SnapshotManifest> manifest_of(std::string_view bytes, const std::string& what) {
  const auto damaged = [&](std::string_view why) {
    return fail(FaultKind::corrupt, what + " is damaged: " + std::string(why) + ".");
  };
  if (bytes.size() < around || bytes.size() > snapshot_manifest.value || !bytes.starts_with(magic))
    return damaged("its length or its first bytes are wrong");
  if (bytes[magic.size()] != static_cast<char>(format))
    return fail(FaultKind::refused, what + " has a format that this program does not know. " +
                                        "Install a newer runink.");
  std::uint32_t sum = 0;
  Decoder{bytes.substr(bytes.size() - 4)}(sum);
  if (sum != crc32c(bytes.substr(0, bytes.size() - 4))) return damaged("its checksum is wrong");
  auto manifest =
      decode<SnapshotManifest>(bytes.substr(magic.size() + 1, bytes.size() - around), what);
  if (manifest && !consistent(*manifest)) return damaged("its list of files cannot be right");
  return manifest;
}

std::size_t chunk_size(const SnapshotManifest& manifest, SnapshotPosition position) {
  if (position.file >= manifest.files.size()) return 0;
  const std::uint64_t size = manifest.files[position.file].size.value;
  if (position.offset >= size || position.offset % snapshot_chunk.value != 0) return 0;
  return std::min(snapshot_chunk.value, size - position.offset);
}

bool is_chunk(const SnapshotManifest& manifest, SnapshotPosition position, std::string_view bytes) {
  const std::size_t size = chunk_size(manifest, position);
  return size != 0 && bytes.size() == size &&
         crc32c(bytes) ==
             manifest.files[position.file].chunks[position.offset / snapshot_chunk.value];
}

}  // namespace runink::storage
