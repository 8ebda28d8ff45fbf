#include "tla_invariants.hpp"

#include <algorithm>

#include "names.hpp"

namespace runink::raft::simulation {
namespace {

/// Runs `look` over every two nodes that are up, both ways round when `ordered`.
template <class Look>
void over_pairs(const Moment& moment, bool ordered, Look look) {
  for (auto a = moment.nodes.begin(); a != moment.nodes.end(); ++a) {
    if (!a->second->is_up()) continue;
    for (auto b = ordered ? moment.nodes.begin() : std::next(a); b != moment.nodes.end(); ++b)
      if (b != a && b->second->is_up())
        look(a->first, a->second->core(), b->first, b->second->core());
  }
}

/// Does the log in memory, or what stands before it, hold the committed entry at `index`?
bool has(const Core& core, const Entry& entry) {
  return entry.index < core.log().first() || core.log().matches(entry.index, entry.term);
}

}  // namespace

void more_than_one_leader(const Moment& moment) {
  over_pairs(moment, false, [](NodeId a, const Core& one, NodeId b, const Core& two) {
    if (one.role() == Role::leader && two.role() == Role::leader && one.term() == two.term())
      throw Violation{Property::election_safety, name(a) + " and " + name(b) + " lead one term"};
  });
}

void log_matching(const Moment& moment) {
  over_pairs(moment, false, [](NodeId a, const Core& first, NodeId b, const Core& second) {
    const Log& one = first.log();
    const Log& two = second.log();
    const LogIndex from = std::max(one.first(), two.first());
    LogIndex n = std::min(one.last(), two.last());
    while (n >= from && one.at(n).term != two.at(n).term) n = previous(n);
    for (LogIndex i = from; i <= n; i = next(i))
      if (one.at(i) != two.at(i))
        throw Violation{Property::log_matching, name(a) + " and " + name(b) +
                                                    " agree on the term of " + name(n) +
                                                    " but not on " + name(i)};
  });
}

// All that anybody has committed stands in one list, entry by entry compared when it was committed; so
// it is enough that nobody has committed more than there is in it.
void log_inv(const Moment& moment) {
  for (const auto& [id, node] : moment.nodes) {
    if (!node->is_up()) continue;
    const LogIndex committed = node->core().log().committed();
    if (committed > moment.committed ||
        (committed > LogIndex{} && !has(node->core(), moment.entry(moment.from, committed))))
      throw Violation{Property::state_machine_safety,
                      name(id) + " has committed another " + name(committed)};
  }
}

void quorum_log(const Moment& moment) {
  for (const auto& [id, node] : moment.nodes) {
    if (!node->is_up()) continue;
    const LogIndex committed = node->core().log().committed();
    // A newcomer that has not got its first configuration yet knows no voters.
    if (committed == LogIndex{} || node->core().voters().incoming.empty()) continue;
    const Entry& last = moment.entry(moment.from, committed);
    std::map<NodeId, bool> lack;
    for (const NodeId voter : node->core().voters().all()) {
      const auto found = moment.nodes.find(voter);
      lack[voter] = found != moment.nodes.end() && !found->second->disk().holds(last);
    }
    if (vote_result(node->core().voters(), lack) == VoteResult::won)
      throw Violation{Property::acknowledged_survives, "a quorum of the voters that " + name(id) +
                                                           " knows lacks its committed " +
                                                           name(committed)};
  }
}

void more_up_to_date_correct(const Moment& moment) {
  over_pairs(moment, true, [&](NodeId a, const Core& one, NodeId b, const Core& two) {
    const LogIndex committed = one.log().committed();
    if (committed == LogIndex{} ||
        !one.log().is_up_to_date(two.log().last(), two.log().last_term()))
      return;
    if (!has(two, moment.entry(moment.from, committed)))
      throw Violation{Property::leader_completeness, name(b) + " could win a vote of " + name(a) +
                                                         " and lacks the committed " +
                                                         name(committed)};
  });
}

// Of the leader of the newest term only: a former one does not know what was cut since.
void matches_are_durable(const Moment& moment) {
  const SimulatedNode* leading = nullptr;
  for (const auto& [id, node] : moment.nodes)
    if (node->is_up() && node->core().role() == Role::leader &&
        (!leading || leading->core().term() < node->core().term()))
      leading = node.get();
  if (!leading) return;
  const Core& leader = leading->core();
  for (const auto& [id, node] : moment.nodes)
    if (node->disk().image().hard_state.term > leader.term() ||
        (node->is_up() && node->core().term() > leader.term()))
      return;
  for (const auto& [id, follower] : leader.followers()) {
    const auto found = moment.nodes.find(id);
    if (found == moment.nodes.end() || follower.match() < leader.log().first()) continue;
    if (!found->second->disk().holds(leader.log().at(follower.match())))
      throw Violation{Property::acknowledged_survives, name(leader.config().self) + " counts " +
                                                           name(follower.match()) + " of " +
                                                           name(id) + ", which is not on its disk"};
  }
}

}  // namespace runink::raft::simulation
