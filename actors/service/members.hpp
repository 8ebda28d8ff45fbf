// What the verbs about the cluster share (cluster_verbs.cpp, member_verbs.cpp).
#pragma once

#include <string>
#include <vector>

#include "actors/service/parts.hpp"

namespace runink::actors {

/// A member, as the log says, or as the cluster file does where the log does not say it yet.
struct KnownMember {
  config::Peer peer;
  state::MemberRole role = state::MemberRole::voter;
  bool founder = true;
  std::string by;  ///< who added it
};
/// Sorted by name. `stale`: as this node knows it, also when nobody leads.
Async<Result<std::vector<KnownMember>>> known_members(ServiceParts& parts, bool stale);

Async<Result<RaftStatus>> raft_status(ServiceParts& parts);

}  // namespace runink::actors
