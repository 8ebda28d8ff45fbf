#include "actors/links/ask_server.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

/// What an asker would take for the end of all sense, and close the connection with every question on it.
Fault too_large(std::size_t bytes) {
  return {FaultKind::exhausted, "The answer has " + std::to_string(bytes) + " bytes; " +
                                    std::to_string(limits::peer_answer.value) +
                                    " go from node to node at once. Ask for less, or ask at the "
                                    "node that leads (`runi cluster status`)."};
}
/// A last word up to it is always sent: what was done is worth more than what it takes.
constexpr std::size_t short_answer = 64 * 1024;
Fault too_much_waits(const NodeName& asker) {
  return {FaultKind::exhausted, "Too many answers wait to be sent to node '" + asker.value +
                                    "', which takes them too slowly. Try again later."};
}
struct TooLarge : std::exception {
  explicit TooLarge(std::size_t of) : bytes(of) {}
  const char* what() const noexcept override { return "a part of an answer is too large"; }
  std::size_t bytes;
};

}  // namespace

/// One question that is worked on, and the way back to its asker.
struct AskServer::Work final : PeerParts {
  Work(AskServer& of, std::uint64_t number) : server(of), id(number) {}

  asio::awaitable<void> part(std::string bytes) override {
    while (!cancelled && on_the_way > limits::peer_parts.value) co_await server.changed_.wait();
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    if (bytes.size() > limits::peer_answer.value) throw TooLarge(bytes.size());
    on_the_way += bytes.size();
    const PartFrame frame{id, std::move(bytes)};
    server.line_.say(FrameKind::part, frame);
  }
  void cancel() {
    cancelled = true;
    signal.emit(asio::cancellation_type::terminal);
    server.changed_.wake();
  }

  AskServer& server;  ///< lives until we have ended
  const std::uint64_t id;
  std::size_t on_the_way = 0;
  asio::cancellation_signal signal;
  bool cancelled = false;
};

AskServer::AskServer(std::shared_ptr<PeerContext> context, std::shared_ptr<PeerStream> stream,
                     config::Peer from, PeerService& service)
    : context_(std::move(context)),
      stream_(std::move(stream)),
      from_(std::move(from)),
      service_(service),
      line_(context_->executor, stream_),
      changed_(context_->executor),
      tick_(context_->executor) {}

asio::awaitable<void> AskServer::run(FrameReader& reader) {
  const auto self = shared_from_this();
  context_->spawn([self] { return self->write(); });
  context_->spawn([self, &reader] { return self->say_alive(reader); });
  for (;;) {
    auto frame = co_await next_frame(*stream_, reader);
    auto understood = frame ? understand(*frame) : std::unexpected(frame.error());
    if (understood) continue;
    if (understood.error().kind == FaultKind::corrupt)
      context_->log.error("a node asks what cannot be understood; its connection is closed",
                          {LogField(from_.name), LogField(understood.error())});
    break;
  }
  line_.end();
  tick_.cancel();
  const auto works = works_;  // cancelling may end one at once
  for (const auto& [id, work] : works) work->cancel();
  while (!works_.empty() || coroutines_ > 0) co_await changed_.wait();
}

asio::awaitable<void> AskServer::write() {
  co_await line_.run();
  --coroutines_;
  changed_.wake();
}

/// As long as a question is worked on or comes in, the one who asks hears that this process does not hang.
asio::awaitable<void> AskServer::say_alive(FrameReader& reader) {
  while (!line_.ended()) {
    tick_.expires_after(co::chrono_of({context_->silence.ns / limits::peer_words}));
    boost::system::error_code woken;
    co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!works_.empty() || !reader.unread().empty()) line_.say(FrameKind::alive);
  }
  --coroutines_;
  changed_.wake();
}

Result<void> AskServer::understand(const Frame& frame) {
  const std::string what = "A question of node '" + from_.name.value + "'";
  if (frame.kind == FrameKind::ask) {
    auto question = decode<AskFrame>(frame.payload, what);
    if (!question) return std::unexpected(question.error());
    return begin(std::move(*question));
  }
  if (frame.kind == FrameKind::cancel) {
    auto cancel = decode<CancelFrame>(frame.payload, what);
    if (!cancel) return std::unexpected(cancel.error());
    if (const auto found = works_.find(cancel->id); found != works_.end()) {
      const auto work = found->second;
      work->cancel();
    }
    return {};
  }
  if (frame.kind != FrameKind::taken) return fail(FaultKind::corrupt, what + " is none.");
  auto taken = decode<TakenFrame>(frame.payload, what);
  if (!taken) return std::unexpected(taken.error());
  if (const auto found = works_.find(taken->id); found != works_.end()) {
    found->second->on_the_way -= std::min<std::size_t>(taken->bytes, found->second->on_the_way);
    changed_.wake();
  }
  return {};
}

Result<void> AskServer::begin(AskFrame question) {
  if (works_.contains(question.id))
    return fail(FaultKind::corrupt,
                "Node '" + from_.name.value + "' asked two questions under one number.");
  if (works_.size() >= limits::peer_questions) {
    finish(question.id, PeerAnswer{Fault{FaultKind::exhausted,
                                         "Too many requests of this node are worked on. Try "
                                         "again later."},
                                   {},
                                   false});
    return {};
  }
  const auto work = std::make_shared<Work>(*this, question.id);
  works_.emplace(question.id, work);
  PeerAsk ask{from_, question.subject, std::move(question.payload)};
  auto ended = [self = shared_from_this(), work](std::exception_ptr) {
    self->works_.erase(work->id);
    self->changed_.wake();
  };
  asio::co_spawn(context_->executor, serve(work, std::move(ask)),
                 asio::bind_cancellation_slot(work->signal.slot(), std::move(ended)));
  return {};
}

asio::awaitable<void> AskServer::serve(std::shared_ptr<Work> work, PeerAsk ask) {
  std::string failed;
  try {
    PeerAnswer answer = co_await service_.answer(std::move(ask), *work);
    finish(work->id, std::move(answer));
    co_return;
  } catch (const TooLarge& thrown) {
    finish(work->id, PeerAnswer{too_large(thrown.bytes), {}, false});
    co_return;
  } catch (const std::exception& thrown) {
    failed = thrown.what();
  }
  if (work->cancelled) co_return;  // as it should be
  Fault fault{FaultKind::outside_failed,
              "The node that was asked failed: " + failed + ". Its log may say more."};
  context_->log.error("a question of another node failed", {LogField(from_.name), LogField(fault)});
  finish(work->id, PeerAnswer{std::move(fault), {}, false});
}

void AskServer::finish(std::uint64_t id, PeerAnswer answer) {
  const std::size_t size = answer.payload.size() + (answer.fault ? answer.fault->what.size() : 0);
  if (size > limits::peer_answer.value)
    answer = {too_large(size), {}, false};
  else if (size > short_answer && line_.unsent() > limits::peer_unsent.value)
    answer = {too_much_waits(from_.name), {}, false};
  DoneFrame done;
  done.id = id;
  if (answer.fault) {
    done.fault = static_cast<std::uint8_t>(answer.fault->kind);
    done.what = std::move(answer.fault->what);
  }
  done.payload = std::move(answer.payload);
  line_.say(FrameKind::done, done);
}

}  // namespace runink::actors
