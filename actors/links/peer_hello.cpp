#include "actors/links/peer_hello.hpp"

#include <algorithm>

namespace runink::actors {
namespace {

std::string versions(std::uint16_t least, std::uint16_t most) {
  const std::string one = std::to_string(least);
  return least == most ? one : one + " to " + std::to_string(most);
}

}  // namespace

Acquaintance::Acquaintance(Hello self, std::vector<config::Peer> nodes)
    : self_(std::move(self)), nodes_(std::move(nodes)) {}

const config::Peer* Acquaintance::node(const NodeName& name) const {
  const auto found = std::ranges::find(nodes_, name, &config::Peer::name);
  return found == nodes_.end() ? nullptr : &*found;
}

Hello Acquaintance::hello(Lane lane) const {
  Hello hello = self_;
  hello.lane = lane;
  return hello;
}

Result<config::Peer> Acquaintance::meet(const Hello& hello, const std::optional<NodeName>& proven) {
  const std::string who = "Node '" + hello.name.value.substr(0, 80) + "'";
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
  const config::Peer* peer = node(hello.name);
  if (peer == nullptr || peer->id != hello.id || peer->id == self_.id)
    return fail(FaultKind::not_allowed, who + " with id " + std::to_string(hello.id.value) +
                                            " is no other node of this cluster.");
  const std::lock_guard lock(mutex_);
  storage::Identity& met = met_[hello.id];
  if (met.incarnation != 0 && met.uuid != hello.life.uuid)
    return fail(
        FaultKind::refused,
        who +
            " has come back with another data folder. What it had promised is forgotten there, so "
            "it is no member any more. Give it its old data folder back.");
  if (hello.life.incarnation < met.incarnation)
    return fail(FaultKind::out_of_date,
                who +
                    " has been started again since this process of it was. Stop the "
                    "older process.");
  met = hello.life;
  return *peer;
}

}  // namespace runink::actors
