#include "actors/cluster/snapshot_exchange.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <tuple>
#include <utility>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/cluster/snapshot_keeper.hpp"
#include "actors/cluster/snapshot_record.hpp"
#include "actors/coroutines/waker.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/peer_links.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

constexpr std::size_t manifest_piece = 256 * 1024;

struct WireSnapshot {
  std::uint64_t id = 0;
  static auto fields(auto& self) { return std::tie(self.id); }
};
struct WireFrom {
  std::uint64_t id = 0;
  storage::SnapshotPosition from;
  static auto fields(auto& self) { return std::tie(self.id, self.from); }
};
struct WireChunk {
  storage::SnapshotPosition at;
  std::string bytes;
  static auto fields(auto& self) { return std::tie(self.at, self.bytes); }
};

PeerAnswer no_snapshot_because(const Fault& fault) { return {fault, {}, false}; }

LogField snapshot_number(std::string_view name, std::uint64_t value) {
  return {name, static_cast<std::int64_t>(value)};
}

asio::awaitable<void> let_pass(Duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, co::chrono_of(time));
  co_await timer.async_wait(asio::use_awaitable);
}

/// For a disk thread, as all that touches a whole manifest: it may have 64 MiB.
Result<storage::StoredSnapshot> find_snapshot(const storage::SnapshotStore& store,
                                              std::uint64_t id) {
  const auto is_it = [id](const Digest& name) { return id_of(name).value == id; };
  if (auto found = store.find(is_it)) return std::move(*found);
  return fail(FaultKind::no_such_thing, "This snapshot is not on this node any more.");
}

/// The first chunk at `position` or behind it; false when there is none.
bool go_to_chunk(const storage::SnapshotManifest& manifest, storage::SnapshotPosition& position) {
  while (position.file < manifest.files.size() && storage::chunk_size(manifest, position) == 0)
    position = {position.file + 1, 0};
  return position.file < manifest.files.size();
}

}  // namespace

/// A snapshot on its way in. The Asio thread's; one job at a time has the receiver.
struct SnapshotExchange::Arrival {
  NodeId from;
  raft::SnapshotOffer offer;
  asio::cancellation_signal signal;
  bool given_up = false;
  bool stalled = false;
  bool ended = false;
  Instant progress;  ///< when something arrived last
  std::optional<storage::SnapshotReceiver> receiver;
  std::optional<storage::StoredSnapshot> whole;  ///< it was here already
  std::uint32_t damaged = 0;
  Result<void> taken;  ///< why no further chunk is taken
};

// ---- getting one

void SnapshotExchange::fetch(const raft::SnapshotFetch& fetch, Arrived arrived) {
  asio::post(io_, [this, fetch, arrived = std::move(arrived)]() mutable {
    const auto one = std::make_shared<Arrival>();
    one->from = fetch.from;
    one->offer = fetch.offer;
    one->progress = services_.clock.now();
    start(one, std::move(arrived));
  });
}

void SnapshotExchange::give_up() {
  asio::post(io_, [this] { give_up_now(); });
}

void SnapshotExchange::give_up_now() {
  const auto one = arriving_;
  if (!one || one->ended) return;
  one->given_up = true;
  one->signal.emit(asio::cancellation_type::terminal);
}

void SnapshotExchange::stop() {
  auto close = [this]() -> asio::awaitable<void> {
    stopping_ = true;
    give_up_now();
    while (living_ > 0) co_await ended_.wait();
  };
  asio::co_spawn(io_, std::move(close), asio::use_future).get();
}

