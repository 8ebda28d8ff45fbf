#include "isolation/packet_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace runink::isolation {
namespace {

constexpr int backlog = 16;
constexpr int send_buffer_bytes = 1 << 20;
constexpr std::size_t fds_most = 128;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(FaultKind::bad_input, "The socket path " + path +
                                          " is longer than the 107 bytes that the kernel allows. "
                                          "Use a data folder with a shorter path.");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

Result<OwnedFd> listen_at(const std::string& path) {
  auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return std::unexpected(outside_fault("A socket cannot be made", errno));
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  const int error = errno;
  ::umask(before);
  if (bound < 0)
    return std::unexpected(outside_fault("The socket " + path + " cannot be made", error));
  if (::listen(fd.get(), backlog) < 0)
    return std::unexpected(outside_fault("Nobody can connect to " + path, errno));
  return fd;
}

Result<OwnedFd> connect_to(const std::string& path) {
  auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return std::unexpected(outside_fault("A socket cannot be made", errno));
  // An error only means that the buffer stays at its default.
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) < 0) {
    if (errno == ENOENT || errno == ECONNREFUSED)
      return fail(FaultKind::no_such_thing, "No spawner listens at " + path + ".");
    return std::unexpected(outside_fault("The spawner at " + path + " cannot be reached", errno));
  }
  return fd;
}

Result<uid_t> peer_uid(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
    return std::unexpected(outside_fault("The kernel does not say who is at the other end", errno));
  return peer.uid;
}

Sent send_packet(int socket, std::string_view packet, std::span<const int> fds) {
  iovec part{const_cast<char*>(packet.data()), packet.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * fds_most)]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fds.size() > fds_most) return Sent::closed;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return Sent::yes;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == ENOBUFS ? Sent::full : Sent::closed;
  }
}

Incoming receive_packet(int socket, std::size_t bytes_max, std::size_t fds_max) {
  Incoming in;
  // Its size first: room for the largest packet would cost more page faults than the rest together.
  ssize_t size = 0;
  do {
    size = ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    in.kind = errno == EAGAIN ? Incoming::Kind::nothing : Incoming::Kind::closed;
    return in;
  }
  if (size == 0 || static_cast<std::size_t>(size) > bytes_max) {
    in.kind = Incoming::Kind::closed;
    return in;
  }
  in.packet.bytes.resize(static_cast<std::size_t>(size));
  iovec part{in.packet.bytes.data(), in.packet.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * fds_most) + CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    in.kind = errno == EAGAIN ? Incoming::Kind::nothing : Incoming::Kind::closed;
    return in;
  }
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h != nullptr; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET) continue;
    if (h->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(h), sizeof sender);
      in.packet.sender = sender.pid;
    } else if (h->cmsg_type == SCM_RIGHTS) {
      const std::size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < n; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
        in.packet.fds.emplace_back(fd);
      }
    }
  }
  const bool broken = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  if (got == 0 || broken || in.packet.fds.size() > fds_max) {
    in.kind = Incoming::Kind::closed;
    in.packet = {};
    return in;
  }
  in.packet.bytes.resize(static_cast<std::size_t>(got));
  in.kind = Incoming::Kind::packet;
  return in;
}

}  // namespace runink::isolation
