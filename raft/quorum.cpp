#include "raft/quorum.hpp"

#include <algorithm>
#include <vector>

namespace runink::raft {

std::set<NodeId> Voters::all() const {
  std::set<NodeId> both = incoming;
  both.insert(outgoing.begin(), outgoing.end());
  return both;
}

LogIndex committed_index(const std::set<NodeId>& voters, const std::map<NodeId, LogIndex>& match) {
  if (voters.empty()) return everything;
  std::vector<LogIndex> held;
  held.reserve(voters.size());
  for (const NodeId id : voters) {
    const auto found = match.find(id);
    held.push_back(found == match.end() ? LogIndex{} : found->second);
  }
  std::sort(held.begin(), held.end());
  // Of n voters, the (n/2 + 1)-th highest index is held by a majority.
  return held[held.size() - (held.size() / 2 + 1)];
}

LogIndex committed_index(const Voters& voters, const std::map<NodeId, LogIndex>& match) {
  return std::min(committed_index(voters.incoming, match), committed_index(voters.outgoing, match));
}

VoteResult vote_result(const std::set<NodeId>& voters, const std::map<NodeId, bool>& votes) {
  if (voters.empty()) return VoteResult::won;
  const std::size_t majority = voters.size() / 2 + 1;
  std::size_t yes = 0;
  std::size_t open = 0;
  for (const NodeId id : voters) {
    const auto found = votes.find(id);
    if (found == votes.end())
      ++open;
    else if (found->second)
      ++yes;
  }
  if (yes >= majority) return VoteResult::won;
  return yes + open >= majority ? VoteResult::pending : VoteResult::lost;
}

VoteResult vote_result(const Voters& voters, const std::map<NodeId, bool>& votes) {
  const VoteResult in = vote_result(voters.incoming, votes);
  const VoteResult out = vote_result(voters.outgoing, votes);
  if (in == VoteResult::lost || out == VoteResult::lost) return VoteResult::lost;
  return in == out ? in : VoteResult::pending;
}

}  // namespace runink::raft
