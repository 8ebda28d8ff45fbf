#include "actors/links/peer_hello.hpp"

#include <algorithm>

namespace runink::actors {
namespace {

std::string versions(std::uint16_t least, std::uint16_t most) {
  const std::string one = std::to_string(least);
  return least == most ? one : one + " to " + std::to_string(most);
}

}  // namespace

Acquaintance::Acquaintance(Hello self, std::vector<config::Peer> nodes,
                           const storage::DataFolder& folder, storage::MetNodes met)
    : self_(std::move(self)), nodes_(std::move(nodes)), folder_(folder), met_(std::move(met)) {}

const config::Peer* Acquaintance::node(const NodeName& name) const {
  const auto found = std::ranges::find(nodes_, name, &config::Peer::name);
  return found == nodes_.end() ? nullptr : &*found;
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
  if (auto same = met_.meet(hello.name, hello.life); !same) return std::unexpected(same.error());
  return peer;
}

std::optional<Result<config::Peer>> Acquaintance::meet_at_once(
    const Hello& hello, const std::optional<NodeName>& proven) {
  auto peer = named_by(hello, proven);
  if (!peer) return peer;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !met_.has_met(hello.name, hello.life)) return std::nullopt;
  return peer;
}

/// Whether it may be that node at all, whatever its life.
Result<config::Peer> Acquaintance::named_by(const Hello& hello,
                                            const std::optional<NodeName>& proven) const {
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
  return *peer;
}

}  // namespace runink::actors
