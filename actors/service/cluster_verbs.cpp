// cluster.status: what this node and those it reaches know of the cluster, whoever leads it; cluster.node:
// what one node knows of itself.
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <list>
#include <optional>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/cluster/snapshot_exchange.hpp"
#include "actors/coroutines/waker.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/service/forwarding.hpp"
#include "actors/service/members.hpp"
#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/version.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

/// A node that has not answered by then is shown as it is known here.
constexpr Duration node_patience = seconds(1);

json::object membership_json(const RaftStatus& raft) {
  const auto ids = [](const std::set<NodeId>& nodes) {
    json::array all;
    for (const NodeId id : nodes) all.emplace_back(id.value);
    return all;
  };
  return {{"index", raft.configuration_index.value},
          {"committed", raft.configuration_committed},
          {"voters", ids(raft.configuration.voters.incoming)},
          {"leaving", ids(raft.configuration.voters.outgoing)},
          {"learners", ids(raft.configuration.learners)},
          {"joining", ids(raft.configuration.joining)}};
}

json::object on_its_way(const Services& services, const SnapshotOnItsWay& one) {
  json::object shown{{"index", one.index.value}, {"bytes", one.bytes}, {"size_bytes", one.size}};
  if (services.links != nullptr)
    if (const auto name = services.links->name_of(one.peer)) shown["node"] = name->value;
  return shown;
}

json::object disk_json(const Services& services) {
  const DiskGauge* gauge = services.disk_gauge;
  if (gauge == nullptr) return {};
  return {{"total_bytes", gauge->total().value},
          {"left_bytes", gauge->available().value},  // the ballast is no room
          {"level", std::string(to_string(gauge->level()))}};
}

/// The newest of this node, and those that come or go.
json::object snapshots_json(const Services& services, const RaftStatus& raft) {
  json::object shown;
  if (raft.snapshot != LogIndex{}) shown["newest"] = raft.snapshot.value;
  if (services.snapshot_exchange == nullptr) return shown;
  if (const auto incoming = services.snapshot_exchange->incoming())
    shown["incoming"] = on_its_way(services, *incoming);
  json::array outgoing;
  for (const SnapshotOnItsWay& one : services.snapshot_exchange->outgoing())
    outgoing.push_back(on_its_way(services, one));
  if (!outgoing.empty()) shown["outgoing"] = std::move(outgoing);
  return shown;
}

/// What this node knows of itself.
Async<Result<json::object>> node_json(ServiceParts& parts) {
  auto raft = co_await raft_status(parts);
  if (!raft) co_return std::unexpected(raft.error());
  auto hash = std::make_shared<std::uint64_t>(0);
  Look look([hash](const state::ClusterState& cluster) { *hash = cluster.hash; }, true);
  auto applied = co_await parts.gate.ask_result<LogIndex>("the cluster's state", parts.cluster,
                                                          actor_patience, std::move(look));
  if (!applied) co_return std::unexpected(applied.error());
  const config::ClusterFile& file = parts.services.config;
  json::array followers;
  for (const RaftStatus::Follower& one : raft->followers)
    followers.push_back(json::object{{"id", one.node.value},
                                     {"match", one.match.value},
                                     {"applied", one.applied.value},
                                     {"silent_ms", one.silent.ns / 1'000'000}});
  json::object node{
      {"cluster", file.cluster},
      {"node", file.node.name.value},
      {"id", file.node.id.value},
      {"version", std::string(runink_version)},
      {"incarnation", parts.services.folder.identity().incarnation},
      {"role", std::string(raft::to_string(raft->role.role))},
      {"term", raft->role.term.value},
      {"leader_id", raft->role.leader.value},
      {"leader_changes", raft->leader_changes},
      {"log", json::object{{"first", raft->first.value},
                           {"last", raft->last.value},
                           {"durable", raft->durable.value},
                           {"committed", raft->committed.value}}},
      {"state", json::object{{"applied", applied->value}, {"hash", hash_text(*hash)}}},
      {"membership", membership_json(*raft)},
      {"followers", std::move(followers)},
      {"snapshots", snapshots_json(parts.services, *raft)},
      {"disk", disk_json(parts.services)}};
  co_return node;
}

/// The nodes that are asked at once, and what they answered in time.
struct Answers {
  explicit Answers(const asio::any_io_executor& executor) : came(executor) {}
  struct One {
    NodeId id;
    std::optional<json::object> said;
    asio::cancellation_signal cancel;
    bool ended = false;
  };
  std::list<One> all;
  bool late = false;
  co::Waker came;
};

/// `one` belongs to the answers, which live as long as this does.
Async<void> ask_node(PeerLinks& links, std::shared_ptr<Answers>, Answers::One& one) {
  std::string question = question_about_a_node();
  PeerAnswer answer = co_await links.ask(one.id, Subject::admin, std::move(question));
  json::error_code error;
  auto said = json::parse(answer.payload, error);
  if (!answer.fault && !error && said.is_object()) one.said = std::move(said.get_object());
}

