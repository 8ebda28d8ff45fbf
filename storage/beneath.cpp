#include "storage/beneath.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "vocabulary/ensure.hpp"

namespace runink::storage {
namespace {

constexpr int deepest = 64;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

/// A stream over `fd`, which it takes over.
Dir dir_of(OwnedFd fd) {
  DIR* dir = ::fdopendir(fd.get());
  if (dir != nullptr) fd.release();
  return Dir(dir);
}

int openat2_beneath(int folder, const std::string& path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC | O_NOFOLLOW;
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    // EAGAIN: something was renamed meanwhile and the kernel cannot be sure about "..".
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return static_cast<int>(fd);
  }
}

std::string kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK: return "a symbolic link";
    case S_IFIFO: return "a named pipe";
    case S_IFSOCK: return "a socket";
    case S_IFBLK: return "a block device";
    case S_IFCHR: return "a character device";
    case S_IFDIR: return "a folder";
    default: return "no regular file";
  }
}

Fault not_regular(std::string_view path, mode_t mode) {
  return {FaultKind::not_allowed, "'" + std::string(path) + "' is " + kind_of(mode) +
                                      ". Only regular files are taken; write the content itself."};
}

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

struct Walk {
  std::size_t most;
  HardLinks links;
  std::vector<FoundFile> found;

  Result<void> file(const std::string& path, const struct stat& info) {
    if (!S_ISREG(info.st_mode)) return std::unexpected(not_regular(path, info.st_mode));
    if (info.st_nlink != 1 && links == HardLinks::refuse)
      return fail(FaultKind::not_allowed,
                  "'" + path + "' has " + std::to_string(info.st_nlink) +
                      " names (hard links). Write it as a file of its own.");
    if (found.size() >= most)
      return fail(FaultKind::exhausted, "There are more than " + std::to_string(most) +
                                            " files. Write fewer, larger ones.");
    found.push_back({path, Bytes{static_cast<std::uint64_t>(info.st_size)},
                     (info.st_mode & S_IXUSR) != 0, info.st_nlink});
    return {};
  }

  Result<void> folder(OwnedFd fd, const std::string& prefix, int depth) {
    if (depth > deepest)
      return fail(FaultKind::exhausted,
                  "'" + prefix + "' lies deeper than " + std::to_string(deepest) + " folders.");
    const Dir dir = dir_of(std::move(fd));
    if (!dir) return std::unexpected(file_fault("Cannot list '" + prefix + "'", errno));
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir.get());
      if (entry == nullptr) {
        if (errno != 0) return std::unexpected(file_fault("Cannot list '" + prefix + "'", errno));
        return {};
      }
      if (is_dot(entry->d_name)) continue;
      const std::string path = prefix + entry->d_name;
      struct stat info {};
      if (::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return std::unexpected(file_fault("Cannot look at '" + path + "'", errno));
      Result<void> done;
      if (S_ISDIR(info.st_mode)) {
        auto inner = open_beneath(::dirfd(dir.get()), entry->d_name, O_RDONLY | O_DIRECTORY);
        if (!inner) return std::unexpected(inner.error());
        done = folder(std::move(*inner), path + "/", depth + 1);
      } else {
        done = file(path, info);
      }
      if (!done) return done;
    }
  }
};

/// Removes all that is in `fd`. Depth costs descriptors, not stack: both are bounded by the
/// kernel's own limit on path depth that a slice can make step by step, so the fault is a clean
/// one.
Result<void> remove_all_in(OwnedFd fd, const std::string& what) {
  ::fchmod(fd.get(), 0700);  // best effort: it may have been left without permissions
  const Dir dir = dir_of(std::move(fd));
  if (!dir) return std::unexpected(file_fault("Cannot list " + what, errno));
  const int at = ::dirfd(dir.get());
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) {
      if (errno != 0) return std::unexpected(file_fault("Cannot list " + what, errno));
      return {};
    }
    if (is_dot(entry->d_name)) continue;
    if (::unlinkat(at, entry->d_name, 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM)
      return std::unexpected(
          file_fault("Cannot remove '" + std::string(entry->d_name) + "' in " + what, errno));
    if (auto done = remove_tree(at, entry->d_name); !done) return done;
  }
}