// All before end first, those too that were given up long ago and are still at a disk: two must not write the
// same files.
void SnapshotExchange::start(std::shared_ptr<Arrival> one, Arrived arrived) {
  if (stopping_) return;
  give_up_now();
  arriving_ = one;
  ++living_;
  auto story = [this, one]() -> asio::awaitable<Result<raft::SnapshotMeta>> {
    while (living_ > 1) co_await ended_.wait();
    co_return co_await bring(one);
  };
  auto ended = [this, one, arrived = std::move(arrived)](std::exception_ptr thrown,
                                                         Result<raft::SnapshotMeta> meta) {
    one->ended = true;
    release(*one);
    --living_;
    ended_.wake();
    if (arriving_ == one) {
      arriving_.reset();
      const std::lock_guard lock(mutex_);
      incoming_.reset();
    }
    if (one->given_up) return;
    if (one->stalled)
      meta = fail(FaultKind::out_of_time,
                  "Nothing of it has arrived for " +
                      std::to_string(limits::snapshot_stall.ns / seconds(1).ns) + " seconds.");
    else if (thrown)
      meta = fail(FaultKind::outside_failed, "Its transfer was broken off.");
    arrived(std::move(meta));
  };
  asio::co_spawn(io_, watch(one), [](std::exception_ptr) {});
  asio::co_spawn(io_, std::move(story),
                 asio::bind_cancellation_slot(one->signal.slot(), std::move(ended)));
}

/// The last descriptor of a file that was removed gives back all its room, which takes its time: not on this
/// thread. Whoever receives next does so behind it.
void SnapshotExchange::release(Arrival& one) {
  if (!one.receiver) return;
  auto close = [receiver = std::move(one.receiver)]() mutable { receiver.reset(); };
  one.receiver.reset();
  // Where the thread takes no more, it is closed here: the node stops.
  (void)services_.snapshots->thread().submit(std::move(close));
}

/// Breaks off what does not go on.
asio::awaitable<void> SnapshotExchange::watch(std::shared_ptr<Arrival> one) {
  Instant told = one->progress;
  while (!one->ended) {
    co_await let_pass(limits::snapshot_pause);
    if (one->ended) co_return;
    const Instant now = services_.clock.now();
    if (limits::snapshot_stall < now - one->progress) {
      one->stalled = true;
      one->signal.emit(asio::cancellation_type::terminal);
      co_return;
    }
    if (limits::snapshots_tidied < now - told) {
      told = now;
      if (const auto on_its_way = incoming())
        services_.log.info("a snapshot of the leader is on its way",
                           {on_its_way->index, snapshot_number("bytes", on_its_way->bytes),
                            snapshot_number("size_bytes", on_its_way->size)});
    }
  }
}

void SnapshotExchange::tell(const Arrival& one) {
  const storage::SnapshotReceiver& receiver = *one.receiver;
  const std::lock_guard lock(mutex_);
  incoming_ = SnapshotOnItsWay{one.from, one.offer.index, receiver.received().value,
                               receiver.snapshot().manifest.size().value};
}

asio::awaitable<Result<raft::SnapshotMeta>> SnapshotExchange::bring(std::shared_ptr<Arrival> one) {
  auto snapshot = co_await ask_manifest(one);
  if (!snapshot) co_return std::unexpected(snapshot.error());
  auto meta = meta_of(*snapshot);
  if (!meta) co_return meta;
  auto begun = co_await begin(one, std::move(*snapshot));
  if (!begun) co_return std::unexpected(begun.error());
  if (one->whole) co_return meta;
  // What is here already, of this one or of a former snapshot, needs no room again.
  const Bytes lacking = meta->size - one->receiver->received();
  if (lacking > Bytes{} && services_.disk_gauge != nullptr &&
      services_.disk_gauge->available() < lacking + limits::disk_reserve)
    co_return fail(FaultKind::exhausted, "The disk of the data folder has no room for the " +
                                             std::to_string(lacking.value / MiB(1).value) +
                                             " MiB of it that are still to come. Make room.");
  services_.log.info("a snapshot of the leader comes",
                     {one->offer.index, snapshot_number("bytes", one->receiver->received().value),
                      snapshot_number("size_bytes", meta->size.value)});
  tell(*one);
  while (!one->receiver->complete()) {
    auto asked = co_await ask_chunks(one);
    if (!one->taken) co_return std::unexpected(one->taken.error());
    if (one->receiver->complete()) break;
    // Whoever has it no more says so; everything else may pass.
    if (!asked && asked.error().kind == FaultKind::no_such_thing)
      co_return std::unexpected(asked.error());
    if (!asked) co_await let_pass(limits::snapshot_pause);
  }
  one->progress =
      services_.clock.now() + seconds(3600);  // it is all here; to check it takes its time
  SnapshotKeeper* keeper = services_.snapshots;
  auto finish = [keeper, one] { return keeper->store().finish(std::move(*one->receiver)); };
  auto stored = co_await co::on_disk(keeper->thread(), finish);
  if (!stored) co_return std::unexpected(stored.error());
  co_return meta_of(*stored);
}

