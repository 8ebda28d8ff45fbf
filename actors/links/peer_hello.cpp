#include "actors/links/peer_hello.hpp"

#include <algorithm>

namespace runink::actors {
namespace {

std::string versions(std::uint16_t least, std::uint16_t most) {
  const std::string one = std::to_string(least);
  return least == most ? one : one + " to " + std::to_string(most);
}

/// Under which name its life is remembered: a node that joined has an id of its data folder, so another folder
/// under its name is another node.
NodeName met_as(const Hello& hello) {
  if (!storage::is_of_a_joined_node(hello.id)) return hello.name;
  return NodeName{hello.name.value + "." + std::to_string(hello.id.value)};
}

std::string who_is(const Hello& hello) { return "Node '" + hello.name.value.substr(0, 80) + "'"; }

}  // namespace

Acquaintance::Acquaintance(Hello self, std::vector<config::Peer> nodes, bool joins,
                           const storage::DataFolder& folder, storage::MetNodes met)
    : self_(std::move(self)),
      folder_(folder),
      nodes_(std::move(nodes)),
      knows_members_(!joins),
      met_(std::move(met)) {}

std::vector<config::Peer> Acquaintance::nodes() const {
  const std::lock_guard lock(members_mutex_);
  return nodes_;
}

void Acquaintance::members(std::vector<config::Peer> members, std::set<NodeId> removed) {
  const std::lock_guard lock(members_mutex_);
  nodes_ = std::move(members);
  removed_ = std::move(removed);
  knows_members_ = true;
}

bool Acquaintance::is_removed(NodeId id) const {
  const std::lock_guard lock(members_mutex_);
  return removed_.contains(id);
}

Result<Hello> Acquaintance::hello(Lane lane) {
  const std::lock_guard lock(mutex_);
  if (!life_) {
    auto begun = storage::begin_life(folder_);
    if (!begun) return std::unexpected(begun.error());
    life_ = std::move(*begun);
  }
  return told(lane);
}

std::optional<Hello> Acquaintance::hello_at_once(Lane lane) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !life_) return std::nullopt;
  return told(lane);
}

/// Under the mutex, in a life that has begun.
Hello Acquaintance::told(Lane lane) const {
  Hello hello = self_;
  hello.life = *life_;
  hello.lane = lane;
  return hello;
}

Result<config::Peer> Acquaintance::meet(const Hello& hello, const std::optional<NodeName>& proven) {
  auto peer = named_by(hello, proven);
  if (!peer) return peer;
  const std::lock_guard lock(mutex_);
  if (auto same = met_.meet(met_as(hello), hello.life); !same) return std::unexpected(same.error());
  return peer;
}

std::optional<Result<config::Peer>> Acquaintance::meet_at_once(
    const Hello& hello, const std::optional<NodeName>& proven) {
  auto peer = named_by(hello, proven);
  if (!peer) return peer;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !met_.has_met(met_as(hello), hello.life)) return std::nullopt;
  return peer;
}

/// Whether it may be that node at all, whatever its life.
Result<config::Peer> Acquaintance::named_by(const Hello& hello,
                                            const std::optional<NodeName>& proven) const {
  if (auto ours = is_of_this_cluster(hello, proven); !ours) return std::unexpected(ours.error());
  const std::lock_guard lock(members_mutex_);
  return find(hello);
}

Result<void> Acquaintance::is_of_this_cluster(const Hello& hello,
                                              const std::optional<NodeName>& proven) const {
  const std::string who = who_is(hello);
  if (proven && *proven != hello.name)
    return fail(FaultKind::not_allowed, who + " shows the certificate of node '" + proven->value +
                                            "'. Name each node's own files in its [tls].");
  if (hello.least > peer_version_most || hello.most < peer_version_least)
    return fail(FaultKind::refused, who + " speaks version " + versions(hello.least, hello.most) +
                                        " of the protocol between nodes, node '" +
                                        self_.name.value + "' version " +
                                        versions(peer_version_least, peer_version_most) +
                                        ". Install releases of runink that follow each other.");
  if (hello.cluster_name != self_.cluster_name)
    return fail(FaultKind::not_allowed, who + " belongs to cluster '" +
                                            hello.cluster_name.substr(0, 80) + "', node '" +
                                            self_.name.value + "' to '" + self_.cluster_name +
                                            "'. Correct the addresses in [[nodes]].");
  if (hello.cluster != self_.cluster)
    return fail(
        FaultKind::not_allowed,
        who + " and node '" + self_.name.value +
            "' have other lists of nodes: names, ids and their order in [[nodes]] must be the same "
            "in every cluster file of a cluster.");
  return {};
}

Result<config::Peer> Acquaintance::find(const Hello& hello) const {
  const std::string who = who_is(hello);
  if (removed_.contains(hello.id))
    return fail(FaultKind::no_such_thing,
                who +
                    " was removed from the cluster. Its data folder is of no use any more: to "
                    "bring the node back, start it with an empty one and add it.");
  const auto known = std::ranges::find(nodes_, hello.name, &config::Peer::name);
  const bool itself = hello.id == self_.id || hello.name == self_.name;
  if (known != nodes_.end() && known->id == hello.id && !itself) return *known;
  const auto address = config::parse_endpoint(hello.address, false);
  const bool may_be_new = storage::is_of_a_joined_node(hello.id) && !itself && address;
  if (may_be_new && (hello.lane == Lane::raft || !knows_members_))
    return config::Peer{hello.name, *address, hello.id};
  return fail(FaultKind::not_allowed, who + " with id " + std::to_string(hello.id.value) +
                                          " is no other node of this cluster.");
}

}  // namespace runink::actors
