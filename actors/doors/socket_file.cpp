#include "actors/doors/socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace runink::actors {
namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return fail(FaultKind::bad_input,
                "The admin socket's path \"" + path + "\" is empty or longer than " +
                    std::to_string(sizeof(address.sun_path) - 3) +
                    " bytes, which is all that the kernel takes. Set a shorter [admin] socket.");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

OwnedFd stream_socket(int flags) {
  return OwnedFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

/// Nothing when the path may be taken.
Result<void> check_path(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return std::unexpected(
        outside_fault("The admin socket " + path + " cannot be looked at", errno));
  }
  if (!S_ISSOCK(found.st_mode))
    return fail(FaultKind::conflict, "The admin socket cannot be made: " + path +
                                         " exists and is no socket. Move it away or set another "
                                         "[admin] socket.");
  OwnedFd probe = stream_socket(SOCK_NONBLOCK);
  const bool listens =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EAGAIN;
  if (listens)
    return fail(FaultKind::conflict, "Another process listens on the admin socket " + path +
                                         ". Is a node running already with this cluster file?");
  return {};
}

Result<void> give_rights(const std::string& path, const SocketRights& rights) {
  const gid_t group = rights.group.value_or(static_cast<gid_t>(-1));
  const uid_t owner = rights.owner == ::geteuid() ? static_cast<uid_t>(-1) : rights.owner;
  if (::lchown(path.c_str(), owner, group) != 0)
    return std::unexpected(outside_fault(
        "The admin socket " + path + " cannot be given to its owner and group", errno));
  if (::chmod(path.c_str(), rights.group ? 0660 : 0600) != 0)
    return std::unexpected(
        outside_fault("The admin socket " + path + " cannot get its mode", errno));
  return {};
}

}  // namespace

Result<SocketFile> SocketFile::take(std::filesystem::path path, SocketRights rights) {
  const std::string beside = path.string() + "~";
  auto address = address_of(beside);
  if (!address) return std::unexpected(address.error());
  if (auto free = check_path(path.string(), *address_of(path.string())); !free)
    return std::unexpected(free.error());

  OwnedFd listener = stream_socket(0);
  if (!listener) return std::unexpected(outside_fault("No socket can be made", errno));
  ::unlink(beside.c_str());
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0)
    return std::unexpected(
        outside_fault("The admin socket cannot be made in " + path.parent_path().string(), errno));
  // Nobody can connect before listen(), so the rights are in place when the first one may.
  auto done = give_rights(beside, rights);
  if (done && ::listen(listener.get(), SOMAXCONN) != 0)
    done = std::unexpected(outside_fault("The admin socket cannot listen", errno));
  struct stat made {};
  if (done && (::lstat(beside.c_str(), &made) != 0 || ::rename(beside.c_str(), path.c_str()) != 0))
    done =
        std::unexpected(outside_fault("The admin socket cannot be named " + path.string(), errno));
  if (!done) {
    ::unlink(beside.c_str());
    return std::unexpected(done.error());
  }
  return SocketFile(std::move(path), std::move(listener), made.st_dev, made.st_ino);
}

void SocketFile::remove() {
  if (inode_ == 0 || path_.empty()) return;
  struct stat found {};
  if (::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_)
    ::unlink(path_.c_str());
  inode_ = 0;
}

}  // namespace runink::actors
