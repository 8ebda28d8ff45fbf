#include "actors/links/peer_context.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>

#include "vocabulary/codec.hpp"

namespace runink::actors {

namespace asio = boost::asio;

void PeerContext::spawn(std::function<asio::awaitable<void>()> work) {
  ++coroutines;
  auto done = [this, work](std::exception_ptr thrown) {
    --coroutines;
    ended.wake();
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& what) {
      const Fault fault{FaultKind::outside_failed,
                        std::string("A link between nodes failed: ") + what.what()};
      log.error("a link failed", {LogField(fault)});
    }
  };
  asio::co_spawn(executor, std::move(work), std::move(done));
}

std::unique_ptr<asio::steady_timer> give_up_after(Duration time,
                                                  const std::shared_ptr<PeerStream>& stream,
                                                  const asio::any_io_executor& executor) {
  auto timer = std::make_unique<asio::steady_timer>(executor, co::chrono_of(time));
  timer->async_wait(
      [late = std::weak_ptr<PeerStream>(stream)](boost::system::error_code cancelled) {
        if (cancelled) return;
        if (auto one = late.lock()) one->abort();
      });
  return timer;
}

asio::awaitable<Result<Frame>> next_frame(PeerStream& stream, FrameReader& reader) {
  for (;;) {
    auto frame = reader.next();
    if (!frame) co_return std::unexpected(frame.error());
    if (*frame) co_return **frame;
    if (auto came = co_await stream.read(reader.unread()); !came)
      co_return std::unexpected(came.error());
  }
}

asio::awaitable<Result<Hello>> expect_hello(PeerStream& stream, FrameReader& reader) {
  auto frame = co_await next_frame(stream, reader);
  if (!frame) co_return std::unexpected(frame.error());
  if (frame->kind == FrameKind::removed)
    co_return fail(FaultKind::no_such_thing, std::string(frame->payload));
  if (frame->kind == FrameKind::refusal)
    co_return fail(FaultKind::refused, "It refuses us: " + std::string(frame->payload));
  if (frame->kind != FrameKind::hello)
    co_return fail(FaultKind::corrupt, "The other side does not begin with a hello.");
  co_return decode<Hello>(frame->payload, "The other side's hello");
}

asio::awaitable<Result<Hello>> our_hello(std::shared_ptr<PeerContext> context, Lane lane) {
  if (auto ours = context->known.hello_at_once(lane)) co_return std::move(*ours);
  auto write = [context, lane] { return context->known.hello(lane); };
  co_return co_await co::on_disk(context->disk, write);
}

asio::awaitable<Result<config::Peer>> meet(std::shared_ptr<PeerContext> context, Hello hello,
                                           std::optional<NodeName> proven) {
  if (auto met = context->known.meet_at_once(hello, proven)) co_return std::move(*met);
  auto compare = [context, hello = std::move(hello), proven = std::move(proven)] {
    return context->known.meet(hello, proven);
  };
  co_return co_await co::on_disk(context->disk, compare);
}

}  // namespace runink::actors
