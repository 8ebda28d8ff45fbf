// Links of two or three nodes in one process, over real sockets on loopback, each with certificates
// of its own; and who stands where Raft would.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/coroutines/coroutines.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/messages.hpp"
#include "storage/data_folder.hpp"
#include "tests/security/house.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors::linked {

inline constexpr std::chrono::seconds patience{20};

/// A port of loopback that nobody listens at. It stays reserved while `holder` lives.
struct FreePort {
  FreePort() : holder(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    ::setsockopt(holder.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(holder.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    BOOST_REQUIRE(::getsockname(holder.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    number = ntohs(address.sin_port);
  }
  OwnedFd holder;  ///< bound, not listening: with SO_REUSEADDR another may listen
  std::uint16_t number = 0;
};

/// Of the messages that `reaches` sends.
inline constexpr Term probe_term{1};

/// What the links told Raft, in order.
class Heard {
 public:
  void message(const raft::Envelope& envelope) {
    add([&] {
      if (envelope.term == probe_term)
        probed_.insert(envelope.from);
      else
        messages_.push_back(envelope);
    });
  }
  /// Whether a probe of this node came (see `reaches`); probes count nowhere else.
  bool probed_by(NodeId node) {
    const std::lock_guard lock(mutex_);
    return probed_.contains(node);
  }
  void unreachable(NodeId node) {
    add([&] { unreachable_.push_back(node); });
  }
  void gone(NodeId node) {
    add([&] { gone_.push_back(node); });
  }
  bool messages(std::size_t at_least) {
    return wait([&] { return messages_.size() >= at_least; });
  }
  bool is_gone(NodeId node) {
    return wait([&] { return std::ranges::find(gone_, node) != gone_.end(); });
  }
  bool is_unreachable(NodeId node) {
    return wait([&] { return std::ranges::find(unreachable_, node) != unreachable_.end(); });
  }
  std::vector<raft::Envelope> all() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    messages_.clear();
    probed_.clear();
    unreachable_.clear();
    gone_.clear();
  }

 private:
  template <class F>
  void add(F change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class F>
  bool wait(F so) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, so);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<raft::Envelope> messages_;
  std::set<NodeId> probed_;
  std::vector<NodeId> unreachable_;
  std::vector<NodeId> gone_;
};

inline caf::behavior listener(caf::event_based_actor*, std::shared_ptr<Heard> heard) {
  return {[heard](const PeerSaid& said) {
            for (const raft::Envelope& one : *said.messages) heard->message(one);
          },
          [heard](const PeerUnreachable& lost) { heard->unreachable(lost.node); },
          [heard](const PeerGone& gone) { heard->gone(gone.node); }};
}

/// Answers every question with its payload, in parts of one byte before it when the payload begins
/// with "parts"; "wait" is never answered; "too much" and "too large a part" with more than a frame holds;
/// "large" and "short" when `go_on` is woken, with 30 MB or nothing.
class Echo final : public PeerService {
 public:
  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override {
    if (ask.payload == "too much")
      co_return PeerAnswer{std::nullopt, std::string(limits::peer_question.value, 'x'), false};
    if (ask.payload == "too large a part")
      co_await parts.part(std::string(limits::peer_question.value, 'x'));
    if (ask.payload == "large" || ask.payload == "short") {
      auto sign = go_on.lock();
      if (!sign) sign = std::make_shared<co::Waker>(co_await boost::asio::this_coro::executor);
      go_on = sign;
      ++held;
      co_await sign->wait();
      co_return PeerAnswer{std::nullopt, std::string(ask.payload == "large" ? 30'000'000 : 0, 'x'),
                           false};
    }
    if (ask.payload == "refuse")
      co_return PeerAnswer{Fault{FaultKind::refused, "No."}, "why", false};
    if (ask.payload.starts_with("parts"))
      for (const char c : ask.payload) co_await parts.part(std::string(1, c));
    if (ask.payload == "wait") {
      asked_to_wait.set_value();
      const Cancelled cancelled(*this);
      co::Waker never(co_await boost::asio::this_coro::executor);
      for (;;) co_await never.wait();
    }
    co_return PeerAnswer{std::nullopt, ask.from.name.value + ": " + ask.payload, false};
  }
  std::atomic<int> held{0};        ///< questions that wait for `go_on`
  std::weak_ptr<co::Waker> go_on;  ///< on the Asio thread
  std::promise<void> asked_to_wait;
  std::promise<void> cancelled;

 private:
  struct Cancelled {
    explicit Cancelled(Echo& of) : echo(of) {}
    Cancelled(const Cancelled&) = delete;
    Cancelled& operator=(const Cancelled&) = delete;
    ~Cancelled() { echo.cancelled.set_value(); }
    Echo& echo;
  };
};

/// One node's links, its Asio thread, and who listens.
class LinkedNode {
 public:
  LinkedNode(PeerLinksOptions options, caf::actor_system& system)
      : heard(std::make_shared<Heard>()), work_(io_.get_executor()) {
    auto opened = PeerLinks::open(io_, std::move(options), Log::silent());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? std::string() : opened.error().what));
    links = std::move(*opened);
    thread_ = std::thread([this] { io_.run(); });
    raft_ = system.spawn(listener, heard);
  }
  void answer_with(PeerService& service, std::function<void(const Fault&)> removed = {}) {
    links->start(raft_, service, std::move(removed));
  }
  ~LinkedNode() {
    links->stop();
    caf::anon_send_exit(raft_, caf::exit_reason::user_shutdown);
    work_.reset();
    io_.stop();
    thread_.join();
    links.reset();  // its sockets belong to `io_`
  }
  boost::asio::any_io_executor executor() { return io_.get_executor(); }

  std::shared_ptr<Heard> heard;
  Echo echo;
  std::unique_ptr<PeerLinks> links;

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
  caf::actor raft_;
};

/// Three nodes of one cluster file; started one by one.
struct ThreeNodes {
  ThreeNodes() {
    for (std::uint64_t id = 1; id <= 3; ++id)
      nodes.push_back(
          {NodeName{"n" + std::to_string(id)}, {"127.0.0.1", ports[id - 1].number}, NodeId{id}});
    authority =
        test::good(security::make_authority("prod", {test::in_days(-1), test::in_days(300)}));
  }
  PeerLinksOptions options(std::uint64_t id) {
    PeerLinksOptions options;
    options.self.cluster = {1, 2, 3};
    options.self.cluster_name = "prod";
    options.self.id = NodeId{id};
    options.self.name = nodes[id - 1].name;
    options.folder = &data_of(id);
    options.disk = &disk;
    options.nodes = nodes;
    options.tls = tls(id, options.self.name);
    return options;
  }
  /// With the certificate of `name`.
  const security::TlsContext* tls(std::uint64_t id, const NodeName& name) {
    const auto files = test::node_files(folder, authority, {"prod", name});
    contexts[id - 1] =
        test::good(security::TlsContext::load(files, {"prod", name}, real_clock().wall()));
    return contexts[id - 1].get();
  }
  /// The data folder of a node; it stays open when the node's links end.
  storage::DataFolder& data_of(std::uint64_t id) {
    auto& data = datas[id - 1];
    if (!data) data.emplace(test::good(storage::DataFolder::open(data_path(id))));
    return *data;
  }
  std::string data_path(std::uint64_t id) const { return folder / ("data" + std::to_string(id)); }
  std::unique_ptr<LinkedNode> start(std::uint64_t id, Duration silence = limits::peer_silence) {
    PeerLinksOptions with = options(id);
    with.silence = silence;
    auto node = std::make_unique<LinkedNode>(std::move(with), system);
    node->answer_with(node->echo);
    return node;
  }

  test::Folder folder;
  FreePort ports[3];
  std::vector<config::Peer> nodes;
  security::CertifiedKey authority;
  std::unique_ptr<security::TlsContext> contexts[3];
  std::optional<storage::DataFolder> datas[3];
  co::DiskThreads disk;
  co::ActorSystemConfig system_config;
  caf::actor_system system{system_config};
};

/// A message of one node to another; `number` tells it from others.
inline raft::Envelope message(std::uint64_t from, std::uint64_t to, std::uint64_t number) {
  return {1, NodeId{from}, NodeId{to}, Term{7}, raft::Heartbeat{LogIndex{number}, {}}};
}

/// Sends until the other one hears it: what is sent before there is a connection is dropped.
inline bool reaches(LinkedNode& from, std::uint64_t sender, LinkedNode& to,
                    std::uint64_t receiver) {
  raft::Envelope probe = message(sender, receiver, 1);
  probe.term = probe_term;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    from.links->send(probe);
    if (to.heard->probed_by(NodeId{sender})) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace runink::actors::linked
