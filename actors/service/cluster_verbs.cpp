// cluster.status: what this node knows of its cluster, whoever leads it.
#include <algorithm>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/cluster/snapshot_exchange.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"

namespace runink::actors {
namespace {

json::array nodes_json(const ServiceParts& parts, const RaftStatus& raft) {
  const config::ClusterFile& file = parts.services.config;
  std::vector<PeerContact> contacts;
  if (parts.links != nullptr) contacts = parts.links->contacts();
  json::array nodes;
  for (const config::Peer& peer : file.nodes) {
    json::object node{{"name", peer.name.value},
                      {"id", peer.id.value},
                      {"address", config::to_string(peer.address)},
                      {"leads", peer.id == raft.role.leader}};
    const auto contact =
        std::ranges::find(contacts, peer.id, [](const PeerContact& one) { return one.peer.id; });
    node["reachable"] = contact == contacts.end() || contact->connected;
    const auto follower = std::ranges::find(raft.followers, peer.id, &RaftStatus::Follower::node);
    if (follower != raft.followers.end()) node["match"] = follower->match.value;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

json::object on_its_way(const config::ClusterFile& file, const SnapshotOnItsWay& one) {
  json::object shown{{"index", one.index.value}, {"bytes", one.bytes}, {"size_bytes", one.size}};
  for (const config::Peer& peer : file.nodes)
    if (peer.id == one.peer) shown["node"] = peer.name.value;
  return shown;
}

json::object disk_json(const Services& services) {
  if (services.disk_gauge == nullptr) return {};
  return {{"left_bytes", services.disk_gauge->available().value},
          {"level", std::string(to_string(services.disk_gauge->level()))}};
}

/// The newest of this node, and those that come or go.
json::object snapshots_json(const Services& services, const RaftStatus& raft) {
  json::object shown;
  if (raft.snapshot != LogIndex{}) shown["newest"] = raft.snapshot.value;
  if (services.snapshot_exchange == nullptr) return shown;
  if (const auto incoming = services.snapshot_exchange->incoming())
    shown["incoming"] = on_its_way(services.config, *incoming);
  json::array outgoing;
  for (const SnapshotOnItsWay& one : services.snapshot_exchange->outgoing())
    outgoing.push_back(on_its_way(services.config, one));
  if (!outgoing.empty()) shown["outgoing"] = std::move(outgoing);
  return shown;
}

}  // namespace

Async<Result<json::value>> verb_cluster_status(ServiceParts& parts, AdminRequest request,
                                               AdminStream&) {
  if (auto good = check_members(request, {}); !good) co_return std::unexpected(good.error());
  AskRaft question;
  auto raft = co_await parts.gate.ask<RaftStatus>(parts.raft, actor_patience, question);
  if (!raft) co_return std::unexpected(co::to_fault(raft.error(), "Raft"));
  auto hash = std::make_shared<std::uint64_t>(0);
  Look look([hash](const state::ClusterState& cluster) { *hash = cluster.hash; }, true);
  auto applied = co_await parts.gate.ask_result<LogIndex>("the cluster's state", parts.cluster,
                                                          actor_patience, std::move(look));
  if (!applied) co_return std::unexpected(applied.error());
  const config::ClusterFile& file = parts.services.config;
  std::string leader;
  for (const config::Peer& peer : file.nodes)
    if (peer.id == raft->role.leader) leader = peer.name.value;
  co_return json::object{
      {"cluster", file.cluster},
      {"node", file.node.name.value},
      {"role", std::string(raft::to_string(raft->role.role))},
      {"term", raft->role.term.value},
      {"leader", leader.empty() ? json::value(nullptr) : json::value(leader)},
      {"nodes", nodes_json(parts, *raft)},
      {"log", json::object{{"first", raft->first.value},
                           {"last", raft->last.value},
                           {"durable", raft->durable.value},
                           {"committed", raft->committed.value}}},
      {"state", json::object{{"applied", applied->value}, {"hash", hash_text(*hash)}}},
      {"snapshots", snapshots_json(parts.services, *raft)},
      {"disk", disk_json(parts.services)}};
}

}  // namespace runink::actors
