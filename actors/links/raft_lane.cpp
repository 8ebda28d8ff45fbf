#include "actors/links/raft_lane.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "actors/messages.hpp"

namespace runink::actors {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Between two calls; doubled each time, and short again when a call came about or the peer called.
constexpr Duration pause_shortest = milliseconds(20), pause_longest = seconds(1);

}  // namespace

RaftLane::RaftLane(std::shared_ptr<PeerContext> context, config::Peer peer)
    : context_(std::move(context)),
      peer_(std::move(peer)),
      changed_(context_->executor),
      pause_(context_->executor),
      next_pause_(pause_shortest) {}

void RaftLane::start() {
  context_->spawn([self = shared_from_this()] { return self->run(); });
}

void RaftLane::send(const raft::Envelope& envelope) {
  switch (outbox_.put(envelope)) {
    case Outbox::Put::first:
      asio::post(context_->executor, [self = shared_from_this()] { self->changed_.wake(); });
      break;
    case Outbox::Put::full: unreachable(); break;
    case Outbox::Put::waits:
    case Outbox::Put::shut: break;
  }
}

void RaftLane::lives() {
  next_pause_ = pause_shortest;
  if (resting_) pause_.cancel();
}

void RaftLane::abort() {
  if (dial_) dial_->abort();
  pause_.cancel();
  changed_.wake();
}

void RaftLane::end() {
  ended_ = true;
  abort();
}

void RaftLane::unreachable() { caf::anon_send(context_->raft, PeerUnreachable(peer_.id)); }

asio::awaitable<void> RaftLane::run() {
  while (!context_->closing && !ended_) {
    outbox_.open();  // what comes while we call is sent when they answer
    dial_ = std::make_shared<PeerDial>(context_, peer_, Lane::raft);
    auto called = co_await dial_->call();
    if (called) {
      next_pause_ = pause_shortest;
      last_failure_.clear();
      co_await carry();
      if (dial_->stream()->ended_by_peer() && !context_->closing)
        caf::anon_send(context_->raft, PeerGone(peer_.id));
    } else {
      tell_failure(called.error());
      if (dial_->told_removed() && context_->removed && !ended_) context_->removed(called.error());
    }
    outbox_.shut();
    if (context_->closing || ended_) break;
    unreachable();
    co_await rest();
  }
}

asio::awaitable<void> RaftLane::rest() {
  resting_ = true;
  pause_.expires_after(co::chrono_of(next_pause_));
  next_pause_ = std::min(next_pause_ * 2, pause_longest);
  error_code woken;
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  resting_ = false;
}

/// Says each reason once, not at every call.
void RaftLane::tell_failure(const Fault& fault) {
  if (context_->closing || fault.what == last_failure_) return;
  last_failure_ = fault.what;
  context_->log.warn("a node cannot be reached", {LogField(peer_.name), LogField(fault)});
}

asio::awaitable<void> RaftLane::carry() {
  const auto stream = dial_->stream();
  connected_ = true;
  ++connections_;
  context_->log.info("a node can be reached", {LogField(peer_.name)});
  context_->spawn([self = shared_from_this(), dial = dial_] { return self->watch(dial); });
  while (!stream->aborted() && !context_->closing) {
    std::string bytes = outbox_.take();
    if (bytes.empty()) {
      co_await changed_.wait();
      continue;
    }
    auto sent = co_await stream->write(std::move(bytes));
    if (!sent) stream->abort();
  }
  stream->abort();
  connected_ = false;
  context_->log.info("the connection to a node ended", {LogField(peer_.name)});
}

/// The peer says nothing on this lane: what it sends, or its end, ends the connection.
asio::awaitable<void> RaftLane::watch(std::shared_ptr<PeerDial> dial) {
  auto frame = co_await next_frame(*dial->stream(), dial->reader());
  if (frame)
    context_->log.warn("a node speaks out of turn; its connection is closed",
                       {LogField(peer_.name)});
  dial->stream()->abort();
  changed_.wake();
}

}  // namespace runink::actors
