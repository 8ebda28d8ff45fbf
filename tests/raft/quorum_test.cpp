// Majorities against their definition, counted by brute force. The published tables are replayed in
// tests/conformance.
#include "raft/quorum.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

std::set<NodeId> some_voters(Randomness& random) {
  std::set<NodeId> ids;
  for (std::uint64_t id = 1; id <= 7; ++id)
    if (random.chance(50)) ids.insert(NodeId{id});
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quorum)

BOOST_AUTO_TEST_CASE(an_index_is_committed_when_more_than_half_of_each_half_hold_it) {
  // Against the definition itself, counted by brute force.
  Randomness random(7);
  for (int round = 0; round < 2000; ++round) {
    const Voters voters{some_voters(random), some_voters(random)};
    std::map<NodeId, LogIndex> match;
    for (std::uint64_t id = 1; id <= 7; ++id)
      if (random.chance(80)) match[NodeId{id}] = LogIndex{random.below(6)};
    const auto holds = [&](const std::set<NodeId>& half, std::uint64_t index) {
      const auto copies = std::ranges::count_if(half, [&](NodeId id) {
        return index == 0 || (match.contains(id) && match[id].value >= index);
      });
      return half.empty() || static_cast<std::size_t>(copies) * 2 > half.size();
    };
    std::uint64_t highest = 0;
    while (highest < 10 && holds(voters.incoming, highest + 1) &&
           holds(voters.outgoing, highest + 1))
      ++highest;
    const LogIndex index = committed_index(voters, match);
    if (highest == 10)
      BOOST_TEST((index == everything));
    else
      BOOST_TEST(index.value == highest);
  }
}

BOOST_AUTO_TEST_CASE(a_vote_is_won_by_both_halves_and_lost_by_either) {
  Randomness random(8);
  for (int round = 0; round < 2000; ++round) {
    const Voters voters{some_voters(random), some_voters(random)};
    std::map<NodeId, bool> votes;
    for (std::uint64_t id = 1; id <= 7; ++id)
      if (random.chance(70)) votes[NodeId{id}] = random.chance(50);
    // Won if the silent all say no; lost if not even the silent all saying yes would win.
    const auto wins = [&](const std::set<NodeId>& half, bool silent) {
      const auto yes = std::ranges::count_if(
          half, [&](NodeId id) { return votes.contains(id) ? votes[id] : silent; });
      return half.empty() || static_cast<std::size_t>(yes) * 2 > half.size();
    };
    const bool won = wins(voters.incoming, false) && wins(voters.outgoing, false);
    const bool possible = wins(voters.incoming, true) && wins(voters.outgoing, true);
    const VoteResult expected = won        ? VoteResult::won
                                : possible ? VoteResult::pending
                                           : VoteResult::lost;
    BOOST_TEST((vote_result(voters, votes) == expected));
  }
}

BOOST_AUTO_TEST_CASE(no_two_majorities_are_apart) {
  for (std::uint64_t n = 1; n <= 7; ++n) {
    std::set<NodeId> voters;
    for (std::uint64_t id = 1; id <= n; ++id) voters.insert(NodeId{id});
    for (std::uint64_t mask = 0; mask < (1u << n); ++mask) {
      std::map<NodeId, bool> one, other;
      for (std::uint64_t id = 1; id <= n; ++id)
        ((mask >> (id - 1) & 1) ? one : other)[NodeId{id}] = true;
      BOOST_TEST(!(vote_result(voters, one) == VoteResult::won &&
                   vote_result(voters, other) == VoteResult::won));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
