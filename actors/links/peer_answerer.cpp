#include "actors/links/peer_answerer.hpp"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "actors/links/ask_server.hpp"
#include "actors/messages.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// How long the door rests when the process has no descriptor left.
constexpr auto rest_after_failure = std::chrono::milliseconds(50);

/// What a node sent and Raft has not looked at; the reader waits while there is too much.
struct Unread : std::enable_shared_from_this<Unread> {
  explicit Unread(const asio::any_io_executor& on) : executor(on), less(on) {}
  asio::any_io_executor executor;
  std::atomic<std::size_t> bytes{0};
  co::Waker less;

  /// From any thread.
  void looked_at(std::size_t size) {
    if (bytes.fetch_sub(size) > limits::peer_unread.value)
      asio::post(executor, [self = shared_from_this()] { self->less.wake(); });
  }
};

/// Messages on their way to Raft; they count until the last owner is gone.
std::shared_ptr<std::vector<raft::Envelope>> counted_messages(
    std::vector<raft::Envelope> messages, std::size_t size, const std::shared_ptr<Unread>& unread) {
  unread->bytes += size;
  return {new std::vector<raft::Envelope>(std::move(messages)),
          [unread, size](std::vector<raft::Envelope>* one) {
            delete one;
            unread->looked_at(size);
          }};
}

Result<raft::Envelope> message_in(const Frame& frame, const config::Peer& from, NodeId to) {
  if (frame.kind != FrameKind::raft)
    return fail(FaultKind::corrupt,
                "Node '" + from.name.value + "' sent no message of Raft on its lane.");
  auto envelope =
      decode<raft::Envelope>(frame.payload, "A message of node '" + from.name.value + "'");
  if (envelope && (envelope->version != 1 || envelope->from != from.id || envelope->to != to))
    return fail(FaultKind::corrupt, "Node '" + from.name.value +
                                        "' sent a message of another node, to another, "
                                        "or of another version.");
  return envelope;
}

}  // namespace

PeerAnswerer::PeerAnswerer(std::shared_ptr<PeerContext> context, tcp::acceptor acceptor,
                           Heard heard)
    : context_(std::move(context)), acceptor_(std::move(acceptor)), heard_(std::move(heard)) {}

void PeerAnswerer::start(PeerService& service) {
  service_ = &service;
  context_->spawn([self = shared_from_this()] { return self->accept(); });
}

void PeerAnswerer::abort() {
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& stream : strangers_.all()) stream->abort();
  const auto callers = callers_;
  for (const auto& [key, stream] : callers) stream->abort();
}

void PeerAnswerer::hang_up(NodeId node) {
  const auto callers = callers_;  // aborting may change them
  for (const auto& [key, stream] : callers)
    if (key.first == node) stream->abort();
}

asio::awaitable<void> PeerAnswerer::accept() {
  asio::steady_timer pause(context_->executor);
  while (!context_->closing) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (context_->closing) co_return;
    if (error) {
      context_->log.warn("calls of other nodes cannot be taken",
                         {LogField("error", error.value())});
      pause.expires_after(rest_after_failure);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    error_code gone;
    const tcp::endpoint from = socket.remote_endpoint(gone);
    if (gone) continue;
    auto stream = stream_of(std::move(socket));
    if (!stream) continue;
    if (const auto oldest = strangers_.add(stream, from.address())) {
      oldest->abort();
      tell_refusal({FaultKind::exhausted,
                    "Too many callers do not say who they are; the oldest are given up. `ss -tn` "
                    "shows from where they call this node's port."});
    }
    context_->spawn([self = shared_from_this(), stream] { return self->welcome(stream); });
  }
}

std::shared_ptr<PeerStream> PeerAnswerer::stream_of(PeerStream::Socket socket) {
  std::optional<security::TlsChannel> tls;
  if (context_->tls) {
    auto channel = context_->tls->answer();
    if (!channel) {
      tell_refusal(channel.error());
      return nullptr;
    }
    tls.emplace(std::move(*channel));
  }
  return std::make_shared<PeerStream>(std::move(socket), std::move(tls));
}

/// Says each reason once, not at every call of the same stranger.
void PeerAnswerer::tell_refusal(const Fault& fault) {
  if (context_->closing || fault.what == last_refusal_) return;
  last_refusal_ = fault.what;
  context_->log.warn("a caller is not believed", {LogField(fault)});
}

