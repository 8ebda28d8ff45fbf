// The first words between two nodes: who each is, in which cluster, in which of its lives.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
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
  std::string address;  ///< where it listens: who does not know it yet can call back
  friend bool operator==(const Hello&, const Hello&) = default;
  static auto fields(auto& self) {
    return std::tie(self.least, self.most, self.cluster, self.cluster_name, self.id, self.name,
                    self.life, self.lane, self.address);
  }
};

/// What this node says of itself, and whom it knows. From any thread.
class Acquaintance {
 public:
  /// `nodes`: the founders. `joins`: this node is none of them, and knows no members until it is told.
  /// `folder` is this node's, and lives longer.
  Acquaintance(Hello self, std::vector<config::Peer> nodes, bool joins,
               const storage::DataFolder& folder, storage::MetNodes met);

  const Hello& self() const { return self_; }
  std::vector<config::Peer> nodes() const;
  /// Who belongs to the cluster as of now, ourselves among them, and whose ids never will again.
  void members(std::vector<config::Peer> members, std::set<NodeId> removed);
  bool is_removed(NodeId id) const;
  /// For a connection of this lane. The first one begins a life that is shown: it is written down before.
  /// Blocks.
  Result<Hello> hello(Lane lane);
  /// The same without blocking; nothing when something must be written down, or somebody is at it.
  std::optional<Hello> hello_at_once(Lane lane);

  /// Whether `hello` may be believed; `proven` is the name in the other side's certificate, and
  /// nothing without TLS. A fault says what to do, on either side. Who is believed is remembered on
  /// disk when this returns: a data folder that was wiped, put back from an older copy or copied never comes
  /// back under its old name (storage/lives.hpp). Blocks.
  ///
  /// A node that is not known here is believed on the lane of Raft, when its certificate is of this cluster
  /// and its id one of a data folder: it may lead by now, and nobody else would tell us of it. A node
  /// that joins believes all of them. Who was removed is believed nowhere.
  Result<config::Peer> meet(const Hello& hello, const std::optional<NodeName>& proven);
  /// The same without blocking; nothing when the disk is needed to know, or somebody is at it.
  std::optional<Result<config::Peer>> meet_at_once(const Hello& hello,
                                                   const std::optional<NodeName>& proven);
  /// Whether it is of this cluster at all, a member or not. Does not block.
  Result<void> is_of_this_cluster(const Hello& hello, const std::optional<NodeName>& proven) const;

 private:
  Hello told(Lane lane) const;
  Result<config::Peer> named_by(const Hello& hello, const std::optional<NodeName>& proven) const;
  Result<config::Peer> find(const Hello& hello) const;

  const Hello self_;
  const storage::DataFolder& folder_;
  mutable std::mutex members_mutex_;  ///< held for moments only
  // Under it:
  std::vector<config::Peer> nodes_;
  std::set<NodeId> removed_;
  bool knows_members_;
  std::mutex mutex_;
  // Under the mutex:
  std::optional<storage::Life> life_;  ///< that of this start, once it is shown
  storage::MetNodes met_;
};

}  // namespace runink::actors
