#include "actors/workloads/artifact_exchange.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "actors/cluster/disk_reserve.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/workloads/remains.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

struct WireFetch {
  Digest digest;
  static auto fields(auto& self) { return std::tie(self.digest); }
};
struct WireKeep {
  std::string owner;
  std::vector<std::pair<Digest, std::uint64_t>> artifacts;
  static auto fields(auto& self) { return std::tie(self.owner, self.artifacts); }
};

PeerAnswer without_answer(const Fault& fault) { return {fault, {}, false}; }

/// An artifact on its way in.
struct Arriving {
  /// On a disk thread. Nothing is written of what is too much, here or for the disk.
  Result<void> write(const Services& services, std::string_view bytes) {
    size.value += bytes.size();
    if (known.value != 0 && size > known)
      return fail(FaultKind::corrupt, "More than the " + std::to_string(known.value) +
                                          " bytes of the artifact came; it was not taken.");
    if (auto full = no_room_for_bytes(Bytes{bytes.size()}, services)) return std::unexpected(*full);
    return writer->write(bytes);
  }
  std::optional<storage::ArtifactWriter> writer;
  Bytes known;  ///< 0: whatever it is
  Bytes size;   ///< came
  Result<void> written;
};

/// Whatever way a fetch ends: what has come of its artifact, which may be gigabytes, is removed on a disk thread.
std::shared_ptr<Arriving> make_arriving(co::DiskThreads& disk) {
  auto discard = [&disk](Arriving* one) {
    std::unique_ptr<Arriving> last(one);
    if (!last->writer) return;
    (void)disk.submit_at_leisure([last = std::move(last)] {});
  };
  return {new Arriving{}, discard};
}

/// Ends the question whose answer is of no use any more.
struct NotWanted : std::exception {
  const char* what() const noexcept override { return "what comes is not wanted any more"; }
};

}  // namespace