asio::awaitable<Result<PeerAnswerer::Caller>> PeerAnswerer::find_out(PeerStream& stream,
                                                                     FrameReader& reader) {
  if (auto shaken = co_await stream.shake_hands(); !shaken)
    co_return std::unexpected(shaken.error());
  if (stream.proven()) strangers_.proven(stream);
  auto hello = co_await expect_hello(stream, reader);
  if (!hello) co_return std::unexpected(hello.error());
  const Lane lane = hello->lane;
  const NodeId id = hello->id;
  auto peer = co_await meet(context_, std::move(*hello), stream.proven());
  auto ours = co_await our_hello(context_, lane);
  if (peer && !ours) peer = std::unexpected(ours.error());
  const FrameKind no = context_->known.is_removed(id) ? FrameKind::removed : FrameKind::refusal;
  std::string answer =
      peer ? frame_of(FrameKind::hello, encode(*ours)) : frame_of(no, peer.error().what);
  auto sent = co_await stream.write(std::move(answer));
  if (!peer) co_return std::unexpected(peer.error());
  if (!sent) co_return std::unexpected(sent.error());
  co_return Caller{std::move(*peer), lane};
}

asio::awaitable<void> PeerAnswerer::welcome(std::shared_ptr<PeerStream> stream) {
  FrameReader reader(limits::peer_hello.value);
  auto deadline = give_up_after(limits::peer_handshake, stream, context_->executor);
  auto caller = co_await find_out(*stream, reader);
  deadline.reset();
  const bool had_to_go = !strangers_.remove(*stream);  // for a newer stranger; that was told
  if (caller && !context_->closing && !stream->aborted()) {
    Caller known = std::move(*caller);
    co_await serve(stream, reader, std::move(known));
  } else if (!caller && !had_to_go) {
    tell_refusal(caller.error());
  }
  stream->abort();
}

asio::awaitable<void> PeerAnswerer::serve(std::shared_ptr<PeerStream> stream, FrameReader& reader,
                                          Caller caller) {
  const config::Peer& peer = caller.peer;
  const std::pair key{peer.id, caller.lane};
  if (const auto older = std::exchange(callers_[key], stream)) older->abort();
  heard_(peer);
  if (caller.lane != Lane::raft) {
    reader.allow(limits::peer_question.value);
    const auto server = std::make_shared<AskServer>(context_, stream, peer, *service_);
    co_await server->run(reader);
  } else {
    reader.allow(limits::peer_frame.value);
    auto ended = co_await take_messages(*stream, reader, peer);
    if (ended.error().kind == FaultKind::corrupt)
      context_->log.error("a node sends what cannot be understood; its connection is closed",
                          {LogField(peer.name), LogField(ended.error())});
  }
  const auto now = callers_.find(key);
  if (now == callers_.end() || now->second != stream) co_return;  // it has called again
  callers_.erase(now);
  if (caller.lane == Lane::raft && stream->ended_by_peer() && !context_->closing)
    caf::anon_send(context_->raft, PeerGone(peer.id));
}

/// Until the connection ends, with the reason.
asio::awaitable<Result<void>> PeerAnswerer::take_messages(PeerStream& stream, FrameReader& reader,
                                                          const config::Peer& peer) {
  const NodeId self = context_->known.self().id;
  auto unread = std::make_shared<Unread>(context_->executor);
  for (;;) {
    std::vector<raft::Envelope> messages;
    std::size_t size = 0;
    for (;;) {
      auto frame = reader.next();
      if (!frame) co_return std::unexpected(frame.error());
      if (!*frame) break;
      auto message = message_in(**frame, peer, self);
      if (!message) co_return std::unexpected(message.error());
      size += (*frame)->payload.size();
      messages.push_back(std::move(*message));
    }
    if (!messages.empty()) {
      caf::anon_send(context_->raft, PeerSaid(counted_messages(std::move(messages), size, unread)));
    }
    while (unread->bytes > limits::peer_unread.value && !stream.aborted())
      co_await unread->less.wait();
    if (auto came = co_await stream.read(reader.unread()); !came) co_return came;
  }
}

}  // namespace runink::actors
