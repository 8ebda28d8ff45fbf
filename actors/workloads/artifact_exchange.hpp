// Artifacts between nodes: what is needed here and lies elsewhere is fetched, what is made here gets a
// second holder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/links/exchange.hpp"
#include "actors/services.hpp"
#include "storage/artifact_store.hpp"

namespace runink::actors {

class PeerLinks;

/// `size` 0: whatever it is; the digest proves the bytes. `holders` are asked first.
struct WantedArtifact {
  Digest digest;
  Bytes size;
  std::vector<NodeName> holders;
};

/// Awaited whenever something came.
using Progressed = std::function<boost::asio::awaitable<void>()>;

/// On the Asio thread; reads and writes on the disk threads.
class ArtifactExchange final : public PeerService {
 public:
  ArtifactExchange(Services& services, PeerLinks& links, boost::asio::any_io_executor io)
      : services_(services), links_(links), io_(std::move(io)) {}
  const boost::asio::any_io_executor& executor() const { return io_; }

  /// Everything of `wanted` is here, pinned by `owner`, when this returns well. `no_such_thing` when no node
  /// that can be reached has one of them: it may come back with a node. `exhausted`, and nothing more is read,
  /// when one would leave less than `limits::disk_reserve` of this node's disk.
  boost::asio::awaitable<Result<void>> fetch(std::vector<WantedArtifact> wanted,
                                             storage::PinOwner owner, Progressed progressed = {});
  /// Has one other node make copies, if one can: its name. Who has no room, or is alone, does without.
  boost::asio::awaitable<std::optional<NodeName>> copy(std::vector<storage::StoredArtifact> made,
                                                       std::string owner);

  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override;

 private:
  boost::asio::awaitable<Result<void>> fetch_one(WantedArtifact one, storage::PinOwner owner,
                                                 const Progressed& progressed);
  boost::asio::awaitable<Result<void>> fetch_from(NodeId node, WantedArtifact one,
                                                  storage::PinOwner owner,
                                                  const Progressed& progressed);
  boost::asio::awaitable<PeerAnswer> give(PeerAsk ask, PeerParts& parts);
  boost::asio::awaitable<PeerAnswer> keep(PeerAsk ask, PeerParts& parts);

  Services& services_;
  PeerLinks& links_;
  boost::asio::any_io_executor io_;
};

}  // namespace runink::actors
