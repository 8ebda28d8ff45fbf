// Where other nodes call this one: finds out who calls, and hands what they say to Raft.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "actors/links/exchange.hpp"
#include "actors/links/peer_context.hpp"
#include "actors/links/strangers.hpp"
#include "config/cluster_file.hpp"

namespace runink::actors {

class PeerAnswerer : public std::enable_shared_from_this<PeerAnswerer> {
 public:
  /// `heard` is told of a node of which something came, maybe one that is new here.
  using Heard = std::function<void(const config::Peer&)>;
  PeerAnswerer(std::shared_ptr<PeerContext> context, boost::asio::ip::tcp::acceptor acceptor,
               Heard heard);

  /// `service` answers questions.
  void start(PeerService& service);
  void abort();
  /// Whatever this node sends is not taken any more, until it calls again and is believed.
  void hang_up(NodeId node);

 private:
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> welcome(std::shared_ptr<PeerStream> stream);
  /// Who calls, and what for.
  struct Caller {
    config::Peer peer;
    Lane lane = Lane::raft;
  };
  boost::asio::awaitable<Result<Caller>> find_out(PeerStream& stream, FrameReader& reader);
  boost::asio::awaitable<void> serve(std::shared_ptr<PeerStream> stream, FrameReader& reader,
                                     Caller caller);
  boost::asio::awaitable<Result<void>> take_messages(PeerStream& stream, FrameReader& reader,
                                                     const config::Peer& peer);
  std::shared_ptr<PeerStream> stream_of(PeerStream::Socket socket);
  void tell_refusal(const Fault& fault);

  std::shared_ptr<PeerContext> context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Heard heard_;
  PeerService* service_ = nullptr;
  /// The newest connection of each.
  std::map<std::pair<NodeId, Lane>, std::shared_ptr<PeerStream>> callers_;
  Strangers strangers_;
  std::string last_refusal_;  ///< as it was logged
};

}  // namespace runink::actors
