// Who belongs to the cluster: what the log says of it. The log holds what is wanted; the leader brings
// Raft's configuration there. Numbers are for ever, as in commands.hpp, which includes this.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "vocabulary/ids.hpp"

namespace runink::state {

enum class MemberRole : std::uint8_t {
  voter =
      1,  ///< keeps the log and is counted in majorities; joins first, votes once it has caught up
  worker = 2  ///< keeps the log and never votes
};
constexpr bool known(MemberRole r) { return r >= MemberRole::voter && r <= MemberRole::worker; }

struct Founder {
  NodeId id;
  NodeName node;
  std::string address;  ///< "10.0.0.1:7201"
  friend bool operator==(const Founder&, const Founder&) = default;
  static auto fields(auto& self) { return std::tie(self.id, self.node, self.address); }
};
/// The first leader writes down with whom the cluster began; later it changes nothing.
struct MembersFounded {
  std::vector<Founder> founders;  ///< sorted by id
  friend bool operator==(const MembersFounded&, const MembersFounded&) = default;
  static auto fields(auto& self) { return std::tie(self.founders); }
};

/// A node belongs to the cluster from now on; of a member: its address is another. `id` was told by the
/// node itself: it is that of its data folder.
struct MemberAdded {
  NodeName node;
  NodeId id;
  std::string address;
  MemberRole role = MemberRole::voter;
  friend bool operator==(const MemberAdded&, const MemberAdded&) = default;
  static auto fields(auto& self) { return std::tie(self.node, self.id, self.address, self.role); }
};

/// A worker is to vote.
struct MemberPromoted {
  NodeName node;
  friend bool operator==(const MemberPromoted&, const MemberPromoted&) = default;
  static auto fields(auto& self) { return std::tie(self.node); }
};

/// Nobody speaks to that data folder any more, ever. Its live attempts are lost.
struct MemberRemoved {
  NodeName node;
  NodeId id;  ///< as who asked saw it; 0: whoever has the name
  bool force =
      false;  ///< also when it still has sinks to publish (they fail), or a quorum may be missing
  friend bool operator==(const MemberRemoved&, const MemberRemoved&) = default;
  static auto fields(auto& self) { return std::tie(self.node, self.id, self.force); }
};

/// Somebody asked for another leader. Changes no table: it stands here for whoever reads the log.
struct LeaderAsked {
  NodeName to;  ///< empty: whoever has most of the log
  friend bool operator==(const LeaderAsked&, const LeaderAsked&) = default;
  static auto fields(auto& self) { return std::tie(self.to); }
};

/// The majority was lost for good, and an operator made `survivor` the only member by hand (`runi
/// recover`). What only the others had acknowledged is gone.
struct ClusterRecovered {
  NodeName survivor;
  NodeId id;
  std::string address;
  Term term;                 ///< of the last entry that the survivor had
  LogIndex last;             ///< that entry
  std::vector<NodeId> lost;  ///< Raft's other members: removed, also when no table knew them
  friend bool operator==(const ClusterRecovered&, const ClusterRecovered&) = default;
  static auto fields(auto& self) {
    return std::tie(self.survivor, self.id, self.address, self.term, self.last, self.lost);
  }
};

}  // namespace runink::state
