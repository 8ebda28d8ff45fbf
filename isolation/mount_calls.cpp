#include "isolation/mount_calls.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace runink::isolation {
namespace {

constexpr std::uint64_t read_only = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

bool put(int folder, const char* path, std::string_view text) {
  OwnedFd fd(::openat(folder, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, 0644));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// Binds the host's `path` onto the same place in the new root.
bool bind(int root, const char* path, std::uint64_t attributes) {
  struct stat info {};
  if (::stat(path, &info) < 0) return false;
  const char* inside = path + 1;
  const bool made = S_ISDIR(info.st_mode) ? ::mkdirat(root, inside, 0755) == 0 || errno == EEXIST
                                          : put(root, inside, "");
  if (!made) return false;
  OwnedFd tree = clone_mount(path, attributes);
  return tree && attach_mount(tree.get(), root, inside);
}

/// "/bin" is a link on merged systems and a folder elsewhere.
bool link_or_bind(int root, const char* path) {
  struct stat info {};
  if (::lstat(path, &info) < 0) return errno == ENOENT;
  if (!S_ISLNK(info.st_mode)) return bind(root, path, read_only);
  char target[256];
  const ssize_t size = ::readlink(path, target, sizeof target - 1);
  if (size < 0) return false;
  target[size] = '\0';
  return ::symlinkat(target, root, path + 1) == 0;
}

bool fill_dev(int root) {
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
    if (!bind(root, device, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)) return false;
  return ::symlinkat("/proc/self/fd", root, "dev/fd") == 0 &&
         ::symlinkat("/proc/self/fd/0", root, "dev/stdin") == 0 &&
         ::symlinkat("/proc/self/fd/1", root, "dev/stdout") == 0 &&
         ::symlinkat("/proc/self/fd/2", root, "dev/stderr") == 0 &&
         ::symlinkat("/tmp", root, "dev/shm") == 0;
}

bool fill_etc(int root) {
  if (!put(root, "etc/passwd", "root:x:0:0::/:/bin/false\nslice:x:1:1::/tmp:/bin/sh\n") ||
      !put(root, "etc/group", "root:x:0:\nslice:x:1:\n") ||
      !put(root, "etc/hosts", "127.0.0.1 localhost\n") ||
      !put(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"))
    return false;
  for (const char* optional : {"/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"})
    if (::access(optional, F_OK) == 0 && !bind(root, optional, read_only | MOUNT_ATTR_NOEXEC))
      return false;
  return true;
}

}  // namespace

OwnedFd new_mount(const char* file_system,
                  std::span<const std::pair<const char*, const char*>> options,
                  unsigned attributes) {
  OwnedFd context(::fsopen(file_system, FSOPEN_CLOEXEC));
  if (!context) return {};
  for (const auto& [key, value] : options)
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value, 0) < 0) return {};
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return {};
  return OwnedFd(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
}

OwnedFd clone_mount(int fd, std::uint64_t attributes, int idmap) {
  OwnedFd tree(
      ::open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH));
  if (!tree) return {};
  mount_attr change{};
  change.attr_set = attributes;
  change.propagation = MS_PRIVATE;  // what the machine mounts below it later is no part of it
  if (idmap >= 0) {
    change.attr_set |= MOUNT_ATTR_IDMAP;
    change.userns_fd = static_cast<std::uint64_t>(idmap);
  }
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) < 0) {
    const int error = errno;
    tree.reset();
    errno = error;
  }
  return tree;
}

OwnedFd clone_mount(const char* path, std::uint64_t attributes, int idmap) {
  OwnedFd fd(::open(path, O_PATH | O_CLOEXEC));
  if (!fd) return {};
  return clone_mount(fd.get(), attributes, idmap);
}

bool attach_mount(int mount, int folder, const char* path) {
  return ::move_mount(mount, "", folder, path, MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

std::string build_root(const std::string& at) {
  if (::mkdir(at.c_str(), 0700) < 0 && errno != EEXIST) return "mkdir " + at;
  const std::pair<const char*, const char*> options[] = {{"size", "1m"}, {"mode", "755"}};
  OwnedFd root = new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (!root || !attach_mount(root.get(), AT_FDCWD, at.c_str())) return "tmpfs at " + at;
  const mode_t before = ::umask(0);
  std::string failed;
  for (const char* folder :
       {"etc", "usr", "dev", "proc", "tmp", "in", "out", "bundle", "scratch", "volumes", "runink"})
    if (failed.empty() && ::mkdirat(root.get(), folder, 0755) < 0) failed = folder;
  if (failed.empty() && !bind(root.get(), "/usr", read_only)) failed = "/usr";
  for (const char* path : {"/bin", "/sbin", "/lib", "/lib64"})
    if (failed.empty() && !link_or_bind(root.get(), path)) failed = path;
  if (failed.empty() && !fill_etc(root.get())) failed = "/etc";
  if (failed.empty() && !fill_dev(root.get())) failed = "/dev";
  const int error = errno;
  ::umask(before);
  errno = error;
  return failed;
}

}  // namespace runink::isolation
