// One connection between two nodes: bytes in, bytes out, through TLS or, in tests, in the clear.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "actors/coroutines/waker.hpp"
#include "security/tls_channel.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

/// On the Asio thread. One coroutine reads, one writes. Lives until both have ended.
class PeerStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  PeerStream(Socket socket, std::optional<security::TlsChannel> tls);

  /// Until both sides have proven who they are, as far as this side can know. First.
  boost::asio::awaitable<Result<void>> shake_hands();
  /// Who the certificate of the other side names; nothing without TLS. After `shake_hands`.
  std::optional<NodeName> proven() const;
  /// Waits for bytes and appends them. Each fault ends the connection.
  boost::asio::awaitable<Result<void>> read(std::string& plain);
  /// All of it as one write to TLS; returns when the kernel has it.
  boost::asio::awaitable<Result<void>> write(std::string plain);
  /// What runs on it ends soon, with a fault.
  void abort();
  bool aborted() const { return aborted_; }
  /// The other side's process closed it or ended: neither we nor the network did.
  bool ended_by_peer() const { return ended_by_peer_; }

 private:
  boost::asio::awaitable<Result<void>> read_raw(std::string& plain);
  boost::asio::awaitable<Result<void>> flush();
  std::unexpected<Fault> ended(const boost::system::error_code& error);

  Socket socket_;
  std::optional<security::TlsChannel> tls_;
  std::string chunk_;
  std::string early_;  ///< came along with the end of the handshake
  std::string out_;
  std::string sending_;
  bool writing_ = false;
  co::Waker written_;
  bool aborted_ = false;
  bool ended_by_peer_ = false;
};

}  // namespace runink::actors
