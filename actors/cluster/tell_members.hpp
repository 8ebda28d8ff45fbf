// What the state actor tells of the members: to the links, to Raft, and to the log.
#pragma once

#include <caf/all.hpp>
#include <optional>

#include "actors/services.hpp"
#include "raft/effects.hpp"
#include "state/cluster_state.hpp"

namespace runink::actors {

/// Whenever the applied members may be others: the links speak to them and to nobody who was removed, Raft's
/// group follows while this node leads, and this node ends when it was removed itself. Nothing on a node
/// that is alone, or while the log does not know the members.
void tell_members(caf::event_based_actor* from, const caf::actor& raft, const Services& services,
                  const state::ClusterState& applied);

/// What the first leader of a cluster of several says of those with whom it began; nothing when the log
/// knows them.
std::optional<state::MembersFounded> founders_to_write_down(const Services& services,
                                                            const state::ClusterState& applied);

/// A line in the log for operators whenever this node has another role or another leader. Nothing on a node that
/// is alone.
void tell_role(const Services& services, const state::ClusterState& applied,
               const raft::RoleChange& change);

}  // namespace runink::actors
