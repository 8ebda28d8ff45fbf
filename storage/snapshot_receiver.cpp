#include "storage/snapshot_receiver.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/artifact_intake.hpp"
#include "storage/beneath.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::storage {

Result<SnapshotReceiver> SnapshotReceiver::open(OwnedFd staging, StoredSnapshot snapshot) {
  SnapshotReceiver receiver;
  receiver.staging_ = std::move(staging);
  receiver.snapshot_ = std::move(snapshot);
  auto files = open_beneath(receiver.staging_.get(), "files", O_RDONLY | O_DIRECTORY);
  if (!files) return std::unexpected(files.error());
  receiver.files_ = std::move(*files);
  const auto& list = receiver.snapshot_.manifest.files;
  receiver.whole_.assign(list.size(), false);
  std::vector<std::uint64_t> here(list.size());
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    const auto bytes = receiver.whole_bytes(i);
    if (!bytes) return std::unexpected(bytes.error());
    here[i] = *bytes;
    receiver.whole_[i] = *bytes == list[i].size.value;
    receiver.received_ = receiver.received_ + Bytes{*bytes};
  }
  receiver.settle();
  if (!receiver.complete()) receiver.position_.offset = here[receiver.position_.file];
  return receiver;
}

/// How much of a file is here and right; the rest is cut off.
Result<std::uint64_t> SnapshotReceiver::whole_bytes(std::uint32_t file) const {
  const SnapshotManifest& manifest = snapshot_.manifest;
  const std::string& name = manifest.files[file].name;
  const auto opened = open_beneath(files_.get(), name, O_RDWR | O_CREAT, 0600);
  if (!opened) return std::unexpected(opened.error());
  struct stat info {};
  if (::fstat(opened->get(), &info) != 0)
    return std::unexpected(file_fault("Cannot look at '" + name + "'", errno));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  SnapshotPosition at{file, 0};
  for (;;) {
    const std::size_t wanted = chunk_size(manifest, at);
    if (wanted == 0 || at.offset + wanted > size) break;
    const auto bytes = read_range(opened->get(), at.offset, wanted, "'" + name + "'");
    if (!bytes) return std::unexpected(bytes.error());
    if (!is_chunk(manifest, at, *bytes)) break;
    at.offset += wanted;
    if (wanted < snapshot_chunk.value) break;
  }
  if (at.offset == size) return size;
  if (info.st_nlink > 1) {  // shared with another snapshot, and not to be changed there
    if (::unlinkat(files_.get(), name.c_str(), 0) != 0)
      return std::unexpected(file_fault("Cannot remove '" + name + "'", errno));
    return 0;
  }
  if (::ftruncate(opened->get(), static_cast<off_t>(at.offset)) != 0)
    return std::unexpected(file_fault("Cannot cut '" + name + "'", errno));
  return at.offset;
}

/// Moves `position_` to the first file that is not whole.
void SnapshotReceiver::settle() {
  open_.reset();
  while (!complete() && whole_[position_.file]) position_ = {position_.file + 1, 0};
}

Result<void> SnapshotReceiver::take(SnapshotPosition position, std::string_view bytes) {
  if (complete() || position != position_)
    return fail(FaultKind::out_of_date,
                "This chunk of the snapshot is not the one that comes next. Ask for the next one.");
  const SnapshotFile& file = snapshot_.manifest.files[position.file];
  if (!is_chunk(snapshot_.manifest, position, bytes))
    return fail(FaultKind::corrupt, "Byte " + std::to_string(position.offset) +
                                        " and what follows of '" + file.name +
                                        "' arrived damaged. Ask for the chunk again.");
  if (!open_) {
    auto opened = open_beneath(files_.get(), file.name, O_WRONLY | O_CREAT, 0600);
    if (!opened) return std::unexpected(opened.error());
    open_ = std::move(*opened);
  }
  // Where it belongs, whatever an earlier attempt that failed has left there.
  if (::ftruncate(open_.get(), static_cast<off_t>(position.offset)) != 0 ||
      ::lseek(open_.get(), static_cast<off_t>(position.offset), SEEK_SET) < 0)
    return std::unexpected(file_fault("Cannot write '" + file.name + "'", errno));
  if (auto done = write_all(open_.get(), bytes); !done) return done;
  position_.offset += bytes.size();
  received_ = received_ + Bytes{bytes.size()};
  if (position_.offset < file.size.value) return {};
  whole_[position_.file] = true;
  settle();
  return {};
}

Result<void> SnapshotReceiver::check_digest(const SnapshotFile& file) const {
  const auto opened = open_regular_beneath(files_.get(), file.name);
  if (!opened) return std::unexpected(opened.error());
  const auto digest = digest_of(opened->get(), "'" + file.name + "'");
  if (!digest) return std::unexpected(digest.error());
  if (*digest == file.digest) return sync_file(opened->get(), "'" + file.name + "'");
  ::unlinkat(files_.get(), file.name.c_str(), 0);
  return fail(FaultKind::corrupt, "'" + file.name + "' of the snapshot at entry " +
                                      std::to_string(snapshot_.manifest.index.value) +
                                      " is not what its manifest says. It is received again.");
}

Result<void> SnapshotReceiver::seal() {
  ENSURE(complete());
  for (const SnapshotFile& file : snapshot_.manifest.files)
    if (auto done = check_digest(file); !done) return done;
  if (auto done = sync_file(files_.get(), "the files of a snapshot"); !done) return done;
  return sync_file(staging_.get(), "the folder of a snapshot");
}

}  // namespace runink::storage
