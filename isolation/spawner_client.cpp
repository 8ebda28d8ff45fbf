#include "isolation/spawner_client.hpp"

#include <unistd.h>

#include "isolation/packet_socket.hpp"

namespace runink::isolation {

Result<SpawnerClient> SpawnerClient::connect(const std::string& socket_path) {
  auto fd = connect_to(socket_path);
  if (!fd) return std::unexpected(fd.error());
  auto uid = peer_uid(fd->get());
  if (!uid) return std::unexpected(uid.error());
  if (*uid != 0 && *uid != ::geteuid())
    return fail(FaultKind::not_allowed, "Whoever listens at " + socket_path +
                                            " is neither root nor this user. Look who made that "
                                            "socket and remove it.");
  SpawnerClient client(*std::move(fd));
  const Hello hello;
  if (auto ok = client.send(hello); !ok) return std::unexpected(ok.error());
  return client;
}

Result<void> SpawnerClient::send(const ToSpawner& message, std::span<const int> fds) {
  if (!fd_) return fail(FaultKind::outside_failed, "The connection to the spawner is closed.");
  const std::string packet = to_packet(message);
  if (packet.size() > packet_bytes_max.value || fds.size() > packet_fds_max)
    return fail(FaultKind::bad_input, "The message to the spawner is larger than " +
                                          std::to_string(packet_bytes_max.value >> 10) +
                                          " KiB. Use shorter arguments.");
  switch (send_packet(fd_.get(), packet, fds)) {
    case Sent::yes: return {};
    case Sent::full:
      return fail(FaultKind::exhausted, "The spawner does not read fast enough. Try again.");
    case Sent::closed: break;
  }
  // What it said before it closed can still be read, so the descriptor stays.
  return fail(FaultKind::outside_failed, "The spawner is gone.");
}

Result<std::optional<Received>> SpawnerClient::receive() {
  if (!fd_) return fail(FaultKind::outside_failed, "The connection to the spawner is closed.");
  Incoming in = receive_packet(fd_.get(), packet_bytes_max.value, packet_fds_max);
  if (in.kind == Incoming::Kind::nothing) return std::optional<Received>{};
  if (in.kind == Incoming::Kind::closed) {
    close();
    return fail(FaultKind::outside_failed, "The spawner is gone.");
  }
  auto message = read_from_spawner(in.packet.bytes);
  if (!message) {
    close();
    return std::unexpected(message.error());
  }
  return std::optional<Received>{Received{*std::move(message), std::move(in.packet.fds)}};
}

}  // namespace runink::isolation
