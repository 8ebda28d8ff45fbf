// Nodes that become members, are promoted and are removed.
#include <algorithm>
#include <set>

#include "state/assignments.hpp"
#include "state/change.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::state {
namespace {

std::optional<Problem> check(const NodeName& node, NodeId id, const std::string& address) {
  if (auto name = check_name("node", node.value); !name)
    return Problem{Refusal::bad_name, name.error().what};
  if (id == NodeId{} || address.empty() || address.size() > limits::address_bytes)
    return Problem{Refusal::bad_value, "The node '" + node.value +
                                           "' has no id, or no address of 1 to " +
                                           std::to_string(limits::address_bytes) + " bytes."};
  return {};
}

Outcome no_such_member(const NodeName& node) {
  return refuse(Refusal::no_such_node, "The cluster has no member '" + node.value.substr(0, 80) +
                                           "'. `runi cluster status` lists them.");
}

std::string in_words(MemberRole role) { return role == MemberRole::voter ? "voter" : "worker"; }

/// Its live attempts are lost, and what it was to publish fails: nobody else can.
void take_work_from(Change& change, const NodeName& node) {
  const auto at = change.cluster.nodes.find(node);
  if (at == change.cluster.nodes.end()) return;
  lose_attempts(change, node);
  for (const Publication& due : publications_of(change.cluster, node)) {
    const auto found = change.cluster.runs.find(due.run);
    if (found == change.cluster.runs.end()) continue;  // one before it was the last of the run
    Run& run = found->second;
    const std::size_t step = *run.place_of(due.step);
    StageHead& head = run.stages[step].head;
    if (head.status != StageStatus::publishing) continue;
    head.publisher = node;
    head.refusal = PublishRefusal::outside_failed;
    fail_stage(change, run, step);
    settle(change, run);
  }
  change.remove(Table::nodes, key_of(node));
  change.cluster.nodes.erase(node);
  change.events.push_back(NodeChanged{node, false});
}

void bury(Change& change, const Member& member, bool forced) {
  RemovedMember& grave = change.cluster.removed_members[member.id];
  grave = {member.id, member.node, forced, change.index, change.now, change.caller};
  change.put(grave);
  const NodeName node = member.node;  // `member` goes with its row
  take_work_from(change, node);
  change.remove(Table::members, key_of(node));
  change.cluster.members.erase(node);
}

/// One that only Raft's configuration named.
void bury_unknown(Change& change, NodeId id) {
  RemovedMember& grave = change.cluster.removed_members[id];
  grave = {id, NodeName{}, true, change.index, change.now, change.caller};
  change.put(grave);
}

void put_member(Change& change, Member member) {
  const NodeName node = member.node;
  change.put(change.cluster.members[node] = std::move(member));
}

/// Why a node may not become a member; nothing when it may.
std::optional<Problem> stands_in_the_way(const ClusterState& cluster, const MemberAdded& added) {
  if (cluster.removed_members.contains(added.id))
    return Problem{Refusal::removed_member,
                   "The data folder of node '" + added.node.value +
                       "' belonged to a member that was removed; what it had promised is void. "
                       "Start the node with an empty data folder, then add it again."};
  for (const auto& [name, member] : cluster.members) {
    if (name == added.node) continue;
    if (member.id == added.id)
      return Problem{Refusal::member_exists, "The id of node '" + added.node.value +
                                                 "' is that of member '" + name.value + "'."};
    if (member.address == added.address)
      return Problem{Refusal::member_exists,
                     "The address " + added.address + " is that of member '" + name.value + "'."};
  }
  return {};
}

Outcome change_member(Change& change, const Member& known, const MemberAdded& added) {
  if (known.id != added.id)
    return refuse(Refusal::member_exists,
                  "Node '" + added.node.value +
                      "' is a member with another data folder. If that one is gone for good: "
                      "`runi cluster remove " +
                      added.node.value + "`, then add the node again.");
  if (known.role != added.role)
    return refuse(Refusal::member_exists,
                  "Node '" + added.node.value + "' is a member already, as a " +
                      in_words(known.role) +
                      (known.role == MemberRole::worker
                           ? ". `runi cluster promote " + added.node.value + "` makes it vote."
                           : ". Remove it first to add it as a worker."));
  if (known.address == added.address) return repeat();
  if (known.founder)
    return refuse(Refusal::member_exists,
                  "Node '" + added.node.value +
                      "' is a founder: its address is what [[nodes]] of the cluster files says.");
  Member moved = known;
  moved.address = added.address;
  put_member(change, std::move(moved));
  return accept();
}

}  // namespace

Outcome apply_one(Change& change, const MembersFounded& founded) {
  ClusterState& cluster = change.cluster;
  if (!cluster.members.empty() || !cluster.removed_members.empty()) return repeat();
  if (founded.founders.empty() || founded.founders.size() > limits::members)
    return refuse(Refusal::bad_value,
                  "A cluster has 1 to " + std::to_string(limits::members) + " founders.");
  std::set<NodeName> names;
  NodeId last;
  for (const Founder& one : founded.founders) {
    if (auto problem = check(one.node, one.id, one.address)) return refuse(*problem);
    if (one.id <= last || !names.insert(one.node).second)
      return refuse(Refusal::bad_value, "Founders are sorted by id, each once.");
    last = one.id;
  }
  for (const Founder& one : founded.founders)
    put_member(change, {one.node, one.id, one.address, MemberRole::voter, true, change.index,
                        change.now, change.caller});
  return accept();
}

