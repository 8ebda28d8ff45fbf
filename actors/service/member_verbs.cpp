// cluster.add, .remove, .promote, .transfer: each is a command of the log, with who asked; then it is waited
// until Raft's group is as the log wants it. Repeating any of them is harmless.
#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "actors/cluster/membership.hpp"
#include "actors/coroutines/waker.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/service/members.hpp"
#include "storage/founders.hpp"
#include "vocabulary/names.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

constexpr Duration members_look_again = milliseconds(20);
/// For what a living cluster does in well under a second.
constexpr Duration change_patience = seconds(20);
/// For a node that joins, when it is waited for and the caller says no time.
constexpr Duration join_patience = seconds(600);
/// Who was heard so lately is alive.
constexpr Duration alive_within = seconds(1);
/// A hand-over has a deadline of its own, in Raft; this is for the one that leads then to be known.
constexpr Duration transfer_patience = seconds(5);

Fault leads_no_more() {
  return {FaultKind::not_leader, "This node does not lead any more. Try again."};
}

Async<void> a_moment() {
  asio::steady_timer pause(co_await asio::this_coro::executor, co::chrono_of(members_look_again));
  co_await pause.async_wait(asio::use_awaitable);
}

using GroupIs = std::function<bool(const RaftStatus&)>;

/// Waits until Raft's group is `so`, and agreed on.
Async<Result<RaftStatus>> group_is(ServiceParts& parts, GroupIs so, Duration patience,
                                   std::string late) {
  const Instant until = parts.services.clock.now() + patience;
  for (;;) {
    auto raft = co_await raft_status(parts);
    if (!raft) co_return raft;
    if (raft->role.role != raft::Role::leader) co_return std::unexpected(leads_no_more());
    if (raft->configuration_committed && !raft->configuration.is_joint() && so(*raft))
      co_return raft;
    if (parts.services.clock.now() >= until)
      co_return fail(FaultKind::out_of_time,
                     late + " It goes on; `runi cluster status` shows how far it is.");
    co_await a_moment();
  }
}

std::string membership_of(const raft::Configuration& configuration, NodeId id) {
  if (configuration.voters.contains(id)) return "voter";
  return configuration.joining.contains(id) ? "joining" : "learner";
}

Async<Result<std::vector<KnownMember>>> members_of_several(ServiceParts& parts) {
  if (parts.links == nullptr)
    co_return fail(FaultKind::conflict,
                   "Node '" + parts.services.config.node.name.value +
                       "' is alone: it listens for no other. Write [[nodes]] with its own line and "
                       "[tls] into its cluster file and start it again; then others can join it.");
  co_return co_await known_members(parts, false);
}

const KnownMember* find(const std::vector<KnownMember>& members, const std::string& name) {
  const auto found =
      std::ranges::find(members, name, [](const KnownMember& one) { return one.peer.name.value; });
  return found == members.end() ? nullptr : &*found;
}

/// The id that the node at `address` has, which only it knows.
Async<Result<NodeId>> id_at(ServiceParts& parts, std::string name, config::Endpoint address) {
  auto hello = co_await parts.links->look_at(NodeName{name}, address);
  if (!hello)
    co_return fail(
        hello.error().kind,
        "Node '" + name + "' cannot be added: " + hello.error().what +
            " Start it with [node] address = \"" + config::to_string(address) +
            "\", the founders in [[nodes]], and a certificate of this cluster (`runi pki "
            "node " +
            name + "`), then repeat.");
  co_return hello->id;
}

json::object member_json(const std::string& name, NodeId id, bool changed) {
  return {{"name", name}, {"id", id.value}, {"changed", changed}};
}

/// Waits until the group has the node; `to_the_end`: until it votes, if it is to vote.
Async<Result<json::value>> wait_to_join(ServiceParts& parts, std::string name, NodeId id,
                                        bool votes, bool to_the_end, Submitted submitted) {
  GroupIs there = [id, votes, to_the_end](const RaftStatus& raft) {
    if (!votes) return raft.configuration.members().contains(id);
    return raft.configuration.voters.contains(id) ||
           (!to_the_end && raft.configuration.joining.contains(id));
  };
  const Duration patience = to_the_end ? join_patience : change_patience;
  std::string late =
      "Node '" + name + "' is to " + (votes ? "vote" : "join") + " and does not yet.";
  auto raft = co_await group_is(parts, std::move(there), patience, std::move(late));
  if (!raft) co_return std::unexpected(raft.error());
  json::object result =
      member_json(name, id, submitted.outcome.verdict != state::Verdict::repeated);
  result["membership"] = membership_of(raft->configuration, id);
  co_return result;
}

}  // namespace