asio::awaitable<Result<storage::StoredSnapshot>> SnapshotExchange::ask_manifest(
    std::shared_ptr<Arrival> one) {
  const auto bytes = std::make_shared<std::string>();
  const Clock* clock = &services_.clock;
  PartTaker take = [bytes, one, clock](std::string part) -> asio::awaitable<void> {
    one->progress = clock->now();
    if (bytes->size() + part.size() > storage::snapshot_manifest.value)
      throw boost::system::system_error(asio::error::message_size);
    *bytes += part;
    co_return;
  };
  std::string question = encode(WireSnapshot{one->offer.id.value});
  const PeerAnswer answer =
      co_await links_.ask(one->from, Subject::snapshot, std::move(question), take);
  if (answer.fault) co_return std::unexpected(*answer.fault);
  auto read = [bytes, offer = one->offer]() -> Result<storage::StoredSnapshot> {
    const Digest name = sha256(*bytes);
    auto manifest = storage::manifest_of(*bytes, "The manifest of the leader's snapshot");
    if (!manifest) return std::unexpected(manifest.error());
    if (id_of(name) != offer.id || manifest->index != offer.index ||
        manifest->origin.term != offer.last_term)
      return fail(FaultKind::corrupt, "The snapshot that came is not the one that was offered.");
    return storage::StoredSnapshot{name, std::move(*manifest)};
  };
  co_return co_await co::on_disk(services_.disk, read);
}

/// Looks what of it is here. Its manifest was asked for.
asio::awaitable<Result<bool>> SnapshotExchange::begin(std::shared_ptr<Arrival> one,
                                                      storage::StoredSnapshot snapshot) {
  SnapshotKeeper* keeper = services_.snapshots;
  one->progress = services_.clock.now() + seconds(3600);  // what is here is read; the leader waits
  auto receive = [keeper, one, snapshot = std::move(snapshot)]() -> Result<bool> {
    auto receiver = keeper->store().receive(snapshot.manifest);
    if (receiver) {
      one->receiver.emplace(std::move(*receiver));
    } else if (receiver.error().kind == FaultKind::conflict) {
      one->whole = snapshot;
    } else {
      return std::unexpected(receiver.error());
    }
    return true;
  };
  auto begun = co_await co::on_disk(keeper->thread(), receive);
  one->progress = services_.clock.now();
  co_return begun;
}

/// Takes chunks until there are no more, or the next one must be asked for.
asio::awaitable<Result<void>> SnapshotExchange::ask_chunks(std::shared_ptr<Arrival> one) {
  std::string question = encode(WireFrom{one->offer.id.value, one->receiver->next()});
  PartTaker taker = [this, one](std::string bytes) { return take(one, std::move(bytes)); };
  try {
    const PeerAnswer answer =
        co_await links_.ask(one->from, Subject::snapshot_chunks, std::move(question), taker);
    if (answer.fault) co_return std::unexpected(*answer.fault);
  } catch (const boost::system::system_error& broken_off) {
    if (broken_off.code() != asio::error::try_again) throw;
  }
  co_return Result<void>{};
}

/// Throws `try_again` where the transfer must go on elsewhere.
asio::awaitable<void> SnapshotExchange::take(std::shared_ptr<Arrival> one, std::string bytes) {
  auto chunk = decode<WireChunk>(bytes, "A chunk of a snapshot");
  if (!chunk) {
    one->taken = std::unexpected(chunk.error());
    throw boost::system::system_error(asio::error::try_again);
  }
  auto write = [one, chunk = std::move(*chunk)] {
    return one->receiver->take(chunk.at, chunk.bytes);
  };
  auto taken = co_await co::on_disk(services_.disk, write);
  if (taken) {
    one->progress = services_.clock.now();
    co_return tell(*one);
  }
  const FaultKind why = taken.error().kind;
  const bool damaged = why == FaultKind::corrupt;
  if (!damaged && why != FaultKind::out_of_date) one->taken = taken;
  if (damaged && ++one->damaged > limits::snapshot_damaged_chunks) one->taken = taken;
  throw boost::system::system_error(asio::error::try_again);
}