/// "a/b/../c" is for openat2 to judge; these helpers take one plain name.
bool one_part(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

}  // namespace

Fault file_fault(std::string_view what, int error) {
  if (error == ENOSPC || error == EDQUOT)
    return {FaultKind::exhausted, std::string(what) + ": the disk is full" +
                                      (error == EDQUOT ? " (quota)" : "") +
                                      ". Nothing was kept; make room and repeat."};
  Fault fault = outside_fault(what, error);
  if (error == ENOENT) fault.kind = FaultKind::no_such_thing;
  fault.what += '.';
  return fault;
}

Result<OwnedFd> open_folder(const std::string& path) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return std::unexpected(file_fault("Cannot open the folder '" + path + "'", errno));
  return fd;
}

Result<OwnedFd> open_beneath(int folder, std::string_view path, int flags, unsigned mode) {
  OwnedFd fd(openat2_beneath(folder, std::string(path), flags, mode));
  if (fd) return fd;
  if (errno == ELOOP || errno == EXDEV)
    return fail(FaultKind::not_allowed,
                "'" + std::string(path) + "' leads through a symbolic link or out of its folder. " +
                    "Only files that lie beneath it can be used.");
  return std::unexpected(file_fault("Cannot open '" + std::string(path) + "'", errno));
}

