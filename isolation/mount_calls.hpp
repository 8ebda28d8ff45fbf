// The few mount calls that are needed; each returns an empty descriptor with errno set on failure.
#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {

/// A new detached file system ("tmpfs", "proc").
OwnedFd new_mount(const char* file_system,
                  std::span<const std::pair<const char*, const char*>> options,
                  unsigned attributes);

/// A detached copy of what `fd` points to (an O_PATH descriptor), with all mounts beneath it, with
/// `attributes` set (MOUNT_ATTR_*) and, if `idmap` >= 0, mapped through that user namespace.
OwnedFd clone_mount(int fd, std::uint64_t attributes, int idmap = -1);
OwnedFd clone_mount(const char* path, std::uint64_t attributes, int idmap = -1);

/// Attaches a detached mount; false with errno set.
bool attach_mount(int mount, int folder, const char* path);

/// The system part of every slice's root, in a tmpfs mounted at `at` in this mount namespace:
/// read-only system folders, a small /etc and /dev, mount points. On failure it names what failed
/// and leaves errno.
std::string build_root(const std::string& at);

}  // namespace runink::isolation
