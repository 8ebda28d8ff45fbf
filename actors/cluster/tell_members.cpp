#include "actors/cluster/tell_members.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "actors/cluster/membership.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/messages.hpp"

namespace runink::actors {

void tell_members(caf::event_based_actor* from, const caf::actor& raft, const Services& services,
                  const state::ClusterState& applied) {
  if (services.alone() || applied.members.empty()) return;
  const auto grave = applied.removed_members.find(services.config.node.id);
  if (grave != applied.removed_members.end() && services.removed) {
    const Fault why{FaultKind::refused,
                    "Node '" + services.config.node.name.value +
                        "' was removed from the cluster at entry " +
                        std::to_string(grave->second.since.value) +
                        ". Its data folder is of no use any more: to bring the node back, start it "
                        "with an empty one and add it."};
    services.removed(why);
  }
  std::set<NodeId> removed;
  for (const auto& [id, one] : applied.removed_members) removed.insert(id);
  if (services.links)
    services.links->set_members(peers_of(applied, services.config), std::move(removed));
  auto wanted = std::make_shared<const WantedMembers>(wanted_members(applied));
  from->send(raft, MembersWanted(std::move(wanted)));
}

std::optional<state::MembersFounded> founders_to_write_down(const Services& services,
                                                            const state::ClusterState& applied) {
  const config::ClusterFile& file = services.config;
  if (services.alone() || file.joins() || !applied.members.empty() ||
      !applied.removed_members.empty())
    return std::nullopt;
  state::MembersFounded founded;
  for (const config::Peer& peer : file.nodes)
    founded.founders.push_back({peer.id, peer.name, config::to_string(peer.address)});
  std::ranges::sort(founded.founders, {}, &state::Founder::id);
  return founded;
}

void tell_role(const Services& services, const state::ClusterState& applied,
               const raft::RoleChange& change) {
  if (services.alone() || change.role == raft::Role::pre_candidate) return;
  const NodeName leader = name_of(applied, services.config, change.leader).value_or(NodeName{});
  services.log.info("the role of this node in the cluster",
                    {LogField("role", raft::to_string(change.role)), LogField(change.term),
                     LogField("leader", leader.value)});
}

}  // namespace runink::actors
