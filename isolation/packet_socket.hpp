// SOCK_SEQPACKET unix sockets: whole packets, descriptors beside them, peers known by the kernel.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {

/// A listening socket at `path`, which only its owner may connect to; what lay there is replaced.
Result<OwnedFd> listen_at(const std::string& path);
/// Connects without blocking; `no_such_thing` when nobody listens.
Result<OwnedFd> connect_to(const std::string& path);
/// The user at the other end when the connection was made (SO_PEERCRED).
Result<uid_t> peer_uid(int socket);

enum class Sent { yes, full, closed };
/// One packet; `fds` are copied.
Sent send_packet(int socket, std::string_view packet, std::span<const int> fds);

struct Packet {
  std::string bytes;
  std::vector<OwnedFd> fds;
  /// Who sent it, in our pid namespace, if the socket has SO_PASSCRED; else 0.
  pid_t sender = 0;
};
struct Incoming {
  enum class Kind { packet, nothing, closed } kind = Kind::nothing;
  Packet packet;
};
/// One packet of at most `bytes_max`; a longer one, or one with more than `fds_max` descriptors,
/// counts as `closed`: the peer does not keep the rules.
Incoming receive_packet(int socket, std::size_t bytes_max, std::size_t fds_max);

}  // namespace runink::isolation
