#include "actors/cluster/leader_line.hpp"

#include <memory>
#include <string>
#include <utility>

#include "actors/cluster/far_nodes.hpp"
#include "actors/coroutines/coroutines.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/messages.hpp"
#include "vocabulary/codec.hpp"

namespace runink::actors {
namespace {

namespace asio = boost::asio;

/// Progress that may be on its way at once; more is dropped, since the next one says the same better.
constexpr std::size_t progress_most = 64;

struct LineState {
  static inline const char* name = "leader_line";
  Services* services = nullptr;
  PeerLinks* links = nullptr;
  asio::any_io_executor io;
  caf::actor local;
  caf::actor worker;
  NodeId source;             ///< whose stream of work the worker gets; 0: nobody's
  std::uint64_t stream = 0;  ///< number of the newest
  std::size_t telling = 0;   ///< progress on its way
  co::Scope scope;
  co::Scope stream_scope;
};
using LineSelf = caf::stateful_actor<LineState>;

NodeId leader_of(const LineState& line) { return NodeId{line.services->leader->load()}; }
bool leads_here(const LineState& line) { return leader_of(line) == line.services->config.node.id; }

Fault nobody_leads() {
  return {FaultKind::not_leader, "No node is known to lead the cluster. Try again in a moment."};
}

/// Asks the node that leads; in the actor.
co::Task<PeerAnswer> ask_leader(LineSelf* self, Subject subject, std::string payload,
                                Duration patience = {}) {
  const NodeId leader = leader_of(self->state);
  if (leader == NodeId{} || leads_here(self->state)) co_return PeerAnswer{nobody_leads(), {}, true};
  PeerLinks* links = self->state.links;
  auto question = [links, leader, subject, payload = std::move(payload), patience]() mutable {
    return links->ask(leader, subject, std::move(payload), {}, patience);
  };
  co_return co_await co::on_asio(self, self->state.io, question);
}

co::Task<Result<Submitted>> line_submit(LineSelf* self, Submit request) {
  if (leads_here(self->state)) {
    auto asked = co_await co::ask<Result<Submitted>>(self, self->state.local, caf::infinite,
                                                     std::move(request));
    co_return co::flatten(std::move(asked), "the cluster's state");
  }
  state::Command command;
  command.caller = request.caller;
  command.body = *request.body;
  std::string payload = encode(command);
  PeerAnswer answer = co_await ask_leader(self, Subject::submit, std::move(payload));
  if (answer.fault) co_return std::unexpected(std::move(*answer.fault));
  co_return decode_submitted(answer.payload);
}

Fault another_source() {
  return {FaultKind::not_leader,
          "This node does not get its work from the node that leads now. It has to join again."};
}

co::Task<Result<LeaseGranted>> line_renew(LineSelf* self, RenewLease lease) {
  const NodeId leader = leader_of(self->state);
  if (leader == NodeId{} || leader != self->state.source)
    co_return std::unexpected(another_source());
  const Duration at_most = lease.at_most;
  if (leads_here(self->state)) {
    auto asked =
        co_await co::ask<Result<LeaseGranted>>(self, self->state.local, at_most, std::move(lease));
    co_return co::flatten(std::move(asked), "the cluster's state");
  }
  PeerAnswer answer = co_await ask_leader(self, Subject::renew, {}, at_most);
  if (self->state.source != leader) co_return std::unexpected(another_source());
  if (answer.fault) co_return std::unexpected(std::move(*answer.fault));
  co_return decode_lease(answer.payload);
}

/// Hands the worker what comes over the stream, until that ends.
co::Task<> line_follow(LineSelf* self, NodeId leader, std::uint64_t number) {
  const caf::actor worker = self->state.worker;
  Services* services = self->state.services;
  const auto parts = std::make_shared<WorkParts>();
  PartTaker take = [worker, services, parts](std::string bytes) -> asio::awaitable<void> {
    auto whole = parts->take(bytes);
    if (whole && !*whole) co_return;
    Result<Assignments> all = std::unexpected(whole ? Fault{} : whole.error());
    if (whole) {
      auto read = [set = std::move(**whole)] { return decode_assignments(set); };
      all = co_await co::on_disk(services->disk, read);
    }
    if (all)
      caf::anon_send(worker, std::move(*all));
    else
      services->log.error("the leader gives work that cannot be understood",
                          {LogField(all.error())});
  };
  PeerLinks* links = self->state.links;
  auto question = [links, leader, take] { return links->ask(leader, Subject::stream, {}, take); };
  const PeerAnswer end = co_await co::on_asio(self, self->state.io, question);
  if (end.fault && end.fault->kind == FaultKind::exhausted)
    services->log.error("the leader cannot give this node its work", {LogField(*end.fault)});
  if (self->state.stream == number) self->state.source = NodeId{};
}

void line_open(LineSelf* self, const OpenStream& stream) {
  LineState& line = self->state;
  line.stream_scope.cancel_all();
  line.worker = stream.worker;
  line.source = leader_of(line);
  ++line.stream;
  if (line.source == NodeId{}) return;
  if (leads_here(line))
    self->send(line.local, stream);
  else
    co::spawn(self, line.stream_scope, line_follow, self, line.source, line.stream);
}

co::Task<> line_tell(LineSelf* self, Progress progress) {
  ++self->state.telling;
  std::string payload = encode_progress(progress);
  (void)co_await ask_leader(self, Subject::progress, std::move(payload));
  --self->state.telling;
}

caf::behavior line_behavior(LineSelf* self, Services* services, caf::actor local, PeerLinks* links,
                            asio::any_io_executor io) {
  LineState& line = self->state;
  line.services = services;
  line.local = std::move(local);
  line.links = links;
  line.io = std::move(io);
  return {
      [self](const Submit& request) {
        return co::respond<Result<Submitted>>(self, self->state.scope, line_submit, self, request);
      },
      [self](const RenewLease& lease) {
        return co::respond<Result<LeaseGranted>>(self, self->state.scope, line_renew, self, lease);
      },
      [self](const OpenStream& stream) { line_open(self, stream); },
      [self](const Progress& progress) {
        if (leads_here(self->state))
          self->send(self->state.local, progress);
        else if (self->state.telling < progress_most)
          co::spawn(self, self->state.scope, line_tell, self, progress);
      },
  };
}

}  // namespace

caf::actor spawn_leader_line(caf::actor_system& system, Services& services, caf::actor state,
                             PeerLinks& links, asio::any_io_executor io) {
  return system.spawn(line_behavior, &services, std::move(state), &links, std::move(io));
}

}  // namespace runink::actors
