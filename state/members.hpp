// The members of the cluster, and those that are none any more.
#pragma once

#include <string>
#include <tuple>

#include "state/commands.hpp"

namespace runink::state {

struct Member {
  NodeName node;
  NodeId id;
  std::string address;
  MemberRole role = MemberRole::voter;
  bool founder = false;  ///< its address stands in the cluster files, too
  LogIndex since;
  WallTime since_at;
  Caller by;
  friend bool operator==(const Member&, const Member&) = default;
  static auto fields(auto& self) {
    return std::tie(self.node, self.id, self.address, self.role, self.founder, self.since,
                    self.since_at, self.by);
  }
};

/// A tombstone: who shows this id is never believed again.
struct RemovedMember {
  NodeId id;
  NodeName node;
  bool forced = false;
  LogIndex since;
  WallTime since_at;
  Caller by;
  friend bool operator==(const RemovedMember&, const RemovedMember&) = default;
  static auto fields(auto& self) {
    return std::tie(self.id, self.node, self.forced, self.since, self.since_at, self.by);
  }
};

}  // namespace runink::state
