// The links to the other nodes of the cluster. Each node calls each other one and sends on the
// connection that it made; what others send comes on theirs. Beside that lane of Raft's there is one for
// questions, made when the first is asked.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <caf/all.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/coroutines/blocking.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/exchange.hpp"
#include "actors/links/peer_hello.hpp"
#include "config/cluster_file.hpp"
#include "raft/types.hpp"
#include "security/tls_context.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

struct PeerLinksOptions {
  Hello self;                                   ///< but for its life, which is that of `folder`
  const storage::DataFolder* folder = nullptr;  ///< borrowed: what this node promised lies there
  co::DiskThreads* disk = nullptr;              ///< borrowed; stopped after the links
  std::vector<config::Peer> nodes;              ///< the founders
  config::Endpoint address;                     ///< where a node that joins listens
  bool joins = false;                           ///< it is none of the founders
  const security::TlsContext* tls = nullptr;    ///< borrowed; nothing: in the clear, for tests
  Duration silence = limits::peer_silence;      ///< after which a peer that was asked is given up
};

/// What is known of one other node.
struct PeerContact {
  config::Peer peer;
  bool connected = false;         ///< our messages reach it
  std::uint64_t connections = 0;  ///< that we made since the start
};

class PeerLinks {
 public:
  /// Listens at this node's address. The fault says why it cannot.
  static Result<std::unique_ptr<PeerLinks>> open(boost::asio::io_context& io,
                                                 PeerLinksOptions options, Log& log);
  /// Stops.
  ~PeerLinks();
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  /// Calls and answers from now on. `raft` gets PeerSaid, PeerUnreachable and PeerGone; `service`
  /// answers what others ask, until stop() returns.
  /// `removed` hears, at least once, when another node says that this one is no member any more.
  void start(caf::actor raft, PeerService& service, std::function<void(const Fault&)> removed = {});
  /// Who belongs to the cluster as of now, and whose ids never will again: these are called and answered no
  /// more. From any thread; never blocks.
  void set_members(std::vector<config::Peer> members, std::set<NodeId> removed);
  /// Who answers at `address`, if it is `name` of this cluster, a member or not. On the Asio thread.
  boost::asio::awaitable<Result<Hello>> look_at(NodeName name, config::Endpoint address);
  /// From any thread; never blocks. It may be lost, as Raft knows.
  void send(const raft::Envelope& envelope);
  /// Asks another node (asker.hpp). On the Asio thread. `patience`: how long nothing of an answer may come;
  /// 0: as is usual for the subject. What is for the leader is `not_leader` when another one is known.
  boost::asio::awaitable<PeerAnswer> ask(NodeId to, Subject subject, std::string payload,
                                         PartTaker take = {}, Duration patience = {});
  /// Raft knows who leads (0: nobody is known): what workers asked another node as their leader is over.
  /// From any thread; never blocks.
  void led_by(NodeId leader);
  /// Until led_by() is called, or for so long. It may return before; look again. On the Asio thread.
  boost::asio::awaitable<void> leader_news(Duration at_most);
  /// From any thread.
  std::vector<PeerContact> contacts() const;
  /// Who has this id: this node, or one that is called. From any thread.
  std::optional<NodeName> name_of(NodeId id) const;
  /// No message comes or goes any more when this returns. From any thread but the Asio thread, while
  /// that one runs. Idempotent.
  void stop();

 private:
  struct State;
  explicit PeerLinks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace runink::actors
