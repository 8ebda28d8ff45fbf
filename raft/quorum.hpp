// Who is a majority. Pure functions over sets of voters, joint from the first day: while membership
// changes, both the incoming and the outgoing voters must agree (Raft paper, section 6).
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "vocabulary/ids.hpp"

namespace runink::raft {

/// The voters that decide. `outgoing` is empty except while membership changes.
struct Voters {
  std::set<NodeId> incoming;
  std::set<NodeId> outgoing;
  friend bool operator==(const Voters&, const Voters&) = default;
  bool contains(NodeId id) const { return incoming.contains(id) || outgoing.contains(id); }
  std::set<NodeId> all() const;
  /// True when `id` decides alone.
  bool only(NodeId id) const { return outgoing.empty() && incoming == std::set{id}; }
};

/// What an empty majority "commits": everything, so that it never holds a joint quorum back.
inline constexpr LogIndex everything{~std::uint64_t{0}};

/// The highest index that a majority of `voters` holds; a voter without a match holds nothing.
LogIndex committed_index(const std::set<NodeId>& voters, const std::map<NodeId, LogIndex>& match);
/// The highest index that a majority of each half holds.
LogIndex committed_index(const Voters& voters, const std::map<NodeId, LogIndex>& match);

enum class VoteResult : std::uint8_t { pending, lost, won };

/// The state of a vote; who is not in `votes` has not answered. An empty majority has won.
VoteResult vote_result(const std::set<NodeId>& voters, const std::map<NodeId, bool>& votes);
/// Won when both halves have won, lost as soon as one has lost.
VoteResult vote_result(const Voters& voters, const std::map<NodeId, bool>& votes);

}  // namespace runink::raft
