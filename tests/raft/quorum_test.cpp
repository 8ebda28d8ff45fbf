// Majorities against tables that nobody here wrote: the quorum tables of etcd-io/raft (Apache 2.0), in
// tests/data/raft.
#include "raft/quorum.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

std::filesystem::path tables() {
  return std::filesystem::path(RUNINK_SOURCE_DIR) / "tests/data/raft/quorum";
}

/// One case: `committed cfg=(1,2) cfgj=(3) idx=(7,_)`, then what must come out.
struct Case {
  std::string where;
  std::string command;
  std::vector<NodeId> incoming;
  std::optional<std::vector<NodeId>> outgoing;  ///< present: joint, maybe with an empty half
  std::vector<std::string> values;              ///< of idx or votes; "_" = not known
  std::string expected;
};

std::vector<std::string> list_in(const std::string& text, const std::string& key) {
  const auto at = text.find(" " + key + "=(");
  std::vector<std::string> items;
  if (at == std::string::npos) return items;
  const auto from = text.find('(', at) + 1;
  std::stringstream inside(text.substr(from, text.find(')', from) - from));
  for (std::string item; std::getline(inside, item, ',');) {
    std::erase(item, ' ');
    items.push_back(item);
  }
  return items;
}

std::vector<NodeId> ids_in(const std::string& text, const std::string& key) {
  std::vector<NodeId> ids;
  for (const std::string& item : list_in(text, key)) ids.push_back(NodeId{std::stoull(item)});
  return ids;
}

std::vector<Case> read_cases(const std::filesystem::path& file) {
  std::vector<Case> cases;
  std::ifstream in(file);
  std::string line;
  for (unsigned number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    Case one{file.filename().string() + ":" + std::to_string(number),
             line.substr(0, line.find(' ')),
             ids_in(line, "cfg"),
             std::nullopt,
             {},
             {}};
    if (line.find(" cfgj=") != std::string::npos) one.outgoing = ids_in(line, "cfgj");
    one.values = list_in(line, one.command == "vote" ? "votes" : "idx");
    while (std::getline(in, line) && ++number && line != "----") {
    }
    while (std::getline(in, line) && ++number && !line.empty()) one.expected += line + "\n";
    cases.push_back(std::move(one));
  }
  return cases;
}

/// The known values by voter, in the order of first mention.
template <class T, class Read>
std::map<NodeId, T> values_by_voter(const Case& one, Read read) {
  std::vector<NodeId> order;
  std::vector<NodeId> all = one.incoming;
  if (one.outgoing) all.insert(all.end(), one.outgoing->begin(), one.outgoing->end());
  for (const NodeId id : all)
    if (std::ranges::find(order, id) == order.end()) order.push_back(id);
  BOOST_REQUIRE_MESSAGE(order.size() == one.values.size(),
                        one.where << ": values and voters differ");
  std::map<NodeId, T> known;
  for (std::size_t i = 0; i < order.size(); ++i)
    if (one.values[i] != "_") known.emplace(order[i], read(one.values[i]));
  return known;
}

Voters voters_of(const Case& one) {
  Voters voters{{one.incoming.begin(), one.incoming.end()}, {}};
  if (one.outgoing) voters.outgoing = {one.outgoing->begin(), one.outgoing->end()};
  return voters;
}

/// The tables' drawing of who holds what: one bar per voter, longer than those of lower indexes.
std::string draw(const Voters& voters, const std::map<NodeId, LogIndex>& match) {
  std::set<NodeId> all = voters.incoming;
  all.insert(voters.outgoing.begin(), voters.outgoing.end());
  if (all.empty()) return "<empty majority quorum>";
  const auto held = [&](NodeId id) { return match.contains(id) ? match.at(id) : LogIndex{}; };
  std::string out = std::string(all.size(), ' ') + "    idx\n";
  for (const NodeId id : all) {
    const auto bar = static_cast<std::size_t>(
        std::ranges::count_if(all, [&](NodeId other) { return held(other) < held(id); }));
    out += match.contains(id) ? std::string(bar, 'x') + ">" + std::string(all.size() - bar, ' ')
                              : "?" + std::string(all.size(), ' ');
    std::string index = std::to_string(held(id).value);
    if (index.size() < 5) index.insert(0, 5 - index.size(), ' ');
    out += " " + index + "    (id=" + std::to_string(id.value) + ")\n";
  }
  return out;
}

std::string committed(const Case& one) {
  const auto match = values_by_voter<LogIndex>(
      one, [](const std::string& text) { return LogIndex{std::stoull(text)}; });
  const Voters voters = voters_of(one);
  const LogIndex index = committed_index(voters, match);
  BOOST_TEST((committed_index(Voters{voters.outgoing, voters.incoming}, match) == index));
  return draw(voters, match) + (index == everything ? "∞" : std::to_string(index.value)) + "\n";
}

std::string vote(const Case& one) {
  const auto votes =
      values_by_voter<bool>(one, [](const std::string& text) { return text == "y"; });
  switch (vote_result(voters_of(one), votes)) {
    case VoteResult::pending: return "VotePending\n";
    case VoteResult::lost: return "VoteLost\n";
    case VoteResult::won: return "VoteWon\n";
  }
  return {};
}

std::set<NodeId> some_voters(Randomness& random) {
  std::set<NodeId> ids;
  for (std::uint64_t id = 1; id <= 7; ++id)
    if (random.chance(50)) ids.insert(NodeId{id});
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quorum)

BOOST_AUTO_TEST_CASE(the_published_tables_come_out_exactly) {
  std::size_t cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(tables())) {
    if (file.path().extension() != ".txt") continue;
    for (const Case& one : read_cases(file.path())) {
      if (one.command != "committed" && one.command != "vote") {
        BOOST_TEST_MESSAGE("skipped: " << one.where << ": no such command here: " << one.command);
        continue;
      }
      const std::string got = one.command == "vote" ? vote(one) : committed(one);
      BOOST_TEST(got == one.expected, one.where << ":\n" << got << "instead of\n" << one.expected);
      ++cases;
    }
  }
  BOOST_TEST_MESSAGE("quorum table cases: " << cases);
  BOOST_TEST(cases > 0u);
}

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
