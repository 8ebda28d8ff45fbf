#include "actors/links/peer_links.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <map>
#include <mutex>
#include <utility>

#include "actors/links/asker.hpp"
#include "actors/links/peer_answerer.hpp"
#include "actors/links/peer_context.hpp"
#include "actors/links/raft_lane.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"

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

using Dials = std::set<std::shared_ptr<PeerDial>>;

/// A call that only looks, however it ends: its connection is closed, and nobody counts on it any more.
class Looking {
 public:
  Looking(std::shared_ptr<Dials> all, std::shared_ptr<PeerDial> dial)
      : all_(std::move(all)), dial_(std::move(dial)) {
    all_->insert(dial_);
  }
  Looking(const Looking&) = delete;
  Looking& operator=(const Looking&) = delete;
  ~Looking() {
    all_->erase(dial_);
    dial_->abort();
  }

 private:
  std::shared_ptr<Dials> all_;  ///< a coroutine may be destroyed later than the links
  std::shared_ptr<PeerDial> dial_;
};

}  // namespace

struct PeerLinks::State {
  State(asio::io_context& on, std::shared_ptr<PeerContext> of)
      : io(on), context(std::move(of)), news(std::make_shared<co::Waker>(on.get_executor())) {}
  asio::io_context& io;
  std::shared_ptr<PeerContext> context;
  std::mutex mutex;  ///< of the maps, which change on the Asio thread only
  std::map<NodeId, std::shared_ptr<RaftLane>> callers;
  std::map<std::pair<NodeId, Lane>, std::shared_ptr<Asker>> askers;
  const std::shared_ptr<Dials> looking = std::make_shared<Dials>();
  std::shared_ptr<PeerAnswerer> answerer;
  bool calling = false;
  bool started = false;
  bool stopped = false;
  std::atomic<std::uint64_t> leader{0};   ///< as Raft said last; 0: nobody is known
  const std::shared_ptr<co::Waker> news;  ///< of the leader

  std::shared_ptr<RaftLane> caller(NodeId id) {
    const std::lock_guard lock(mutex);
    const auto found = callers.find(id);
    return found == callers.end() ? nullptr : found->second;
  }
  std::map<NodeId, std::shared_ptr<RaftLane>> all_callers() {
    const std::lock_guard lock(mutex);
    return callers;
  }
  void know(const config::Peer& peer);
  void forget(NodeId id);
  void heard(const config::Peer& peer);

  asio::awaitable<void> close() {
    context->closing = true;
    answerer->abort();
    for (const auto& [id, caller] : callers) caller->abort();
    for (const auto& [key, asker] : askers) asker->abort();
    for (const auto& dial : *looking) dial->abort();
    while (context->coroutines > 0) co_await context->ended.wait();
  }
};

/// Calls it from now on; at its new address, if it has another one than before.
void PeerLinks::State::know(const config::Peer& peer) {
  if (peer.id == context->known.self().id || context->closing) return;
  if (const auto before = caller(peer.id)) {
    if (before->peer() == peer) return;
    forget(peer.id);
  }
  auto lane = std::make_shared<RaftLane>(context, peer);
  {
    const std::lock_guard lock(mutex);
    callers.emplace(peer.id, lane);
    for (const Lane one : {Lane::questions, Lane::bulk})
      askers.emplace(std::pair(peer.id, one), std::make_shared<Asker>(context, peer, one));
  }
  if (calling) lane->start();
}

void PeerLinks::State::forget(NodeId id) {
  std::shared_ptr<RaftLane> lane;
  std::vector<std::shared_ptr<Asker>> asking;
  {
    const std::lock_guard lock(mutex);
    const auto found = callers.find(id);
    if (found == callers.end()) return;
    lane = found->second;
    callers.erase(found);
    for (const Lane one : {Lane::questions, Lane::bulk})
      if (auto node = askers.extract({id, one})) asking.push_back(node.mapped());
  }
  lane->end();
  for (const auto& one : asking) one->abort();
}

void PeerLinks::State::heard(const config::Peer& peer) {
  if (const auto lane = caller(peer.id))
    lane->lives();
  else if (all_callers().size() < limits::members)
    know(peer);
}

PeerLinks::PeerLinks(std::unique_ptr<State> state) : state_(std::move(state)) {}
PeerLinks::~PeerLinks() { stop(); }

