#include "actors/workloads/publish.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>

#include "storage/artifact_store.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors {
namespace {

constexpr const char* index_attribute = "user.runink.index";

std::unexpected<PublishFailure> failure(int error) {
  using state::PublishRefusal;
  PublishRefusal reason = PublishRefusal::outside_failed;
  if (error == ENOSPC || error == EDQUOT) reason = PublishRefusal::disk_full;
  return std::unexpected(PublishFailure{reason, error});
}

/// Of a path below the volume's root: a link led out of it.
std::unexpected<PublishFailure> path_failure(int error) {
  if (error == EXDEV || error == ELOOP)
    return std::unexpected(PublishFailure{state::PublishRefusal::leaves_volume, error});
  return failure(error);
}

OwnedFd open_below(int root, const std::string& path, std::uint64_t flags, std::uint64_t mode) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return OwnedFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

/// The folder of `path` below `root`, made where it is missing.
std::expected<OwnedFd, PublishFailure> target_folder(int root, const std::string& path) {
  OwnedFd folder = open_below(root, ".", O_RDONLY | O_DIRECTORY, 0);
  if (!folder) return path_failure(errno);
  std::size_t from = 0;
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', from)) {
    const std::string so_far = path.substr(0, slash);
    from = slash + 1;
    OwnedFd next = open_below(root, so_far, O_RDONLY | O_DIRECTORY, 0);
    if (!next && errno == ENOENT) {
      const std::string part = so_far.substr(so_far.rfind('/') + 1);
      if (::mkdirat(folder.get(), part.c_str(), 0755) != 0 && errno != EEXIST)
        return failure(errno);
      if (::fsync(folder.get()) != 0) return failure(errno);
      next = open_below(root, so_far, O_RDONLY | O_DIRECTORY, 0);
    }
    if (!next) return path_failure(errno);
    folder = std::move(next);
  }
  return folder;
}

/// The index that stands at the target, when this cluster put it there.
std::optional<std::uint64_t> standing_index(int folder, const std::string& name,
                                            const std::string& cluster) {
  OwnedFd fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return std::nullopt;
  char text[128];
  const ssize_t n = ::fgetxattr(fd.get(), index_attribute, text, sizeof text);
  if (n <= 0) return std::nullopt;
  const std::string_view value(text, static_cast<std::size_t>(n));
  if (!value.starts_with(cluster + " ")) return std::nullopt;
  std::uint64_t index = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data() + cluster.size() + 1, end, index);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return index;
}

/// Moves some bytes from where `from` stands to where `to` stands; as read(2) and write(2).
ssize_t copy_part(int from, int to) {
  char buffer[1 << 16];
  const ssize_t n = ::read(from, buffer, sizeof buffer);
  for (ssize_t done = 0; done < n;) {
    const ssize_t w = ::write(to, buffer + done, static_cast<std::size_t>(n - done));
    if (w < 0 && errno != EINTR) return -1;
    if (w > 0) done += w;
  }
  return n;
}

std::expected<void, PublishFailure> copy_into(const Services& services,
                                              const state::Publication& publication, int to) {
  const Bytes size = publication.file.size;
  auto from = services.artifacts.open_artifact(publication.file.digest, &size);
  if (!from) return failure(EIO);
  std::uint64_t left = size.value;
  while (left > 0) {
    ssize_t n = ::copy_file_range(from->get(), nullptr, to, nullptr, left, 0);
    // Between two file systems the kernel may not copy by itself (copy_file_range(2), EXDEV).
    if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
      n = copy_part(from->get(), to);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failure(n == 0 ? EIO : errno);
    left -= static_cast<std::uint64_t>(n);
  }
  return {};
}

/// Files aside that a crash left: ours by their prefix, and older than what we publish now.
void remove_leftovers(int folder, const std::string& prefix, const std::string& keep) {
  const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* list = again < 0 ? nullptr : ::fdopendir(again);
  if (list == nullptr) return;
  while (const dirent* one = ::readdir(list)) {
    const std::string_view name = one->d_name;
    if (name.starts_with(prefix) && name != keep) ::unlinkat(folder, one->d_name, 0);
  }
  ::closedir(list);
}

}  // namespace

std::expected<Published, PublishFailure> publish(const Services& services,
                                                 const state::Publication& publication) {
  using state::PublishRefusal;
  const auto volume = services.config.volumes.find(publication.target.volume);
  if (volume == services.config.volumes.end())
    return std::unexpected(PublishFailure{PublishRefusal::volume_missing, 0});
  const auto grant = volume->second.grants.find(publication.herd);
  if (grant == volume->second.grants.end() || grant->second != config::Access::write)
    return std::unexpected(PublishFailure{PublishRefusal::not_granted, 0});
  OwnedFd root(::open(volume->second.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failure(errno);

  const std::string& path = publication.target.path;
  auto folder = target_folder(root.get(), path);
  if (!folder) return std::unexpected(folder.error());
  // Freed with the descriptor. Who else may open the folder could hold it for ever: never wait here.
  if (::flock(folder->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Published::busy;
    return failure(errno);
  }

  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string cluster = storage::uuid_text(services.folder.identity());
  const std::string prefix = "." + name + ".runink-";
  const auto standing = standing_index(folder->get(), name, cluster);
  if (standing && *standing >= publication.index.value) {
    remove_leftovers(folder->get(), prefix, "");
    return *standing == publication.index.value ? Published::already : Published::superseded;
  }

  const std::string aside = prefix + std::to_string(publication.index.value);
  remove_leftovers(folder->get(), prefix, aside);
  OwnedFd file(::openat(folder->get(), aside.c_str(),
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return failure(errno);
  const auto give_up = [&](PublishFailure why) {
    ::unlinkat(folder->get(), aside.c_str(), 0);
    return std::unexpected(why);
  };
  if (auto copied = copy_into(services, publication, file.get()); !copied)
    return give_up(copied.error());
  const std::string value = cluster + " " + std::to_string(publication.index.value);
  if (::fsetxattr(file.get(), index_attribute, value.data(), value.size(), 0) != 0 ||
      ::fchmod(file.get(), 0644) != 0 || ::fsync(file.get()) != 0)
    return give_up(failure(errno).error());
  at(FaultPoint::before_sink_rename);
  if (::renameat(folder->get(), aside.c_str(), folder->get(), name.c_str()) != 0)
    return give_up(failure(errno).error());
  if (::fsync(folder->get()) != 0) return failure(errno);
  at(FaultPoint::after_sink_rename);
  return Published::moved;
}

}  // namespace runink::actors