Async<Result<RaftStatus>> raft_status(ServiceParts& parts) {
  AskRaft question;
  auto raft = co_await parts.gate.ask<RaftStatus>(parts.raft, actor_patience, question);
  if (!raft) co_return std::unexpected(co::to_fault(raft.error(), "Raft"));
  co_return std::move(*raft);
}

Async<Result<std::vector<KnownMember>>> known_members(ServiceParts& parts, bool stale) {
  auto known = std::make_shared<std::vector<KnownMember>>();
  const config::ClusterFile* file = &parts.services.config;
  Look look(
      [known, file](const state::ClusterState& cluster) {
        for (const config::Peer& peer : peers_of(cluster, *file)) {
          const state::Member& member = cluster.members.at(peer.name);
          known->push_back(
              {peer, member.role, member.founder, member.founder ? "" : member.by.name});
        }
      },
      stale);
  auto looked = co_await parts.gate.ask_result<LogIndex>("the cluster's state", parts.cluster,
                                                         actor_patience, std::move(look));
  if (!looked) co_return std::unexpected(looked.error());
  if (known->empty())
    for (const config::Peer& peer : file->nodes)
      known->push_back({peer, state::MemberRole::voter, true, {}});
  std::ranges::sort(*known, {}, [](const KnownMember& one) { return one.peer.name; });
  co_return std::move(*known);
}

Async<Result<json::value>> verb_cluster_add(ServiceParts& parts, AdminRequest request,
                                            AdminStream&) {
  if (auto good = check_members(request, {"name", "address", "worker", "wait"}); !good)
    co_return std::unexpected(good.error());
  auto name = text_member(request.body, "name", true);
  if (!name) co_return std::unexpected(name.error());
  auto address_text = text_member(request.body, "address", true);
  if (!address_text) co_return std::unexpected(address_text.error());
  const auto worker = flag_member(request.body, "worker"), wait = flag_member(request.body, "wait");
  if (!worker) co_return std::unexpected(worker.error());
  if (!wait) co_return std::unexpected(wait.error());
  if (auto good = check_name("node", *name); !good) co_return std::unexpected(good.error());
  auto address = config::parse_endpoint(*address_text, false);
  if (!address) co_return std::unexpected(address.error());
  auto members = co_await members_of_several(parts);
  if (!members) co_return std::unexpected(members.error());

  state::MemberAdded body{NodeName{*name},
                          {},
                          config::to_string(*address),
                          *worker ? state::MemberRole::worker : state::MemberRole::voter};
  const KnownMember* known = find(*members, *name);
  if (known != nullptr && known->peer.address == *address) {
    body.id = known->peer.id;
  } else {
    auto id = co_await id_at(parts, *name, *address);
    if (!id) co_return std::unexpected(id.error());
    body.id = *id;
  }
  const NodeId id = body.id;
  if (known == nullptr && !storage::is_of_a_joined_node(id))
    co_return fail(FaultKind::conflict,
                   "Node '" + *name +
                       "' was started as a founder. Give it 'address' in [node] and "
                       "an empty data folder: then it joins.");
  state::Body command(std::move(body));
  auto submitted = co_await parts.submit(caller_of(request), std::move(command));
  if (!submitted) co_return std::unexpected(submitted.error());
  co_return co_await wait_to_join(parts, std::move(*name), id, !*worker, *wait, *submitted);
}

Async<Result<json::value>> verb_cluster_promote(ServiceParts& parts, AdminRequest request,
                                                AdminStream&) {
  if (auto good = check_members(request, {"name", "wait"}); !good)
    co_return std::unexpected(good.error());
  auto name = text_member(request.body, "name", true);
  if (!name) co_return std::unexpected(name.error());
  const auto wait = flag_member(request.body, "wait");
  if (!wait) co_return std::unexpected(wait.error());
  if (auto several = co_await members_of_several(parts); !several)
    co_return std::unexpected(several.error());
  state::Body command(state::MemberPromoted{NodeName{*name}});
  auto submitted = co_await parts.submit(caller_of(request), std::move(command));
  if (!submitted) co_return std::unexpected(submitted.error());
  // Only now: who was added in between is promoted, too.
  auto members = co_await members_of_several(parts);
  if (!members) co_return std::unexpected(members.error());
  const KnownMember* promoted = find(*members, *name);
  if (promoted == nullptr)
    co_return fail(FaultKind::conflict, "Node '" + *name + "' was promoted, and removed since.");
  co_return co_await wait_to_join(parts, *name, promoted->peer.id, true, *wait, *submitted);
}

