// From the members that the log wants to the group that Raft has: the leader closes the gap, one change
// at a time. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "config/cluster_file.hpp"
#include "raft/inputs.hpp"
#include "raft/membership.hpp"
#include "state/cluster_state.hpp"
#include "storage/founders.hpp"

namespace runink::actors {

/// What the applied state says of Raft's group.
struct WantedMembers {
  std::map<NodeId, bool> members;  ///< true: it is to vote
  std::map<NodeId, bool> removed;  ///< true: whatever quorum is left
};
WantedMembers wanted_members(const state::ClusterState& cluster);

/// The next change from `configuration`; nothing when it is as wanted, or another change is under way.
/// First who joins, then who goes. Who is in neither table stays: the log says nothing of it yet. `self`
/// leads: it never removes itself, since it hands over first. Nobody in `not_now` is asked to vote.
std::optional<std::pair<raft::MemberChange, bool>> next_change(
    const WantedMembers& wanted, const raft::Configuration& configuration, NodeId self,
    const std::set<NodeId>& not_now);

/// The members as the links call them: founders at the address in the cluster file, others where the log
/// says. Empty when the log does not know the members yet.
std::vector<config::Peer> peers_of(const state::ClusterState& cluster,
                                   const config::ClusterFile& file);

/// The name of a member; of a founder also while the log does not know the members yet, or any more.
std::optional<NodeName> name_of(const state::ClusterState& cluster, const config::ClusterFile& file,
                                NodeId id);

/// The founders that the cluster file names, sorted by id.
storage::Founders founders_of(const config::ClusterFile& file);

/// Voters of `configuration` that live, without `gone`, are a majority of its voters without `gone`.
bool keeps_quorum(const raft::Configuration& configuration, const std::set<NodeId>& living,
                  NodeId gone);

}  // namespace runink::actors