Result<std::unique_ptr<PeerLinks>> PeerLinks::open(asio::io_context& io, PeerLinksOptions options,
                                                   Log& log) {
  ENSURE(options.folder != nullptr && options.disk != nullptr);
  if (!options.joins) {
    const auto self = std::ranges::find(options.nodes, options.self.name, &config::Peer::name);
    if (self == options.nodes.end())
      return fail(FaultKind::bad_input, "This node is not among the nodes of its cluster.");
    options.address = self->address;
  }
  options.self.address = config::to_string(options.address);
  auto met = storage::MetNodes::open(*options.folder);
  if (!met) return std::unexpected(met.error());
  auto context = std::make_shared<PeerContext>(
      io.get_executor(), options.self, std::move(options.nodes), options.joins, *options.folder,
      std::move(*met), *options.disk, options.tls, log);
  context->silence = options.silence;
  auto acceptor = listen_at(io, options.address);
  if (!acceptor) return std::unexpected(acceptor.error());
  auto state = std::make_unique<State>(io, context);
  for (const config::Peer& peer : context->known.nodes()) state->know(peer);
  auto heard = [state = state.get()](const config::Peer& peer) { state->heard(peer); };
  state->answerer = std::make_shared<PeerAnswerer>(context, std::move(*acceptor), std::move(heard));
  return std::unique_ptr<PeerLinks>(new PeerLinks(std::move(state)));
}

void PeerLinks::start(caf::actor raft, PeerService& service,
                      std::function<void(const Fault&)> removed) {
  state_->context->raft = std::move(raft);
  state_->context->removed = std::move(removed);
  state_->started = true;
  asio::post(state_->io, [state = state_.get(), &service] {
    state->answerer->start(service);
    state->calling = true;
    for (const auto& [id, caller] : state->all_callers()) caller->start();
  });
}

void PeerLinks::set_members(std::vector<config::Peer> members, std::set<NodeId> removed) {
  asio::post(state_->io, [state = state_.get(), members = std::move(members),
                          removed = std::move(removed)]() mutable {
    if (state->context->closing) return;
    state->context->known.members(members, removed);
    for (const NodeId id : removed) {
      state->forget(id);
      state->answerer->hang_up(id);
    }
    for (const config::Peer& peer : members) state->know(peer);
  });
}

asio::awaitable<Result<Hello>> PeerLinks::look_at(NodeName name, config::Endpoint address) {
  const auto dial = std::make_shared<PeerDial>(
      state_->context, config::Peer{std::move(name), std::move(address), NodeId{}},
      Lane::questions);
  const Looking looking(state_->looking, dial);
  auto called = co_await dial->call();
  if (!called) co_return std::unexpected(called.error());
  co_return dial->answered();
}

void PeerLinks::send(const raft::Envelope& envelope) {
  if (const auto caller = state_->caller(envelope.to)) caller->send(envelope);
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
  asio::post(state_->io, [state = state_.get(), leader] {
    state->news->wake();
    if (leader == NodeId{}) return;
    for (const auto& [key, asker] : state->askers)
      if (key.first != leader) asker->leads_no_more();
  });
}

asio::awaitable<void> PeerLinks::leader_news(Duration at_most) {
  const auto news = state_->news;
  asio::steady_timer late(state_->io, co::chrono_of(at_most));
  late.async_wait([news](error_code cancelled) {
    if (!cancelled) news->wake();
  });
  co_await news->wait();
}

std::vector<PeerContact> PeerLinks::contacts() const {
  std::vector<PeerContact> all;
  for (const auto& [id, caller] : state_->all_callers())
    all.push_back({caller->peer(), caller->connected(), caller->connections()});
  return all;
}

std::optional<NodeName> PeerLinks::name_of(NodeId id) const {
  const Hello& self = state_->context->known.self();
  if (id == self.id) return self.name;
  if (const auto caller = state_->caller(id)) return caller->peer().name;
  return std::nullopt;
}

void PeerLinks::stop() {
  if (std::exchange(state_->stopped, true) || !state_->started) return;
  auto close = [state = state_.get()] { return state->close(); };
  asio::co_spawn(state_->io, std::move(close), asio::use_future).get();
  state_->context->raft = nullptr;
}

}  // namespace runink::actors
