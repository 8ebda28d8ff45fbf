#include "isolation/owner_change.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {
namespace {

/// A slice may have made folders as deep as it liked; a descriptor is held for each level.
constexpr int depth_most = 256;

std::uint64_t change(int folder, dev_t device, uid_t uid, gid_t gid, int depth) {
  std::uint64_t failed = 0;
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = copy < 0 ? nullptr : ::fdopendir(copy);
  if (entries == nullptr) {
    if (copy >= 0) ::close(copy);
    return 1;
  }
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat info {};
    if (::fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 || info.st_dev != device ||
        ::fchownat(folder, entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0) {
      ++failed;
      continue;
    }
    if (!S_ISDIR(info.st_mode)) continue;
    OwnedFd inner(::openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner || depth >= depth_most)
      ++failed;
    else
      failed += change(inner.get(), device, uid, gid, depth + 1);
  }
  ::closedir(entries);
  return failed;
}

}  // namespace

std::uint64_t change_owner_of_tree(int folder, uid_t uid, gid_t gid) {
  struct stat info {};
  if (::fstat(folder, &info) < 0) return 1;
  std::uint64_t failed = ::fchownat(folder, "", uid, gid, AT_EMPTY_PATH) < 0 ? 1 : 0;
  return failed + change(folder, info.st_dev, uid, gid, 0);
}

}  // namespace runink::isolation
