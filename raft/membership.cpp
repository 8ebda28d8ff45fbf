#include "raft/membership.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "vocabulary/codec.hpp"

namespace runink::raft {
namespace {

bool contains(const Configuration& configuration, NodeId id) {
  return configuration.voters.contains(id) || configuration.learners.contains(id);
}

void remove(Configuration& from, NodeId id) {
  from.voters.incoming.erase(id);
  from.learners.erase(id);
  from.learners_next.erase(id);
  from.joining.erase(id);
}

void apply(Configuration& to, const MemberChange& change) {
  const NodeId id = change.node;
  if (id == NodeId{}) return;
  switch (change.kind) {
    case MemberChange::Kind::voter:
      remove(to, id);
      to.voters.incoming.insert(id);
      return;
    case MemberChange::Kind::learner:
    case MemberChange::Kind::join:
      remove(to, id);
      // Who still votes in the outgoing half cannot be a learner yet.
      if (to.voters.outgoing.contains(id)) {
        to.learners_next.insert(id);
        return;
      }
      to.learners.insert(id);
      if (change.kind == MemberChange::Kind::join) to.joining.insert(id);
      return;
    case MemberChange::Kind::remove: remove(to, id); return;
  }
}

Changed with(Configuration configuration, std::span<const MemberChange> changes) {
  for (const MemberChange& change : changes) apply(configuration, change);
  if (configuration.voters.incoming.empty()) return std::unexpected("removed all voters");
  return configuration;
}

}  // namespace

std::set<NodeId> Configuration::members() const {
  std::set<NodeId> all = voters.all();
  all.insert(learners.begin(), learners.end());
  return all;
}

Result<Configuration> configuration_in(const Entry& entry) {
  const std::string name = "Entry " + std::to_string(entry.index.value) + ", a configuration,";
  auto configuration = decode<Configuration>(entry.payload, name);
  if (configuration && !is_consistent(*configuration))
    return fail(FaultKind::corrupt, name + " contradicts itself. Rejoin this node.");
  return configuration;
}

bool is_consistent(const Configuration& c) {
  const auto no_voter = [&](NodeId id) { return id != NodeId{} && !c.voters.contains(id); };
  return !c.voters.incoming.empty() && !contains(c, NodeId{}) && (c.is_joint() || !c.auto_leave) &&
         std::ranges::all_of(c.learners, no_voter) &&
         std::ranges::includes(c.learners, c.joining) &&
         std::ranges::includes(c.voters.outgoing, c.learners_next) &&
         std::ranges::none_of(c.learners_next,
                              [&](NodeId id) { return c.voters.incoming.contains(id); });
}

std::size_t voters_that_differ(const Configuration& one, const Configuration& two) {
  std::vector<NodeId> differ;
  std::ranges::set_symmetric_difference(one.voters.incoming, two.voters.incoming,
                                        std::back_inserter(differ));
  return differ.size();
}

Changed change_simply(const Configuration& from, std::span<const MemberChange> changes) {
  if (from.is_joint()) return std::unexpected("can't apply simple config change in joint config");
  const Changed changed = with(from, changes);
  if (changed && voters_that_differ(from, *changed) > 1)
    return std::unexpected("more than one voter changed without entering joint config");
  return changed;
}

Changed enter_joint(const Configuration& from, std::span<const MemberChange> changes,
                    bool auto_leave) {
  if (from.is_joint()) return std::unexpected("config is already joint");
  if (from.voters.incoming.empty()) return std::unexpected("can't make a zero-voter config joint");
  Configuration joint = from;
  joint.voters.outgoing = from.voters.incoming;
  joint.auto_leave = auto_leave;
  return with(std::move(joint), changes);
}

Changed leave_joint(const Configuration& from) {
  if (!from.is_joint()) return std::unexpected("can't leave a non-joint config");
  Configuration left = from;
  left.learners.merge(left.learners_next);
  left.learners_next.clear();
  left.voters.outgoing.clear();
  left.auto_leave = false;
  return left;
}

}  // namespace runink::raft
