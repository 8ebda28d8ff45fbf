#include "actors/links/peer_dial.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;
using boost::system::error_code;

PeerDial::PeerDial(std::shared_ptr<PeerContext> context, config::Peer peer, Lane lane)
    : context_(std::move(context)),
      peer_(std::move(peer)),
      lane_(lane),
      resolver_(context_->executor),
      socket_(context_->executor),
      reader_(limits::peer_hello.value) {}

void PeerDial::abort() {
  aborted_ = true;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
  if (stream_) stream_->abort();
}

asio::awaitable<Result<void>> PeerDial::connect() {
  asio::steady_timer deadline(context_->executor, co::chrono_of(limits::peer_handshake));
  deadline.async_wait([late = weak_from_this()](error_code cancelled) {
    if (cancelled) return;
    if (auto dial = late.lock(); dial && !dial->stream_) dial->abort();
  });
  const std::string at = config::to_string(peer_.address),
                    port = std::to_string(peer_.address.port);
  auto [unknown, found] = co_await resolver_.async_resolve(peer_.address.host, port,
                                                           asio::as_tuple(asio::use_awaitable));
  if (unknown)
    co_return fail(FaultKind::outside_failed,
                   "Its address " + at + " means nothing here: " + unknown.message() + ".");
  auto [error, endpoint] =
      co_await asio::async_connect(socket_, found, asio::as_tuple(asio::use_awaitable));
  (void)endpoint;
  if (error || aborted_)
    co_return fail(FaultKind::outside_failed,
                   "Nobody answers at " + at + ": " + error.message() + ".");
  std::optional<security::TlsChannel> tls;
  if (context_->tls) {
    auto channel = context_->tls->call(peer_.name);
    if (!channel) co_return std::unexpected(channel.error());
    tls.emplace(std::move(*channel));
  }
  stream_ = std::make_shared<PeerStream>(std::move(socket_), std::move(tls));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> PeerDial::introduce() {
  if (auto shaken = co_await stream_->shake_hands(); !shaken) co_return shaken;
  auto ours = co_await our_hello(context_, lane_);
  if (!ours) co_return std::unexpected(ours.error());
  std::string hello = frame_of(FrameKind::hello, encode(*ours));
  if (auto sent = co_await stream_->write(std::move(hello)); !sent) co_return sent;
  auto answer = co_await expect_hello(*stream_, reader_);
  if (!answer) {
    told_removed_ = answer.error().kind == FaultKind::no_such_thing;
    co_return std::unexpected(answer.error());
  }
  answered_ = *answer;
  if (peer_.id == NodeId{}) {
    auto ours = context_->known.is_of_this_cluster(*answer, stream_->proven());
    if (ours && answer->name != peer_.name)
      ours = fail(FaultKind::not_allowed, "Node '" + answer->name.value + "' answers there.");
    co_return ours;
  }
  auto met = co_await meet(context_, std::move(*answer), stream_->proven());
  if (!met) co_return std::unexpected(met.error());
  if (met->id != peer_.id)
    co_return fail(FaultKind::not_allowed,
                   "Node '" + met->name.value + "' answers at the address of node '" +
                       peer_.name.value + "'. Correct the addresses in [[nodes]].");
  co_return Result<void>{};
}

asio::awaitable<Result<void>> PeerDial::call() {
  const auto self = shared_from_this();
  if (context_->closing) co_return fail(FaultKind::outside_failed, "The node is stopping.");
  if (auto connected = co_await connect(); !connected) co_return connected;
  const auto deadline = give_up_after(limits::peer_handshake, stream_, context_->executor);
  auto introduced = co_await introduce();
  if (!introduced) stream_->abort();
  co_return introduced;
}

}  // namespace runink::actors
