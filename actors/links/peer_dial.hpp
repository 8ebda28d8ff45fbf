// One call to another node: found, connected, both have proven who they are and said hello.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "actors/links/peer_context.hpp"

namespace runink::actors {

class PeerDial : public std::enable_shared_from_this<PeerDial> {
 public:
  /// A peer with id 0 is only looked at: whoever has its name and certificate will do.
  PeerDial(std::shared_ptr<PeerContext> context, config::Peer peer, Lane lane);

  /// Once. A fault says why the peer cannot be spoken to; each step has a deadline.
  boost::asio::awaitable<Result<void>> call();
  void abort();
  /// After a call that went well.
  const std::shared_ptr<PeerStream>& stream() const { return stream_; }
  FrameReader& reader() { return reader_; }
  const Hello& answered() const { return answered_; }
  /// The peer said that this node was removed. Other faults of `call` may be of the same kind.
  bool told_removed() const { return told_removed_; }

 private:
  boost::asio::awaitable<Result<void>> connect();
  boost::asio::awaitable<Result<void>> introduce();

  std::shared_ptr<PeerContext> context_;
  const config::Peer peer_;
  const Lane lane_;
  boost::asio::ip::tcp::resolver resolver_;
  PeerStream::Socket socket_;
  std::shared_ptr<PeerStream> stream_;
  FrameReader reader_;
  Hello answered_;
  bool aborted_ = false;
  bool told_removed_ = false;
};

}  // namespace runink::actors
