#include "actors/links/peer_links.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <map>
#include <utility>

#include "actors/links/asker.hpp"
#include "actors/links/peer_answerer.hpp"
#include "actors/links/peer_context.hpp"
#include "actors/links/raft_lane.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::actors {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Result<tcp::acceptor> listen_at(asio::io_context& io, const config::Endpoint& address) {
  const auto cannot = [&](const error_code& error) {
    return fail(FaultKind::outside_failed,
                "This node cannot listen for the others at " + config::to_string(address) + ": " +
                    error.message() +
                    ". Its address in [[nodes]] must be one of this machine, with a free port.");
  };
  error_code error;
  const auto found = tcp::resolver(io).resolve(address.host, std::to_string(address.port), error);
  if (error) return cannot(error);
  const tcp::endpoint at = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot(error);
  return acceptor;
}

}  // namespace

struct PeerLinks::State {
  State(asio::io_context& on, std::shared_ptr<PeerContext> of) : io(on), context(std::move(of)) {}
  asio::io_context& io;
  std::shared_ptr<PeerContext> context;
  std::map<NodeId, std::shared_ptr<RaftLane>> callers;
  std::map<std::pair<NodeId, Lane>, std::shared_ptr<Asker>> askers;
  std::shared_ptr<PeerAnswerer> answerer;
  bool started = false;
  bool stopped = false;
  std::atomic<std::uint64_t> leader{0};  ///< as Raft said last; 0: nobody is known

  asio::awaitable<void> close() {
    context->closing = true;
    answerer->abort();
    for (const auto& [id, caller] : callers) caller->abort();
    for (const auto& [key, asker] : askers) asker->abort();
    while (context->coroutines > 0) co_await context->ended.wait();
  }
};

PeerLinks::PeerLinks(std::unique_ptr<State> state) : state_(std::move(state)) {}
PeerLinks::~PeerLinks() { stop(); }

Result<std::unique_ptr<PeerLinks>> PeerLinks::open(asio::io_context& io, PeerLinksOptions options,
                                                   Log& log) {
  ENSURE(options.folder != nullptr && options.disk != nullptr);
  auto met = storage::MetNodes::open(*options.folder);
  if (!met) return std::unexpected(met.error());
  auto context = std::make_shared<PeerContext>(io.get_executor(), options.self,
                                               std::move(options.nodes), *options.folder,
                                               std::move(*met), *options.disk, options.tls, log);
  context->silence = options.silence;
  const config::Peer* self = context->known.node(options.self.name);
  if (self == nullptr)
    return fail(FaultKind::bad_input, "This node is not among the nodes of its cluster.");
  auto acceptor = listen_at(io, self->address);
  if (!acceptor) return std::unexpected(acceptor.error());
  auto state = std::make_unique<State>(io, context);
  for (const config::Peer& peer : context->known.nodes()) {
    if (peer.id == self->id) continue;
    state->callers.emplace(peer.id, std::make_shared<RaftLane>(context, peer));
    for (const Lane lane : {Lane::questions, Lane::bulk})
      state->askers.emplace(std::pair(peer.id, lane), std::make_shared<Asker>(context, peer, lane));
  }
  auto heard = [callers = state->callers](NodeId id) {
    if (const auto caller = callers.find(id); caller != callers.end()) caller->second->lives();
  };
  state->answerer = std::make_shared<PeerAnswerer>(context, std::move(*acceptor), std::move(heard));
  return std::unique_ptr<PeerLinks>(new PeerLinks(std::move(state)));
}

void PeerLinks::start(caf::actor raft, PeerService& service) {
  state_->context->raft = std::move(raft);
  state_->started = true;
  asio::post(state_->io, [answerer = state_->answerer, callers = state_->callers, &service] {
    answerer->start(service);
    for (const auto& [id, caller] : callers) caller->start();
  });
}

void PeerLinks::send(const raft::Envelope& envelope) {
  const auto caller = state_->callers.find(envelope.to);
  if (caller != state_->callers.end()) caller->second->send(envelope);
}

asio::awaitable<PeerAnswer> PeerLinks::ask(NodeId to, Subject subject, std::string payload,
                                           PartTaker take, Duration patience) {
  const auto asker = state_->askers.find({to, is_bulk(subject) ? Lane::bulk : Lane::questions});
  if (asker == state_->askers.end())
    co_return PeerAnswer{
        Fault{FaultKind::no_such_thing, "There is no other node " + std::to_string(to.value) + "."},
        {},
        true};
  const NodeId leader{state_->leader.load()};
  if (is_for_the_leader(subject) && leader != NodeId{} && leader != to)
    co_return PeerAnswer{
        Fault{FaultKind::not_leader, "Another node leads by now. Try again."}, {}, true};
  const Duration most = patience.ns > 0 ? patience : patience_for(subject);
  co_return co_await asker->second->ask(subject, std::move(payload), std::move(take), most);
}

void PeerLinks::led_by(NodeId leader) {
  state_->leader.store(leader.value);
  if (leader == NodeId{}) return;
  asio::post(state_->io, [askers = state_->askers, leader] {
    for (const auto& [key, asker] : askers)
      if (key.first != leader) asker->leads_no_more();
  });
}

std::vector<PeerContact> PeerLinks::contacts() const {
  std::vector<PeerContact> all;
  for (const auto& [id, caller] : state_->callers)
    all.push_back({caller->peer(), caller->connected()});
  return all;
}

void PeerLinks::stop() {
  if (std::exchange(state_->stopped, true) || !state_->started) return;
  auto close = [state = state_.get()] { return state->close(); };
  asio::co_spawn(state_->io, std::move(close), asio::use_future).get();
  state_->context->raft = nullptr;
}

}  // namespace runink::actors