Async<std::map<NodeId, json::object>> ask_others(ServiceParts& parts) {
  std::map<NodeId, json::object> said;
  if (parts.links == nullptr) co_return said;
  auto executor = co_await asio::this_coro::executor;
  const auto answers = std::make_shared<Answers>(executor);
  for (const PeerContact& contact : parts.links->contacts()) {
    if (!contact.connected) continue;
    Answers::One& one = answers->all.emplace_back();
    one.id = contact.peer.id;
    auto ended = [answers, &one](std::exception_ptr) {
      one.ended = true;
      answers->came.wake();
    };
    asio::co_spawn(executor, ask_node(*parts.links, answers, one),
                   asio::bind_cancellation_slot(one.cancel.slot(), std::move(ended)));
  }
  asio::steady_timer deadline(executor, co::chrono_of(node_patience));
  deadline.async_wait([answers](boost::system::error_code cancelled) {
    if (cancelled) return;
    answers->late = true;
    answers->came.wake();
  });
  while (!answers->late && !std::ranges::all_of(answers->all, &Answers::One::ended))
    co_await answers->came.wait();
  for (Answers::One& one : answers->all) {
    if (!one.ended) one.cancel.emit(asio::cancellation_type::terminal);
    if (one.said) said.emplace(one.id, std::move(*one.said));
  }
  co_return said;
}

std::string membership_of(const json::object& leader, NodeId id) {
  const auto* membership = leader.if_contains("membership");
  if (membership == nullptr || !membership->is_object()) return "unknown";
  const auto among = [&](std::string_view name) {
    const auto* ids = membership->get_object().if_contains(name);
    return ids != nullptr && ids->is_array() &&
           std::ranges::any_of(ids->get_array(), [&](const json::value& one) {
             json::error_code error;
             return one.to_number<std::uint64_t>(error) == id.value && !error;
           });
  };
  if (among("voters")) return "voter";
  if (among("joining")) return "joining";
  if (among("learners")) return "learner";
  return among("leaving") ? "leaving" : "waiting";
}

/// What the leader knows of a follower.
void add_follower(json::object& node, const json::object& leader, NodeId id) {
  const auto* followers = leader.if_contains("followers");
  if (followers == nullptr || !followers->is_array()) return;
  for (const json::value& one : followers->get_array()) {
    if (!one.is_object()) continue;
    const json::object& follower = one.get_object();
    json::error_code error;
    const auto* number = follower.if_contains("id");
    if (number == nullptr || number->to_number<std::uint64_t>(error) != id.value || error) continue;
    for (const auto& [from, to] :
         {std::pair{"match", "match"}, std::pair{"silent_ms", "contact_ms"}})
      if (const auto* value = follower.if_contains(from)) node[to] = *value;
  }
}

void add_what_it_says(json::object& node, const json::object& said) {
  for (const char* name : {"role", "term", "version", "disk", "incarnation"})
    if (const auto* value = said.if_contains(name)) node[name] = *value;
  if (const auto* log = said.if_contains("log"); log && log->is_object())
    if (const auto* committed = log->get_object().if_contains("committed"))
      node["committed"] = *committed;
  if (const auto* state = said.if_contains("state"); state && state->is_object())
    if (const auto* applied = state->get_object().if_contains("applied"))
      node["applied"] = *applied;
}

}  // namespace

Async<Result<json::value>> verb_cluster_node(ServiceParts& parts, AdminRequest request,
                                             AdminStream&) {
  if (auto good = check_members(request, {}); !good) co_return std::unexpected(good.error());
  auto node = co_await node_json(parts);
  if (!node) co_return std::unexpected(node.error());
  co_return json::value(std::move(*node));
}

Async<Result<json::value>> verb_cluster_status(ServiceParts& parts, AdminRequest request,
                                               AdminStream&) {
  if (auto good = check_members(request, {}); !good) co_return std::unexpected(good.error());
  auto own = co_await node_json(parts);
  if (!own) co_return std::unexpected(own.error());
  auto known = co_await known_members(parts, true);
  if (!known) co_return std::unexpected(known.error());
  auto said = co_await ask_others(parts);
  const NodeId self = parts.services.config.node.id;
  said.insert_or_assign(self, *own);
  std::vector<PeerContact> contacts;
  if (parts.links != nullptr) contacts = parts.links->contacts();

  const NodeId leader{own->at("leader_id").to_number<std::uint64_t>()};
  const auto leads = said.find(leader);
  json::object none;
  const json::object& of_leader = leads == said.end() ? none : leads->second;
  json::object status = std::move(*own);
  json::value leader_name(nullptr);
  json::array nodes;
  for (const KnownMember& member : *known) {
    json::object node{
        {"name", member.peer.name.value},
        {"id", member.peer.id.value},
        {"address", config::to_string(member.peer.address)},
        {"leads", member.peer.id == leader},
        {"membership", membership_of(leads == said.end() ? status : of_leader, member.peer.id)}};
    if (!member.by.empty()) node["added_by"] = member.by;
    const auto contact = std::ranges::find(contacts, member.peer.id,
                                           [](const PeerContact& one) { return one.peer.id; });
    node["reachable"] = member.peer.id == self || (contact != contacts.end() && contact->connected);
    if (const auto one = said.find(member.peer.id); one != said.end())
      add_what_it_says(node, one->second);
    add_follower(node, of_leader, member.peer.id);
    if (member.peer.id == leader) leader_name = json::value(member.peer.name.value);
    nodes.push_back(std::move(node));
  }
  status["leader"] = std::move(leader_name);
  status["nodes"] = std::move(nodes);
  co_return status;
}

}  // namespace runink::actors