Outcome apply_one(Change& change, const MemberAdded& added) {
  if (auto problem = check(added.node, added.id, added.address)) return refuse(*problem);
  if (auto problem = stands_in_the_way(change.cluster, added)) return refuse(*problem);
  const auto known = change.cluster.members.find(added.node);
  if (known != change.cluster.members.end()) return change_member(change, known->second, added);
  if (change.cluster.members.size() >= limits::members)
    return refuse(Refusal::too_many, "The cluster has " + std::to_string(limits::members) +
                                         " members; no more are possible.");
  put_member(change, {added.node, added.id, added.address, added.role, false, change.index,
                      change.now, change.caller});
  return accept();
}

Outcome apply_one(Change& change, const MemberPromoted& promoted) {
  const auto at = change.cluster.members.find(promoted.node);
  if (at == change.cluster.members.end()) return no_such_member(promoted.node);
  if (at->second.role == MemberRole::voter) return repeat();
  at->second.role = MemberRole::voter;
  change.put(at->second);
  return accept();
}

Outcome apply_one(Change& change, const MemberRemoved& removed) {
  ClusterState& cluster = change.cluster;
  const auto was_removed = [&](const auto& one) {
    return one.second.node == removed.node && (removed.id == NodeId{} || one.first == removed.id);
  };
  const auto at = cluster.members.find(removed.node);
  if (at == cluster.members.end() || (removed.id != NodeId{} && at->second.id != removed.id))
    return std::ranges::any_of(cluster.removed_members, was_removed) ? repeat()
                                                                     : no_such_member(removed.node);
  const auto votes = [](const auto& one) { return one.second.role == MemberRole::voter; };
  if (votes(*at) && std::ranges::count_if(cluster.members, votes) == 1)
    return refuse(Refusal::member_exists,
                  "Node '" + removed.node.value +
                      "' is the only voter: without it there is no cluster. Add another first.");
  if (cluster.removed_members.size() >= limits::removed_members)
    return refuse(Refusal::too_many, std::to_string(limits::removed_members) +
                                         " members were removed; no more can be remembered.");
  const std::size_t due = publications_of(cluster, removed.node).size();
  if (due > 0 && !removed.force)
    return refuse(Refusal::member_exists,
                  "Node '" + removed.node.value + "' has still to publish " + std::to_string(due) +
                      (due == 1 ? " sink" : " sinks") +
                      ", which no other node can. Wait, or force it: then they fail.");
  bury(change, at->second, removed.force);
  return accept();
}

Outcome apply_one(Change& change, const LeaderAsked& asked) {
  if (asked.to.value.empty()) return accept();
  const auto at = change.cluster.members.find(asked.to);
  if (at == change.cluster.members.end()) return no_such_member(asked.to);
  if (at->second.role != MemberRole::voter)
    return refuse(Refusal::member_exists,
                  "Node '" + asked.to.value +
                      "' is a worker and cannot lead. `runi cluster promote " + asked.to.value +
                      "` makes it vote.");
  return accept();
}

Outcome apply_one(Change& change, const ClusterRecovered& recovered) {
  ClusterState& cluster = change.cluster;
  if (auto problem = check(recovered.survivor, recovered.id, recovered.address))
    return refuse(*problem);
  const auto known = cluster.members.find(recovered.survivor);
  if (recovered.lost.size() > limits::members)
    return refuse(Refusal::bad_value, "More members were lost than a cluster can have.");
  if (cluster.removed_members.contains(recovered.id) ||
      (known != cluster.members.end() && known->second.id != recovered.id))
    return refuse(Refusal::removed_member, "The node that was recovered is no member.");
  const std::map<NodeName, Member> before = cluster.members;
  for (const auto& [name, member] : before)
    if (name != recovered.survivor) bury(change, member, true);
  for (const NodeId id : recovered.lost)
    if (id != recovered.id && !cluster.removed_members.contains(id)) bury_unknown(change, id);
  Member survivor{recovered.survivor, recovered.id, recovered.address, MemberRole::voter, true,
                  change.index,       change.now,   change.caller};
  if (known != cluster.members.end()) survivor = known->second;
  survivor.role = MemberRole::voter;
  put_member(change, std::move(survivor));
  return accept();
}

bool is_about_members(const Body& body) {
  return std::holds_alternative<MembersFounded>(body) ||
         std::holds_alternative<MemberAdded>(body) ||
         std::holds_alternative<MemberPromoted>(body) ||
         std::holds_alternative<MemberRemoved>(body) ||
         std::holds_alternative<ClusterRecovered>(body);
}

}  // namespace runink::state
