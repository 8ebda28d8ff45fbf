#include "actors/health.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <future>
#include <set>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/metrics.hpp"

namespace runink::actors {
namespace {

constexpr std::chrono::seconds answer_patience{1};
/// Entries that a node may be behind and still serve: a second of a busy cluster.
constexpr std::uint64_t lag_most = 10'000;
/// Who was heard so lately is alive.
constexpr Duration heard_lately = seconds(1);

}  // namespace

std::vector<std::string> why_not_ready(const RaftStatus& raft, NodeId self) {
  std::vector<std::string> why;
  if (raft.role.leader == NodeId{}) why.emplace_back("No node is known to lead the cluster.");
  if (!raft.configuration.members().contains(self))
    why.emplace_back("This node is no member of the cluster yet.");
  if (raft.committed.value - raft.applied.value > lag_most)
    why.emplace_back("This node has still to apply " +
                     std::to_string(raft.committed.value - raft.applied.value) + " entries.");
  return why;
}

bool would_lose_quorum_without(const RaftStatus& raft, NodeId self) {
  std::set<NodeId> living;
  for (const RaftStatus::Follower& one : raft.followers)
    if (one.silent < heard_lately) living.insert(one.node);
  return raft.configuration.voters.incoming.size() > 1 &&
         !keeps_quorum(raft.configuration, living, self);
}

std::optional<RaftStatus> Health::raft() const {
  std::optional<RaftStatus> status;
  caf::scoped_actor self{system_};
  self->request(raft_, answer_patience, AskRaft{})
      .receive([&](RaftStatus& answer) { status = std::move(answer); }, [](const caf::error&) {});
  return status;
}

bool Health::network_turns() const {
  auto turned = std::make_shared<std::promise<void>>();
  auto future = turned->get_future();
  boost::asio::post(io_, [turned] { turned->set_value(); });
  return future.wait_for(answer_patience) == std::future_status::ready;
}

HealthReport Health::lives() const {
  const bool network = network_turns(), actors = raft().has_value();
  const boost::json::object body{{"node", services_.config.node.name.value},
                                 {"status", network && actors ? "ok" : "stuck"},
                                 {"network", network},
                                 {"actors", actors}};
  return {network && actors, boost::json::serialize(body)};
}

HealthReport Health::serves() const {
  const auto status = raft();
  boost::json::array why;
  if (!status) {
    why.emplace_back("The node does not answer.");
  } else {
    for (const std::string& one : why_not_ready(*status, services_.config.node.id))
      why.emplace_back(one);
  }
  const bool good = why.empty();
  boost::json::object body{{"node", services_.config.node.name.value},
                           {"status", good ? "ready" : "not ready"},
                           {"why", std::move(why)}};
  if (status) {
    body["role"] = std::string(raft::to_string(status->role.role));
    body["term"] = status->role.term.value;
    body["committed"] = status->committed.value;
    body["applied"] = status->applied.value;
    if (status->role.role == raft::Role::leader)
      body["would_lose_quorum_if_stopped"] =
          would_lose_quorum_without(*status, services_.config.node.id);
  }
  return {good, boost::json::serialize(body)};
}

void Health::refresh() const {
  const auto status = raft();
  if (!status) return;
  services_.metrics.raft(*status);
  // What is known of the disk, never the disk itself: /health is answered on this thread, too.
  if (const DiskGauge* gauge = services_.disk_gauge) {
    services_.metrics.log_size(gauge->log_size());
    services_.metrics.disk(gauge->total(), gauge->available());
  }
  if (links_ == nullptr) return;
  std::set<NodeName> called;
  for (const PeerContact& contact : links_->contacts()) {
    called.insert(contact.peer.name);
    const RaftStatus::Follower* follower = nullptr;
    for (const RaftStatus::Follower& one : status->followers)
      if (one.node == contact.peer.id) follower = &one;
    services_.metrics.peer(
        contact.peer.name, contact.connected, contact.connections,
        follower ? std::optional(status->last.value - follower->match.value) : std::nullopt,
        follower ? std::optional(follower->silent) : std::nullopt);
  }
  services_.metrics.only_peers(called);
}

}  // namespace runink::actors
