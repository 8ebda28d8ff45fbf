// The first words between two nodes: who each is, in which cluster, in which of its lives.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "config/cluster_file.hpp"
#include "storage/data_folder.hpp"
#include "storage/founders.hpp"
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
  storage::Identity life;  ///< of the data folder: which one, and how often it was opened
  Lane lane = Lane::raft;
  friend bool operator==(const Hello&, const Hello&) = default;
  static auto fields(auto& self) {
    return std::tie(self.least, self.most, self.cluster, self.cluster_name, self.id, self.name,
                    self.life, self.lane);
  }
};

/// What this node says of itself, and whom it knows.
class Acquaintance {
 public:
  /// `nodes` are all of the cluster, ourselves among them.
  Acquaintance(Hello self, std::vector<config::Peer> nodes);

  const Hello& self() const { return self_; }
  const std::vector<config::Peer>& nodes() const { return nodes_; }
  const config::Peer* node(const NodeName& name) const;
  /// For a connection of this lane.
  Hello hello(Lane lane) const;

  /// Whether `hello` may be believed; `proven` is the name in the other side's certificate, and
  /// nothing without TLS. A fault says what to do, on either side. Who was believed is remembered: a
  /// data folder that was wiped never comes back under its old name, and an older life of a node is
  /// refused once a newer one was met.
  Result<config::Peer> meet(const Hello& hello, const std::optional<NodeName>& proven);

 private:
  const Hello self_;
  const std::vector<config::Peer> nodes_;
  std::mutex mutex_;
  std::map<NodeId, storage::Identity> met_;  // under the mutex
};

}  // namespace runink::actors
