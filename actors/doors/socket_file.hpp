// The file of a listening unix socket: taken without a moment in which the wrong people could
// connect, and removed only while it is still ours.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors {

struct SocketRights {
  uid_t owner = 0;
  std::optional<gid_t> group;  ///< may connect too; mode 0660 then, else 0600
};

class SocketFile {
 public:
  /// Binds and listens. The socket gets its owner and mode under another name before it listens,
  /// and is then renamed to `path`, so that a stale file is replaced in one step. `conflict` when
  /// somebody listens there, or when something that is no socket is in the way.
  static Result<SocketFile> take(std::filesystem::path path, SocketRights rights);
  SocketFile(SocketFile&& other) noexcept
      : path_(std::move(other.path_)),
        listener_(std::move(other.listener_)),
        device_(other.device_),
        inode_(std::exchange(other.inode_, 0)) {}
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile() { remove(); }

  /// The listening descriptor, given away once.
  OwnedFd release() { return std::move(listener_); }
  /// Removes the file, unless somebody else has taken the path since.
  void remove();

 private:
  SocketFile(std::filesystem::path path, OwnedFd listener, dev_t device, ino_t inode)
      : path_(std::move(path)), listener_(std::move(listener)), device_(device), inode_(inode) {}
  std::filesystem::path path_;
  OwnedFd listener_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace runink::actors
