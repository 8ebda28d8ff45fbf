#include "storage/artifact_intake.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/beneath.hpp"

namespace runink::storage {
namespace {

constexpr std::size_t read_at_once = 256 * 1024;
constexpr mode_t artifact_mode = 0444;

/// May the file itself become the artifact? It must lie on the store's own mount (a link across
/// mounts is impossible, even on one file system) and be ours to make read-only for ever.
bool make_linkable(int file, int artifacts) {
  struct statx source {};
  struct statx store {};
  if (::statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &source) != 0 ||
      ::statx(artifacts, "", AT_EMPTY_PATH, STATX_MNT_ID, &store) != 0 ||
      (source.stx_mask & store.stx_mask & STATX_MNT_ID) == 0 ||
      source.stx_mnt_id != store.stx_mnt_id)
    return false;
  if (source.stx_uid != ::geteuid() && ::fchown(file, ::geteuid(), ::getegid()) != 0) return false;
  return ::fchmod(file, artifact_mode) == 0;
}

bool same_content(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

Bytes size_of(const struct stat& info) { return {static_cast<std::uint64_t>(info.st_size)}; }

}  // namespace

std::string folder_of(const Digest& digest) { return to_hex(digest).substr(0, 2); }

std::string path_of(const Digest& digest) {
  const std::string hex = to_hex(digest);
  return hex.substr(0, 2) + "/" + hex;
}

Result<void> for_each_part(int fd, const std::string& what,
                           const std::function<Result<void>(std::string_view)>& sink) {
  std::string buffer(read_at_once, '\0');
  off_t at = 0;
  for (;;) {
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(file_fault("Cannot read " + what, errno));
    if (n == 0) return {};
    const auto part = std::string_view(buffer).substr(0, static_cast<std::size_t>(n));
    if (Result<void> done = sink(part); !done) return done;
    at += n;
  }
}

Result<Digest> digest_of(int fd, const std::string& what) {
  Sha256 hash;
  auto done = for_each_part(fd, what, [&](std::string_view part) -> Result<void> {
    hash.update(part);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return hash.finish();
}

Staged::~Staged() {
  if (!name_.empty()) ::unlinkat(staging_, name_.c_str(), 0);
}

Result<void> Staged::finish() const {
  if (::fchmod(fd(), artifact_mode) != 0)
    return std::unexpected(file_fault("Cannot make an artifact read-only", errno));
  return {};
}

Result<void> Staged::move_to(int folder, const std::string& path) {
  if (::renameat(staging_, name_.c_str(), folder, path.c_str()) != 0)
    return std::unexpected(file_fault("Cannot store an artifact", errno));
  name_.clear();
  return {};
}

bool ArtifactIntake::stat_of(const Digest& digest, struct stat& info) const {
  return ::fstatat(artifacts(), path_of(digest).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(info.st_mode);
}

bool ArtifactIntake::has(const Digest& digest, Bytes size) const {
  struct stat info {};
  return stat_of(digest, info) && size_of(info) == size;
}

Result<Staged> ArtifactIntake::stage() {
  std::string name = "artifact-" + std::to_string(staged_files_.fetch_add(1));
  auto file = open_beneath(staging_.get(), name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!file) return std::unexpected(file.error());
  return Staged(staging_.get(), std::move(name), std::move(*file));
}

Result<Incoming> ArtifactIntake::copy_in(int file, const std::string& what) {
  auto staged = stage();
  if (!staged) return std::unexpected(staged.error());
  Sha256 hash;
  Bytes size;
  auto done = for_each_part(file, what, [&](std::string_view part) {
    hash.update(part);
    size = size + Bytes{part.size()};
    return write_all(staged->fd(), part);
  });
  if (done) done = staged->finish();
  if (!done) return std::unexpected(done.error());
  return Incoming{{hash.finish(), size}, std::move(*staged), {}};
}

Result<Incoming> ArtifactIntake::link_or_copy_in(OwnedFd file, const struct stat& info,
                                                 const std::string& what) {
  const bool has_other_names = info.st_nlink != 1;
  if (!has_other_names && !make_linkable(file.get(), artifacts())) {
    auto copied = copy_in(file.get(), what);
    if (copied) copied->source = std::move(file);
    return copied;
  }
  const auto digest = digest_of(file.get(), what);
  if (!digest) return std::unexpected(digest.error());
  if (has_other_names) {
    // Taken before a crash, its other name is its artifact. Any other may be somebody else's.
    struct stat stored {};
    if (!stat_of(*digest, stored) || stored.st_ino != info.st_ino || stored.st_dev != info.st_dev)
      return fail(FaultKind::not_allowed,
                  what + " has " + std::to_string(info.st_nlink) +
                      " names (hard links). Write it as a file of its own.");
  }
  return Incoming{{*digest, size_of(info)}, {}, std::move(file)};
}

Result<Incoming> ArtifactIntake::read_in(int folder, const std::string& path) {
  const std::string what = "'" + path + "'";
  auto file = open_regular_beneath(folder, path);
  if (!file) return std::unexpected(file.error());
  struct stat before {};
  if (::fstat(file->get(), &before) != 0)
    return std::unexpected(file_fault("Cannot look at " + what, errno));
  auto incoming = link_or_copy_in(std::move(*file), before, what);
  if (!incoming) return incoming;
  struct stat after {};
  if (::fstat(incoming->source.get(), &after) != 0 || !same_content(before, after) ||
      incoming->artifact.size != size_of(after))
    return fail(FaultKind::not_allowed,
                what + " changed while it was read. Outputs are taken when nothing writes them.");
  return incoming;
}

Result<void> ArtifactIntake::place(Incoming& incoming) {
  const StoredArtifact& artifact = incoming.artifact;
  if (has(artifact.digest, artifact.size)) return {};
  if (auto made = make_folder_of(artifact.digest); !made) return made;
  const std::string path = path_of(artifact.digest);
  if (incoming.staged) return incoming.staged->move_to(artifacts(), path);
  // The descriptor that was hashed is what gets the name, whatever its path is by now.
  const std::string source = "/proc/self/fd/" + std::to_string(incoming.source.get());
  const auto link = [&] {
    return ::linkat(AT_FDCWD, source.c_str(), artifacts(), path.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link()) return {};
  if (errno == EEXIST) {
    if (has(artifact.digest, artifact.size)) return {};  // somebody was faster
    ::unlinkat(artifacts(), path.c_str(), 0);            // of another size: damaged
    if (link()) return {};
  }
  if (errno == ENOSPC || errno == EDQUOT)
    return std::unexpected(file_fault("Cannot store an artifact", errno));
  auto copied = copy_in(incoming.source.get(), "an output");
  if (!copied) return std::unexpected(copied.error());
  if (copied->artifact != artifact)
    return fail(FaultKind::not_allowed, "An output changed while it was read.");
  return copied->staged->move_to(artifacts(), path);
}

Result<void> ArtifactIntake::sync_content(const Incoming& incoming) const {
  // By its name: another taker of the same content may have placed it and not synced it yet.
  const auto file = open_regular_beneath(artifacts(), path_of(incoming.artifact.digest));
  if (!file) return std::unexpected(file.error());
  return sync_file(file->get(), "an artifact");
}

Result<void> ArtifactIntake::sync_folder(const std::string& name) const {
  const auto folder = open_beneath(artifacts(), name, O_RDONLY | O_DIRECTORY);
  if (!folder) return std::unexpected(folder.error());
  return sync_file(folder->get(), "the artifact folder");
}

Result<void> ArtifactIntake::make_folder_of(const Digest& digest) {
  const std::string name = folder_of(digest);
  if (::faccessat(artifacts(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return {};
  const std::lock_guard lock(mutex_);
  if (::mkdirat(artifacts(), name.c_str(), 0700) == 0) {
    new_folders_ = true;
    return {};
  }
  if (errno == EEXIST) return {};
  return std::unexpected(file_fault("Cannot make the folder 'artifacts/" + name + "'", errno));
}

Result<void> ArtifactIntake::sync_new_folders() {
  const std::lock_guard lock(mutex_);
  if (!new_folders_) return {};
  if (auto done = sync_file(artifacts(), "the artifact folders"); !done) return done;
  new_folders_ = false;
  return {};
}

}  // namespace runink::storage
