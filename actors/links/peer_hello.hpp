// The first words between two nodes: who each is, in which cluster, in which of its lives.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "config/cluster_file.hpp"
#include "storage/founders.hpp"
#include "storage/lives.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::actors {

/// The versions of the protocol between nodes that this program speaks.
inline constexpr std::uint16_t peer_version_least = 1, peer_version_most = 1;

/// What a connection carries.
enum class Lane : std::uint8_t {
  raft = 1,       ///< the caller's messages of Raft, and nothing back
  questions = 2,  ///< the caller's questions, and the answers
  bulk = 3,       ///< those that move artifacts
};
constexpr bool known(Lane lane) { return lane >= Lane::raft && lane <= Lane::bulk; }

struct Hello {
  std::uint16_t least = peer_version_least;
  std::uint16_t most = peer_version_most;
  storage::ClusterId cluster{};
  std::string cluster_name;
  NodeId id;
  NodeName name;
  storage::Life life;  ///< of the data folder: which one, and how it was used until now
  Lane lane = Lane::raft;
  friend bool operator==(const Hello&, const Hello&) = default;
  static auto fields(auto& self) {
    return std::tie(self.least, self.most, self.cluster, self.cluster_name, self.id, self.name,
                    self.life, self.lane);
  }
};

/// What this node says of itself, and whom it knows. From any thread.
class Acquaintance {
 public:
  /// `nodes` are all of the cluster, ourselves among them. `folder` is this node's, and lives longer.
  Acquaintance(Hello self, std::vector<config::Peer> nodes, const storage::DataFolder& folder,
               storage::MetNodes met);

  const Hello& self() const { return self_; }
  const std::vector<config::Peer>& nodes() const { return nodes_; }
  const config::Peer* node(const NodeName& name) const;
  /// For a connection of this lane. The first one begins a life that is shown: it is written down before.
  /// Blocks.
  Result<Hello> hello(Lane lane);
  /// The same without blocking; nothing when something must be written down, or somebody is at it.
  std::optional<Hello> hello_at_once(Lane lane);

  /// Whether `hello` may be believed; `proven` is the name in the other side's certificate, and
  /// nothing without TLS. A fault says what to do, on either side. Who is believed is remembered on
  /// disk when this returns: a data folder that was wiped, put back from an older copy or copied never comes
  /// back under its old name (storage/lives.hpp). Blocks.
  Result<config::Peer> meet(const Hello& hello, const std::optional<NodeName>& proven);
  /// The same without blocking; nothing when the disk is needed to know, or somebody is at it.
  std::optional<Result<config::Peer>> meet_at_once(const Hello& hello,
                                                   const std::optional<NodeName>& proven);

 private:
  Hello told(Lane lane) const;
  Result<config::Peer> named_by(const Hello& hello, const std::optional<NodeName>& proven) const;

  const Hello self_;
  const std::vector<config::Peer> nodes_;
  const storage::DataFolder& folder_;
  std::mutex mutex_;
  // Under the mutex:
  std::optional<storage::Life> life_;  ///< that of this start, once it is shown
  storage::MetNodes met_;
};

}  // namespace runink::actors
