// Everything that can happen to three nodes in ten events, in every order: each message at any time
// or never, elections, a proposal, a restart. Two orders in which every node sees the same are
// one: a node's state is the sequence of what it saw, and what is on its way follows from all of them.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <vector>

#include "disk_image.hpp"
#include "raft/raft.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

constexpr std::size_t nodes = 3;

/// How many of each may happen on one path.
struct Bounds {
  unsigned elections = 2;
  unsigned proposals = 1;
  unsigned restarts = 0;
  unsigned events = 10;  ///< of all kinds together
};

struct Node {
  Config config;
  Recovered disk;
  std::vector<Core> core;  // exactly one; a vector, so that it can be replaced
  std::uint64_t seen = 0;  // hash over all inputs
};

/// One moment of all of them. Copied for every way it can go on.
struct Moment {
  std::array<Node, nodes> node;
  std::vector<Envelope> on_the_way;
  Bounds left;
};

std::string violated;

void note(Node& node, std::string_view what) { node.seen = xxh64(what, node.seen); }

/// As the driver does, with a disk that writes at once.
void step(Moment& moment, std::size_t n, Input input) {
  Node& node = moment.node[n];
  std::vector<Input> inputs{std::move(input)};
  std::vector<Envelope> waiting;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Core& core = node.core.front();
    const Observation before = observe(core);
    Effects effects = core.step(std::move(inputs[i]));
    if (const auto broken = broken_invariant(before, core, effects))
      violated = "it does not hold that " + std::string(*broken);
    for (Envelope& one : effects.send_now) moment.on_the_way.push_back(std::move(one));
    if (!effects.persist) continue;
    waiting = std::move(effects.after_durable);
    const Persist& write = *effects.persist;
    write_to(node.disk, write);
    inputs.push_back(LogPersisted{write.seq, write.last_term(), write.last_index()});
    for (Envelope& one : waiting) moment.on_the_way.push_back(std::move(one));
  }
}

void start(Node& node) {
  node.core.clear();
  node.core.emplace_back(node.config, node.disk, LogIndex{});
}

Moment beginning(const Bounds& bounds, Mutant mutant) {
  Moment moment;
  moment.left = bounds;
  for (std::size_t n = 0; n < nodes; ++n) {
    Config& config = moment.node[n].config;
    config.mutant = mutant;
    config.self = NodeId{n + 1};
    config.seed = n + 1;
    config.check_quorum = {};  // nobody refuses a vote because a leader was heard: no clock here
    for (std::size_t id = 1; id <= nodes; ++id) config.voters.insert(NodeId{id});
    start(moment.node[n]);
  }
  return moment;
}

void look(const Moment& moment) {
  for (std::size_t a = 0; a < nodes; ++a)
    for (std::size_t b = a + 1; b < nodes; ++b) {
      const Core& one = moment.node[a].core.front();
      const Core& two = moment.node[b].core.front();
      if (one.role() == Role::leader && two.role() == Role::leader && one.term() == two.term())
        violated = "election safety: two leaders in one term";
      const auto x = one.log().entries();
      const auto y = two.log().entries();
      bool same_so_far = true;
      for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        const bool same = x[i] == y[i];
        if (same && !same_so_far) violated = "log matching";
        same_so_far = same_so_far && same;
        const LogIndex index{i + 1};
        if (!same && index <= one.log().committed() && index <= two.log().committed())
          violated = "state machine safety: two entries are committed at one index";
      }
    }
}

