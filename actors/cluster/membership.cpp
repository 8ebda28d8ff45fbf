#include "actors/cluster/membership.hpp"

#include <algorithm>

namespace runink::actors {

using raft::MemberChange;

WantedMembers wanted_members(const state::ClusterState& cluster) {
  WantedMembers wanted;
  for (const auto& [name, member] : cluster.members)
    wanted.members[member.id] = member.role == state::MemberRole::voter;
  for (const auto& [id, grave] : cluster.removed_members) wanted.removed[id] = grave.forced;
  return wanted;
}

std::optional<std::pair<MemberChange, bool>> next_change(const WantedMembers& wanted,
                                                         const raft::Configuration& configuration,
                                                         NodeId self,
                                                         const std::set<NodeId>& not_now) {
  if (configuration.is_joint()) return std::nullopt;
  const std::set<NodeId> there = configuration.members();
  for (const auto& [id, votes] : wanted.members) {
    if (!there.contains(id))
      return std::pair(
          MemberChange{votes ? MemberChange::Kind::join : MemberChange::Kind::learner, id}, false);
    if (votes && !configuration.voters.contains(id) && !configuration.joining.contains(id) &&
        !not_now.contains(id))
      return std::pair(MemberChange{MemberChange::Kind::voter, id}, false);
  }
  for (const auto& [id, forced] : wanted.removed)
    if (there.contains(id) && id != self)
      return std::pair(MemberChange{MemberChange::Kind::remove, id}, forced);
  return std::nullopt;
}

std::vector<config::Peer> peers_of(const state::ClusterState& cluster,
                                   const config::ClusterFile& file) {
  std::vector<config::Peer> peers;
  for (const auto& [name, member] : cluster.members) {
    const auto founder = std::ranges::find(file.nodes, member.id, &config::Peer::id);
    if (founder != file.nodes.end() && founder->name == name) {
      peers.push_back(*founder);
    } else if (auto address = config::parse_endpoint(member.address, false)) {
      peers.push_back({name, std::move(*address), member.id});
    }
  }
  return peers;
}

std::optional<NodeName> name_of(const state::ClusterState& cluster, const config::ClusterFile& file,
                                NodeId id) {
  for (const auto& [name, member] : cluster.members)
    if (member.id == id) return name;
  const auto founder = std::ranges::find(file.nodes, id, &config::Peer::id);
  if (founder != file.nodes.end()) return founder->name;
  return std::nullopt;
}

storage::Founders founders_of(const config::ClusterFile& file) {
  storage::Founders founders{file.cluster, {}};
  for (const config::Peer& peer : file.nodes) founders.nodes.emplace_back(peer.id, peer.name);
  std::ranges::sort(founders.nodes);
  return founders;
}

bool keeps_quorum(const raft::Configuration& configuration, const std::set<NodeId>& living,
                  NodeId gone) {
  std::size_t voters = 0;
  std::size_t alive = 0;
  for (const NodeId id : configuration.voters.incoming) {
    if (id == gone) continue;
    ++voters;
    if (living.contains(id)) ++alive;
  }
  return alive * 2 > voters;
}

}  // namespace runink::actors
