#include "isolation/protocol.hpp"

#include "vocabulary/codec.hpp"

namespace runink::isolation {
namespace {

template <class Message>
std::string packet_of(const Message& message) {
  std::string packet;
  Encoder encoder{packet};
  std::visit(
      [&](const auto& one) {
        encoder(one.number);
        encoder(one);
      },
      message);
  return packet;
}

template <class One, class Message>
bool read_one(std::uint16_t number, std::string_view body, std::optional<Result<Message>>& out) {
  if (number != One::number) return false;
  auto one = decode<One>(body, "A message of the spawner's protocol");
  if (one)
    out.emplace(Message(*std::move(one)));
  else
    out.emplace(std::unexpected(one.error()));
  return true;
}

template <class... Ones>
Result<std::variant<Ones...>> read_any(std::string_view packet, std::variant<Ones...>*) {
  std::uint16_t number = 0;
  if (packet.size() >= sizeof number) {
    Decoder{packet.substr(0, sizeof number)}(number);
    const std::string_view body = packet.substr(sizeof number);
    std::optional<Result<std::variant<Ones...>>> out;
    if ((read_one<Ones>(number, body, out) || ...)) return *std::move(out);
  }
  return fail(FaultKind::corrupt,
              "Message number " + std::to_string(number) + " is not part of version " +
                  std::to_string(protocol_version) + " of the spawner's protocol.");
}

}  // namespace

std::string to_packet(const ToSpawner& message) { return packet_of(message); }
std::string to_packet(const FromSpawner& message) { return packet_of(message); }

Result<ToSpawner> read_to_spawner(std::string_view packet) {
  return read_any(packet, static_cast<ToSpawner*>(nullptr));
}
Result<FromSpawner> read_from_spawner(std::string_view packet) {
  return read_any(packet, static_cast<FromSpawner*>(nullptr));
}

}  // namespace runink::isolation