namespace {

/// Another node leads when this returns well.
Async<Result<NodeId>> transfer_to(ServiceParts& parts, NodeId to) {
  TransferLeadership question(to);
  co_return co_await parts.gate.ask_result<NodeId>("Raft", parts.raft, transfer_patience,
                                                   std::move(question));
}

/// Why a member may not go now; nothing when it may.
std::optional<Fault> would_lose_quorum(const RaftStatus& raft, NodeId self,
                                       const KnownMember& member) {
  if (!raft.configuration.voters.contains(member.peer.id)) return {};
  std::set<NodeId> living{self};
  for (const RaftStatus::Follower& one : raft.followers)
    if (one.silent < alive_within) living.insert(one.node);
  if (keeps_quorum(raft.configuration, living, member.peer.id)) return {};
  return Fault{
      FaultKind::refused,
      "Without node '" + member.peer.name.value +
          "' fewer than half of the voters that are left would live, and the cluster would "
          "stop. Start the others first (`runi cluster status` shows which), or use "
          "--force."};
}

}  // namespace

Async<Result<json::value>> verb_cluster_remove(ServiceParts& parts, AdminRequest request,
                                               AdminStream&) {
  if (auto good = check_members(request, {"name", "force"}); !good)
    co_return std::unexpected(good.error());
  auto name = text_member(request.body, "name", true);
  if (!name) co_return std::unexpected(name.error());
  const auto force = flag_member(request.body, "force");
  if (!force) co_return std::unexpected(force.error());
  auto members = co_await members_of_several(parts);
  if (!members) co_return std::unexpected(members.error());
  const NodeId self = parts.services.config.node.id;
  const KnownMember* member = find(*members, *name);
  if (member != nullptr) {
    auto raft = co_await raft_status(parts);
    if (!raft) co_return std::unexpected(raft.error());
    if (raft->role.role != raft::Role::leader) co_return std::unexpected(leads_no_more());
    if (!*force)
      if (auto no = would_lose_quorum(*raft, self, *member)) co_return std::unexpected(*no);
    // Who leads hands over first; whoever leads then goes on with this request.
    if (member->peer.id == self && raft->configuration.voters.incoming.size() > 1) {
      auto heir = co_await transfer_to(parts, NodeId{});
      if (!heir) co_return std::unexpected(heir.error());
      co_return std::unexpected(leads_no_more());
    }
  }
  state::MemberRemoved body{NodeName{*name}, member ? member->peer.id : NodeId{}, *force};
  state::Body command(std::move(body));
  auto submitted = co_await parts.submit(caller_of(request), std::move(command));
  if (!submitted) co_return std::unexpected(submitted.error());
  const NodeId id = member ? member->peer.id : NodeId{};
  GroupIs gone = [id](const RaftStatus& raft) {
    return !raft.configuration.members().contains(id);
  };
  std::string late = "Node '" + *name + "' is to go and is still counted.";
  auto raft = co_await group_is(parts, std::move(gone), change_patience, std::move(late));
  if (!raft) co_return std::unexpected(raft.error());
  co_return member_json(*name, id, submitted->outcome.verdict != state::Verdict::repeated);
}

Async<Result<json::value>> verb_cluster_transfer(ServiceParts& parts, AdminRequest request,
                                                 AdminStream&) {
  if (auto good = check_members(request, {"to"}); !good) co_return std::unexpected(good.error());
  auto to = text_member(request.body, "to", false);
  if (!to) co_return std::unexpected(to.error());
  auto members = co_await members_of_several(parts);
  if (!members) co_return std::unexpected(members.error());
  const NodeName self = parts.services.config.node.name;
  if (*to == self.value)
    co_return json::object{{"from", self.value}, {"leader", self.value}, {"changed", false}};
  state::Body command(state::LeaderAsked{NodeName{*to}});
  auto submitted = co_await parts.submit(caller_of(request), std::move(command));
  if (!submitted) co_return std::unexpected(submitted.error());
  const KnownMember* wanted = to->empty() ? nullptr : find(*members, *to);
  const Instant began = parts.services.clock.now();
  auto leader = co_await transfer_to(parts, wanted ? wanted->peer.id : NodeId{});
  if (!leader) co_return std::unexpected(leader.error());
  std::string name;
  for (const KnownMember& one : *members)
    if (one.peer.id == *leader) name = one.peer.name.value;
  if (wanted != nullptr && wanted->peer.id != *leader)
    co_return fail(FaultKind::conflict, "Node '" + name + "' leads now, not '" + *to +
                                            "': there was an election meanwhile. Repeat it.");
  co_return json::object{{"from", self.value},
                         {"leader", name},
                         {"changed", true},
                         {"took_ms", (parts.services.clock.now() - began).ns / 1'000'000}};
}

}  // namespace runink::actors