// ---- giving them

asio::awaitable<PeerAnswer> SnapshotExchange::answer(PeerAsk ask, PeerParts& parts) {
  if (ask.subject == Subject::snapshot) co_return co_await give_manifest(std::move(ask), parts);
  co_return co_await give_chunks(std::move(ask), parts);
}

asio::awaitable<PeerAnswer> SnapshotExchange::give_manifest(PeerAsk ask, PeerParts& parts) {
  auto wire = decode<WireSnapshot>(ask.payload, "The name of a snapshot");
  if (!wire) co_return no_snapshot_because(wire.error());
  const SnapshotKeeper* keeper = services_.snapshots;
  auto find = [keeper, id = wire->id]() -> Result<std::string> {
    const auto snapshot = find_snapshot(keeper->store(), id);
    if (!snapshot) return std::unexpected(snapshot.error());
    return storage::bytes_of(snapshot->manifest);
  };
  const auto bytes = co_await co::on_disk(services_.disk, find);
  if (!bytes) co_return no_snapshot_because(bytes.error());
  for (std::size_t at = 0; at < bytes->size(); at += manifest_piece) {
    std::string piece = bytes->substr(at, manifest_piece);
    co_await parts.part(std::move(piece));
  }
  co_return PeerAnswer{};
}

/// No faster than limits allow: heartbeats and requests share the machine with it.
asio::awaitable<PeerAnswer> SnapshotExchange::give_chunks(PeerAsk ask, PeerParts& parts) {
  auto wire = decode<WireFrom>(ask.payload, "A place in a snapshot");
  if (!wire) co_return no_snapshot_because(wire.error());
  const SnapshotKeeper* keeper = services_.snapshots;
  auto find = [keeper, id = wire->id] { return find_snapshot(keeper->store(), id); };
  const auto snapshot = co_await co::on_disk(services_.disk, find);
  if (!snapshot) co_return no_snapshot_because(snapshot.error());
  const storage::SnapshotManifest& manifest = snapshot->manifest;
  const std::uint64_t number = next_outgoing_++;
  const std::uint64_t rate = services_.config.history.transfer_rate.value;
  const auto told = [&](std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    outgoing_[number] = {ask.from.id, manifest.index, bytes, manifest.size().value};
  };
  auto forget = [this, number](void*) {
    const std::lock_guard lock(mutex_);
    outgoing_.erase(number);
  };
  const std::unique_ptr<void, decltype(forget)> forgotten(this, forget);
  storage::SnapshotPosition at = wire->from;
  std::uint64_t sent = at.offset;
  for (std::uint32_t file = 0; file < std::min<std::size_t>(at.file, manifest.files.size()); ++file)
    sent += manifest.files[file].size.value;
  Instant due = services_.clock.now();
  while (go_to_chunk(manifest, at)) {
    told(sent);
    auto read = [keeper, name = snapshot->name, at] {
      return keeper->store().read_chunk(name, at);
    };
    auto bytes = co_await co::on_disk(services_.disk, read);
    if (!bytes) co_return no_snapshot_because(bytes.error());
    const std::size_t size = bytes->size();
    std::string piece = encode(WireChunk{at, std::move(*bytes)});
    co_await parts.part(std::move(piece));
    sent += size;
    at.offset += size;
    due = due + Duration{static_cast<std::int64_t>(size * 1'000'000'000 / rate)};
    const Instant now = services_.clock.now();
    if (now < due) co_await let_pass(due - now);
    due = std::max(due, now);
  }
  co_return PeerAnswer{};
}

std::optional<SnapshotOnItsWay> SnapshotExchange::incoming() const {
  const std::lock_guard lock(mutex_);
  return incoming_;
}

std::vector<SnapshotOnItsWay> SnapshotExchange::outgoing() const {
  const std::lock_guard lock(mutex_);
  std::vector<SnapshotOnItsWay> all;
  for (const auto& [number, one] : outgoing_) all.push_back(one);
  return all;
}

}  // namespace runink::actors