/// Every moment that can follow.
std::vector<Moment> what_can_follow(const Moment& now) {
  std::vector<Moment> all;
  std::set<std::string> delivered;
  for (std::size_t i = 0; i < now.on_the_way.size(); ++i) {
    const std::string bytes = encode(now.on_the_way[i]);
    if (!delivered.insert(bytes).second) continue;
    Moment then = now;
    Envelope envelope = std::move(then.on_the_way[i]);
    then.on_the_way.erase(then.on_the_way.begin() + static_cast<std::ptrdiff_t>(i));
    const std::size_t to = envelope.to.value - 1;
    note(then.node[to], bytes);
    step(then, to, Receive{std::move(envelope)});
    all.push_back(std::move(then));
  }
  for (std::size_t n = 0; n < nodes; ++n) {
    const Core& core = now.node[n].core.front();
    if (core.role() != Role::leader && now.left.elections > 0) {
      Moment then = now;
      --then.left.elections;
      // Whoever leads says so: that is an election without pre-votes, and half the messages.
      const NodeId from = core.leader() != NodeId{} ? core.leader() : NodeId{(n + 1) % nodes + 1};
      note(then.node[n], "elect");
      step(then, n, Receive{{1, from, core.config().self, core.term(), TimeoutNow{}}});
      all.push_back(std::move(then));
    }
    if (core.role() == Role::leader && now.left.proposals > 0) {
      Moment then = now;
      --then.left.proposals;
      note(then.node[n], "propose");
      step(then, n, Propose{ProposalTag{1}, {"x" + std::to_string(n)}});
      all.push_back(std::move(then));
    }
    if (now.left.restarts > 0 && now.node[n].seen != 0) {
      Moment then = now;
      --then.left.restarts;
      note(then.node[n], "restart");
      start(then.node[n]);
      all.push_back(std::move(then));
    }
  }
  return all;
}

struct Explored {
  std::size_t states = 0;
  std::size_t with_a_leader = 0;
  std::size_t with_a_commit = 0;
  std::string violation;
};

Explored explore(const Bounds& bounds, Mutant mutant = Mutant::none) {
  Explored explored;
  violated.clear();
  std::set<std::array<std::uint64_t, nodes>> known;
  std::vector<Moment> open{beginning(bounds, mutant)};
  while (!open.empty()) {
    const Moment now = std::move(open.back());
    open.pop_back();
    if (!known.insert({now.node[0].seen, now.node[1].seen, now.node[2].seen}).second) continue;
    ++explored.states;
    look(now);
    if (!violated.empty()) break;
    explored.with_a_leader += std::ranges::any_of(
        now.node, [](const Node& one) { return one.core.front().role() == Role::leader; });
    explored.with_a_commit += std::ranges::any_of(
        now.node, [](const Node& one) { return one.core.front().log().committed() > LogIndex{}; });
    if (now.left.events == 0) continue;
    for (Moment& then : what_can_follow(now)) {
      --then.left.events;
      open.push_back(std::move(then));
    }
  }
  explored.violation = violated;
  return explored;
}

void tell(const char* what, const Explored& explored) {
  BOOST_TEST_MESSAGE(what << ": " << explored.states << " states"
                          << ", " << explored.with_a_leader << " with a leader, "
                          << explored.with_a_commit << " with something committed");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(small_scope)

BOOST_AUTO_TEST_CASE(one_election_and_one_proposal_in_every_order_are_safe) {
  const Explored explored = explore({.elections = 1, .proposals = 1});
  tell("one election, one proposal", explored);
  BOOST_TEST(explored.violation == "");
  BOOST_TEST(explored.with_a_commit > 0u);
}

BOOST_AUTO_TEST_CASE(two_elections_and_a_proposal_in_every_order_are_safe) {
  const Explored explored = explore({.elections = 2, .proposals = 1, .events = 9});
  tell("two elections, one proposal", explored);
  BOOST_TEST(explored.violation == "");
  BOOST_TEST(explored.with_a_commit > 0u);
}

BOOST_AUTO_TEST_CASE(two_elections_and_a_restart_in_every_order_elect_one_leader_a_term) {
  const Explored explored = explore({.elections = 2, .proposals = 0, .restarts = 1, .events = 8});
  tell("two elections, one restart", explored);
  BOOST_TEST(explored.violation == "");
  BOOST_TEST(explored.with_a_leader > 0u);
}

BOOST_AUTO_TEST_CASE(a_forgotten_vote_is_found) {
  const Explored explored =
      explore({.elections = 2, .proposals = 0, .restarts = 1, .events = 8}, Mutant::forget_vote);
  BOOST_TEST(explored.violation != "");
  BOOST_TEST_MESSAGE("a forgotten vote is found after " << explored.states
                                                        << " states: " << explored.violation);
}

BOOST_AUTO_TEST_SUITE_END()