asio::awaitable<Result<void>> ArtifactExchange::fetch(std::vector<WantedArtifact> wanted,
                                                      storage::PinOwner owner,
                                                      Progressed progressed) {
  for (WantedArtifact& one : wanted) {
    auto fetched = co_await fetch_one(std::move(one), owner, progressed);
    if (!fetched) co_return fetched;
    if (progressed) co_await progressed();
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> ArtifactExchange::fetch_one(WantedArtifact one,
                                                          storage::PinOwner owner,
                                                          const Progressed& progressed) {
  Services* services = &services_;
  auto keep = [services, digest = one.digest, owner]() -> Result<bool> {
    if (!services->artifacts.has(digest)) return false;
    if (auto pinned = services->artifacts.pin(digest, owner); !pinned)
      return std::unexpected(pinned.error());
    return services->artifacts.has(digest);
  };
  auto here = co_await co::on_disk(services_.disk, keep);
  if (!here) co_return std::unexpected(here.error());
  if (*here) co_return Result<void>{};
  std::vector<PeerContact> contacts = links_.contacts();
  std::erase_if(contacts, [](const PeerContact& contact) { return !contact.connected; });
  std::ranges::stable_partition(contacts, [&](const PeerContact& contact) {
    return std::ranges::find(one.holders, contact.peer.name) != one.holders.end();
  });
  Result<void> last;
  for (const PeerContact& contact : contacts) {
    last = co_await fetch_from(contact.peer.id, one, owner, progressed);
    if (last || last.error().kind == FaultKind::exhausted) co_return last;
  }
  if (!contacts.empty() && last.error().kind != FaultKind::no_such_thing)
    services_.log.warn("an artifact could not be fetched", {LogField(last.error())});
  std::string what =
      "Artifact " + to_hex(one.digest).substr(0, 12) + " is on no node that can be reached";
  if (!one.holders.empty()) what += "; it was made or copied to";
  for (const NodeName& holder : one.holders) what += " " + holder.value;
  co_return fail(FaultKind::no_such_thing, what + ". Start the nodes that have it.");
}

asio::awaitable<Result<void>> ArtifactExchange::fetch_from(NodeId node, WantedArtifact one,
                                                           storage::PinOwner owner,
                                                           const Progressed& progressed) {
  Services* services = &services_;
  const auto arriving = make_arriving(services_.disk);
  arriving->known = one.size;
  auto start = [services, arriving]() -> Result<void> {
    if (auto full = no_room_for_bytes(arriving->known, *services)) return std::unexpected(*full);
    auto writer = services->artifacts.start();
    if (!writer) return std::unexpected(writer.error());
    arriving->writer.emplace(std::move(*writer));
    return {};
  };
  if (auto started = co_await co::on_disk(services_.disk, start); !started) co_return started;
  PartTaker take = [services, arriving, &progressed](std::string bytes) -> asio::awaitable<void> {
    auto write = [services, arriving, bytes = std::move(bytes)] {
      return arriving->write(*services, bytes);
    };
    arriving->written = co_await co::on_disk(services->disk, write);
    if (!arriving->written) throw NotWanted();
    if (progressed) co_await progressed();
  };
  std::string question = encode(WireFetch{one.digest});
  PeerAnswer answer;
  try {
    answer = co_await links_.ask(node, Subject::fetch, std::move(question), take);
  } catch (const NotWanted&) {
    answer.fault = arriving->written.error();
  }
  if (answer.fault) {
    // Its room is free when the caller hears of it: the next one may be tried at once.
    auto discard = [arriving] { arriving->writer.reset(); };
    (void)co_await co::on_disk(services_.disk, discard);
    co_return std::unexpected(*answer.fault);
  }
  auto finish = [arriving, owner, digest = one.digest]() -> Result<void> {
    auto stored = arriving->writer->finish(owner, &digest);
    arriving->writer.reset();
    if (!stored) return std::unexpected(stored.error());
    return {};
  };
  co_return co_await co::on_disk(services_.disk, finish);
}

asio::awaitable<std::optional<NodeName>> ArtifactExchange::copy(
    std::vector<storage::StoredArtifact> made, std::string owner) {
  WireKeep wire;
  wire.owner = std::move(owner);
  for (const storage::StoredArtifact& one : made)
    wire.artifacts.emplace_back(one.digest, one.size.value);
  const std::string question = encode(wire);
  std::vector<PeerContact> contacts = links_.contacts();
  // Not always the same one.
  if (!made.empty() && !contacts.empty())
    std::ranges::rotate(contacts,
                        contacts.begin() + made.front().digest.bytes[0] % contacts.size());
  for (const PeerContact& contact : contacts) {
    if (!contact.connected) continue;
    std::string bytes = question;
    const PeerAnswer answer = co_await links_.ask(contact.peer.id, Subject::keep, std::move(bytes));
    if (!answer.fault) co_return contact.peer.name;
    services_.log.warn("a node does not keep copies of artifacts",
                       {LogField(contact.peer.name), LogField(*answer.fault)});
  }
  co_return std::nullopt;
}

asio::awaitable<PeerAnswer> ArtifactExchange::answer(PeerAsk ask, PeerParts& parts) {
  if (ask.subject == Subject::keep) co_return co_await keep(std::move(ask), parts);
  co_return co_await give(std::move(ask), parts);
}

asio::awaitable<PeerAnswer> ArtifactExchange::keep(PeerAsk ask, PeerParts& parts) {
  auto wire = decode<WireKeep>(ask.payload, "A list of artifacts");
  if (!wire) co_return without_answer(wire.error());
  std::vector<WantedArtifact> wanted;
  for (const auto& [digest, size] : wire->artifacts)
    wanted.push_back({digest, Bytes{size}, {ask.from.name}});
  storage::PinOwner owner = copy_pins_of(services_.folder.identity().incarnation, wire->owner);
  // Who asked hears that it goes on, or would take a large artifact for a node that hangs.
  Instant told = services_.clock.now();
  Progressed progressed = [this, &parts, &told]() -> asio::awaitable<void> {
    const Instant now = services_.clock.now();
    if (now - told < Duration{limits::peer_silence.ns / limits::peer_words}) co_return;
    told = now;
    std::string nothing;
    co_await parts.part(std::move(nothing));
  };
  auto fetched = co_await fetch(std::move(wanted), std::move(owner), progressed);
  if (!fetched) co_return without_answer(fetched.error());
  co_return PeerAnswer{};
}

asio::awaitable<PeerAnswer> ArtifactExchange::give(PeerAsk ask, PeerParts& parts) {
  auto wire = decode<WireFetch>(ask.payload, "The name of an artifact");
  if (!wire) co_return without_answer(wire.error());
  Services* services = &services_;
  auto open = [services, digest = wire->digest] {
    return services->artifacts.open_artifact(digest);
  };
  auto opened = co_await co::on_disk(services_.disk, open);
  if (!opened) co_return without_answer(opened.error());
  const auto fd = std::make_shared<OwnedFd>(std::move(*opened));
  for (std::uint64_t at = 0;;) {
    auto read = [fd, at]() -> Result<std::string> {
      std::string bytes(piece_bytes, '\0');
      const ssize_t n = ::pread(fd->get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0) return std::unexpected(storage::file_fault("An artifact cannot be read", errno));
      bytes.resize(static_cast<std::size_t>(n));
      return bytes;
    };
    auto piece = co_await co::on_disk(services_.disk, read);
    if (!piece) co_return without_answer(piece.error());
    if (piece->empty()) co_return PeerAnswer{};
    at += piece->size();
    std::string bytes = std::move(*piece);
    co_await parts.part(std::move(bytes));
  }
}

}  // namespace runink::actors