Result<OwnedFd> open_regular_beneath(int folder, std::string_view path) {
  // O_PATH | O_NOFOLLOW opens even a link as itself, without touching what it is.
  auto place = open_beneath(folder, path, O_PATH);
  if (!place) return place;
  struct stat before {};
  if (::fstat(place->get(), &before) != 0)
    return std::unexpected(file_fault("Cannot look at '" + std::string(path) + "'", errno));
  if (!S_ISREG(before.st_mode)) return std::unexpected(not_regular(path, before.st_mode));
  auto file = open_beneath(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return file;
  struct stat after {};
  if (::fstat(file->get(), &after) != 0 || !S_ISREG(after.st_mode) ||
      after.st_ino != before.st_ino || after.st_dev != before.st_dev)
    return fail(FaultKind::not_allowed, "'" + std::string(path) + "' changed while it was opened.");
  return file;
}

Result<std::vector<FoundFile>> regular_files(int folder, std::size_t most, HardLinks links) {
  auto top = open_beneath(folder, ".", O_RDONLY | O_DIRECTORY);
  if (!top) return std::unexpected(top.error());
  Walk walk{most, links, {}};
  if (auto done = walk.folder(std::move(*top), "", 0); !done) return std::unexpected(done.error());
  std::sort(walk.found.begin(), walk.found.end(),
            [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  return std::move(walk.found);
}

Result<std::vector<std::string>> names_in(int folder) {
  auto own = open_beneath(folder, ".", O_RDONLY | O_DIRECTORY);
  if (!own) return std::unexpected(own.error());
  const Dir dir = dir_of(std::move(*own));
  if (!dir) return std::unexpected(file_fault("Cannot list a folder", errno));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    if (!is_dot(entry->d_name)) names.emplace_back(entry->d_name);
  }
  if (errno != 0) return std::unexpected(file_fault("Cannot list a folder", errno));
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> make_folders(int folder, std::string_view path, unsigned mode) {
  OwnedFd held;
  int at = folder;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string part(path.substr(0, slash));
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
    if (part.empty()) continue;
    if (!one_part(part))
      return fail(FaultKind::not_allowed, "'" + part + "' is no name for a folder.");
    if (::mkdirat(at, part.c_str(), mode) != 0 && errno != EEXIST)
      return std::unexpected(file_fault("Cannot make the folder '" + part + "'", errno));
    auto inner = open_beneath(at, part, O_RDONLY | O_DIRECTORY);
    if (!inner) return std::unexpected(inner.error());
    held = std::move(*inner);
    at = held.get();
  }
  return {};
}

Result<void> remove_tree(int folder, const std::string& name) {
  if (!one_part(name))
    return fail(FaultKind::bad_input, "'" + name + "' is no single name that could be removed.");
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM)
    return std::unexpected(file_fault("Cannot remove '" + name + "'", errno));
  int fd = openat2_beneath(folder, name, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0 && errno == EACCES) {
    // No permission to read: whoever wrote it took them away. We own it, so we may give them back;
    // through O_PATH, so that a link put in its place meanwhile is not what we change.
    const OwnedFd place(openat2_beneath(folder, name, O_PATH | O_DIRECTORY, 0));
    if (place) ::chmod(("/proc/self/fd/" + std::to_string(place.get())).c_str(), 0700);
    fd = openat2_beneath(folder, name, O_RDONLY | O_DIRECTORY, 0);
  }
  if (fd < 0) return std::unexpected(file_fault("Cannot open the folder '" + name + "'", errno));
  if (auto done = remove_all_in(OwnedFd(fd), "'" + name + "'"); !done) return done;
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return std::unexpected(file_fault("Cannot remove the folder '" + name + "'", errno));
  return {};
}

Result<void> empty_folder(int folder) {
  auto own = open_beneath(folder, ".", O_RDONLY | O_DIRECTORY);
  if (!own) return std::unexpected(own.error());
  return remove_all_in(std::move(*own), "a folder");
}

Result<std::string> read_file(int folder, std::string_view path, Bytes most) {
  auto file = open_regular_beneath(folder, path);
  if (!file) return std::unexpected(file.error());
  std::string bytes;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t n = ::read(file->get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(file_fault("Cannot read '" + std::string(path) + "'", errno));
    if (n == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(n) > most.value)
      return fail(FaultKind::exhausted, "'" + std::string(path) + "' is larger than " +
                                            std::to_string(most.value) + " bytes.");
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<std::string> read_range(int file, std::uint64_t at, std::size_t size,
                               std::string_view what) {
  std::string bytes(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t n =
        ::pread(file, bytes.data() + done, size - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(file_fault("Cannot read " + std::string(what), errno));
    if (n == 0)
      return fail(FaultKind::corrupt, std::string(what) + " ends at byte " +
                                          std::to_string(at + done) + ", before its content does.");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

Result<void> write_file_synced(int folder, const std::string& name, std::string_view bytes,
                               unsigned mode) {
  ENSURE(one_part(name));
  const std::string aside = "." + name + ".new";
  ::unlinkat(folder, aside.c_str(), 0);
  auto file = open_beneath(folder, aside, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file) return std::unexpected(file.error());
  Result<void> done = write_all(file->get(), bytes);
  if (done) done = sync_file(file->get(), "'" + aside + "'");
  if (done && ::renameat(folder, aside.c_str(), folder, name.c_str()) != 0)
    done = std::unexpected(file_fault("Cannot rename '" + aside + "' to '" + name + "'", errno));
  if (!done) {
    ::unlinkat(folder, aside.c_str(), 0);
    return done;
  }
  return sync_file(folder, "the folder of '" + name + "'");
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(file_fault("Cannot write", errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> sync_file(int fd, std::string_view what) {
  if (::fsync(fd) == 0) return {};
  return std::unexpected(file_fault("Cannot sync " + std::string(what), errno));
}

Result<DiskSpace> disk_space(int folder) {
  struct statvfs info {};
  if (::fstatvfs(folder, &info) != 0)
    return std::unexpected(file_fault("Cannot ask how full the disk is", errno));
  return DiskSpace{Bytes{info.f_blocks * info.f_frsize}, Bytes{info.f_bavail * info.f_frsize}};
}

}  // namespace runink::storage
