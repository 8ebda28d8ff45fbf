// Snapshots between nodes, on the lane of what is large: whoever lacks one asks for its manifest, then
// for its chunks from where it stopped. Layouts on the wire are in docs/PROTOCOL.md.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/coroutines/waker.hpp"
#include "actors/links/exchange.hpp"
#include "actors/services.hpp"
#include "raft/effects.hpp"
#include "storage/snapshot_receiver.hpp"

namespace runink::actors {

class PeerLinks;

/// How far one snapshot is on its way.
struct SnapshotOnItsWay {
  NodeId peer;
  LogIndex index;
  std::uint64_t bytes = 0;  ///< that are there
  std::uint64_t size = 0;
};

/// One comes at a time; any number are given.
class SnapshotExchange final : public PeerService {
 public:
  using Arrived = std::function<void(Result<raft::SnapshotMeta>)>;

  /// `services.snapshots` is there.
  SnapshotExchange(Services& services, PeerLinks& links, boost::asio::any_io_executor io)
      : services_(services), links_(links), io_(std::move(io)), ended_(io_) {}

  /// Brings it here, whole, checked and durable; one that is on its way is given up. `arrived` is called
  /// on the Asio thread, unless it is given up. From any thread.
  void fetch(const raft::SnapshotFetch& fetch, Arrived arrived);
  /// What has arrived stays, and counts when the same one is fetched again. From any thread.
  void give_up();

  /// Nothing is on its way in any more when this returns, nor will be. From any thread but the Asio thread,
  /// while that one runs.
  void stop();

  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override;

  /// From any thread.
  std::optional<SnapshotOnItsWay> incoming() const;
  std::vector<SnapshotOnItsWay> outgoing() const;

 private:
  struct Arrival;
  void start(std::shared_ptr<Arrival> one, Arrived arrived);
  boost::asio::awaitable<void> watch(std::shared_ptr<Arrival> one);
  boost::asio::awaitable<Result<raft::SnapshotMeta>> bring(std::shared_ptr<Arrival> one);
  boost::asio::awaitable<Result<storage::StoredSnapshot>> ask_manifest(
      std::shared_ptr<Arrival> one);
  boost::asio::awaitable<Result<bool>> begin(std::shared_ptr<Arrival> one,
                                             storage::StoredSnapshot snapshot);
  boost::asio::awaitable<Result<void>> ask_chunks(std::shared_ptr<Arrival> one);
  boost::asio::awaitable<void> take(std::shared_ptr<Arrival> one, std::string bytes);
  void release(Arrival& one);
  void tell(const Arrival& one);
  void give_up_now();
  boost::asio::awaitable<PeerAnswer> give_manifest(PeerAsk ask, PeerParts& parts);
  boost::asio::awaitable<PeerAnswer> give_chunks(PeerAsk ask, PeerParts& parts);

  Services& services_;
  PeerLinks& links_;
  boost::asio::any_io_executor io_;
  // The Asio thread's:
  std::shared_ptr<Arrival> arriving_;  ///< the newest, unless it has ended
  /// Arrivals that have not ended: one that was given up may be at a disk.
  std::size_t living_ = 0;
  co::Waker ended_;  ///< woken when one of them has ended
  bool stopping_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::optional<SnapshotOnItsWay> incoming_;
  std::map<std::uint64_t, SnapshotOnItsWay> outgoing_;
  std::uint64_t next_outgoing_ = 1;
};

}  // namespace runink::actors
