#include "actors/links/peer_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace runink::actors {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;
/// A peer that says nothing, not even that it got what we sent, is given up after about this long: TCP
/// alone would send again for a quarter of an hour, ever more rarely, and come back late.
constexpr int silence_ms = 5'000, probe_after_s = 2, probe_every_s = 1, probes = 3;

void set_option(int socket, int level, int name, int value) {
  (void)::setsockopt(socket, level, name, &value, sizeof value);  // only a worse default stays
}

void tune(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, silence_ms);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, probe_after_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, probe_every_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, probes);
}

}  // namespace

PeerStream::PeerStream(Socket socket, std::optional<security::TlsChannel> tls)
    : socket_(std::move(socket)),
      tls_(std::move(tls)),
      chunk_(chunk_bytes, '\0'),
      written_(socket_.get_executor()) {
  tune(socket_.native_handle());
}

void PeerStream::abort() {
  if (std::exchange(aborted_, true)) return;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
  written_.wake();
}

std::unexpected<Fault> PeerStream::ended(const error_code& error) {
  if (!aborted_ && (error == asio::error::eof || error == asio::error::connection_reset ||
                    error == asio::error::broken_pipe))
    ended_by_peer_ = true;
  return fail(FaultKind::outside_failed, aborted_
                                             ? "The connection was given up."
                                             : "The connection ended: " + error.message() + ".");
}

std::optional<NodeName> PeerStream::proven() const {
  if (!tls_) return std::nullopt;
  return tls_->peer().node;
}

asio::awaitable<Result<void>> PeerStream::shake_hands() {
  while (tls_ && !tls_->open()) {
    if (auto sent = co_await flush(); !sent) co_return sent;
    if (auto came = co_await read_raw(early_); !came) co_return came;
  }
  co_return co_await flush();
}

asio::awaitable<Result<void>> PeerStream::read(std::string& plain) {
  const std::size_t before = plain.size();
  plain += std::exchange(early_, {});
  while (plain.size() == before)
    if (auto came = co_await read_raw(plain); !came) co_return came;
  co_return Result<void>{};
}

/// One read from the socket; `plain` may stay as it was.
asio::awaitable<Result<void>> PeerStream::read_raw(std::string& plain) {
  auto [error, size] =
      co_await socket_.async_read_some(asio::buffer(chunk_), asio::as_tuple(asio::use_awaitable));
  if (error || aborted_) co_return ended(error);
  const std::string_view came(chunk_.data(), size);
  if (!tls_) {
    plain += came;
    co_return Result<void>{};
  }
  auto taken = tls_->receive(came, plain);
  // An answer of TLS itself; after a fault the alert that tells the other side why.
  tls_->take_output(out_);
  if (!out_.empty())
    if (auto sent = co_await flush(); !sent && taken) co_return sent;
  if (taken && tls_->closed()) co_return ended(asio::error::eof);
  co_return taken;
}

asio::awaitable<Result<void>> PeerStream::write(std::string plain) {
  if (aborted_) co_return ended(asio::error::operation_aborted);
  if (!tls_) {
    out_ += plain;
  } else {
    if (auto sent = tls_->send(plain); !sent) co_return sent;
  }
  co_return co_await flush();
}

/// Sends what TLS has made. The reader may be at it already: then it sends ours, too.
asio::awaitable<Result<void>> PeerStream::flush() {
  while (writing_) co_await written_.wait();
  if (tls_) tls_->take_output(out_);
  while (!out_.empty()) {
    writing_ = true;
    sending_.clear();
    sending_.swap(out_);
    auto [error, size] = co_await asio::async_write(socket_, asio::buffer(sending_),
                                                    asio::as_tuple(asio::use_awaitable));
    (void)size;
    writing_ = false;
    written_.wake();
    if (error || aborted_) co_return ended(error);
  }
  co_return Result<void>{};
}

}  // namespace runink::actors
