#include "actors/links/asker.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

/// Given to TLS at once: between two of them the Asio thread does other things.
constexpr std::size_t write_bytes = 256 * 1024;

}  // namespace

struct Asker::Exchange {
  explicit Exchange(const asio::any_io_executor& executor) : changed(executor) {}
  std::deque<std::string> parts;
  std::optional<PeerAnswer> done;
  co::Waker changed;
};

/// Whatever way `ask` ends: nothing of the question stays.
class Asker::Ending {
 public:
  Ending(std::shared_ptr<Asker> asker, std::uint64_t id, std::shared_ptr<Exchange> exchange)
      : asker_(std::move(asker)), id_(id), exchange_(std::move(exchange)) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() {
    asker_->exchanges_.erase(id_);
    if (!exchange_->done) asker_->say(FrameKind::cancel, CancelFrame{id_});
  }

 private:
  std::shared_ptr<Asker> asker_;
  std::uint64_t id_;
  std::shared_ptr<Exchange> exchange_;
};

Asker::Asker(std::shared_ptr<PeerContext> context, config::Peer peer, Lane lane)
    : context_(std::move(context)),
      peer_(std::move(peer)),
      lane_(lane),
      dialed_(context_->executor),
      more_out_(context_->executor) {}

void Asker::abort() {
  if (dial_) dial_->abort();
  more_out_.wake();
}

template <class T>
void Asker::say(FrameKind kind, const T& frame) {
  const std::size_t begin = begin_frame(out_, kind);
  Encoder{out_}(frame);
  end_frame(out_, begin);
  more_out_.wake();
}

asio::awaitable<Result<void>> Asker::connected() {
  while (dialing_) co_await dialed_.wait();
  if (dial_ && dial_->stream() && !dial_->stream()->aborted()) co_return Result<void>{};
  if (context_->closing) co_return fail(FaultKind::outside_failed, "The node is stopping.");
  dialing_ = true;
  // A coroutine of its own: whoever asked first may go away, the others still wait.
  context_->spawn([self = shared_from_this()] { return self->dial(); });
  while (dialing_) co_await dialed_.wait();
  if (failed_) co_return std::unexpected(*failed_);
  co_return Result<void>{};
}

asio::awaitable<void> Asker::dial() {
  out_.clear();
  const auto dial = dial_ = std::make_shared<PeerDial>(context_, peer_, lane_);
  auto called = co_await dial->call();
  failed_.reset();
  if (called) {
    dial->reader().allow(limits::peer_question.value);
    context_->spawn([self = shared_from_this(), dial] { return self->read(dial); });
    context_->spawn([self = shared_from_this(), dial] { return self->write(dial); });
  } else {
    failed_ = Fault{FaultKind::outside_failed,
                    "Node '" + peer_.name.value + "' cannot be reached: " + called.error().what};
  }
  dialing_ = false;
  dialed_.wake();
}

asio::awaitable<PeerAnswer> Asker::ask(Subject subject, std::string payload, PartTaker take) {
  const auto self = shared_from_this();
  if (auto reached = co_await connected(); !reached)
    co_return PeerAnswer{reached.error(), {}, true};
  const std::uint64_t id = next_id_++;
  const auto exchange = std::make_shared<Exchange>(context_->executor);
  exchanges_.emplace(id, exchange);
  const Ending ending(self, id, exchange);
  const AskFrame question{id, subject, std::move(payload)};
  say(FrameKind::ask, question);
  for (;;) {
    if (!exchange->parts.empty()) {
      std::string part = std::move(exchange->parts.front());
      exchange->parts.pop_front();
      const TakenFrame taken{id, static_cast<std::uint32_t>(part.size())};
      if (take) co_await take(std::move(part));
      say(FrameKind::taken, taken);
    } else if (exchange->done) {
      co_return std::move(*exchange->done);
    } else {
      co_await exchange->changed.wait();
    }
  }
}

asio::awaitable<void> Asker::write(std::shared_ptr<PeerDial> dial) {
  const auto stream = dial->stream();
  std::string sending;
  while (!stream->aborted() && dial == dial_) {
    if (out_.empty()) {
      co_await more_out_.wait();
      continue;
    }
    sending.swap(out_);
    for (std::size_t at = 0; at < sending.size() && !stream->aborted(); at += write_bytes) {
      auto sent = co_await stream->write(sending.substr(at, write_bytes));
      if (!sent) stream->abort();
    }
    sending.clear();
  }
}

asio::awaitable<void> Asker::read(std::shared_ptr<PeerDial> dial) {
  for (;;) {
    auto frame = co_await next_frame(*dial->stream(), dial->reader());
    auto understood = frame ? understand(*frame) : std::unexpected(frame.error());
    if (understood) continue;
    if (understood.error().kind == FaultKind::corrupt)
      context_->log.error("a node answers what cannot be understood; its connection is closed",
                          {LogField(peer_.name), LogField(understood.error())});
    dial->stream()->abort();
    co_return lost(understood.error());
  }
}

Result<void> Asker::understand(const Frame& frame) {
  const std::string what = "An answer of node '" + peer_.name.value + "'";
  if (frame.kind == FrameKind::part) {
    auto part = decode<PartFrame>(frame.payload, what);
    if (!part) return std::unexpected(part.error());
    if (const auto found = exchanges_.find(part->id); found != exchanges_.end()) {
      found->second->parts.push_back(std::move(part->payload));
      found->second->changed.wake();
    }
    return {};
  }
  if (frame.kind != FrameKind::done) return fail(FaultKind::corrupt, what + " is none.");
  auto done = decode<DoneFrame>(frame.payload, what);
  if (!done) return std::unexpected(done.error());
  if (const auto found = exchanges_.find(done->id); found != exchanges_.end()) {
    PeerAnswer answer;
    if (done->fault != 0) {
      const bool sane = done->fault <= static_cast<std::uint8_t>(FaultKind::unknown_outcome);
      answer.fault =
          Fault{sane ? FaultKind{done->fault} : FaultKind::outside_failed, std::move(done->what)};
    }
    answer.payload = std::move(done->payload);
    found->second->done = std::move(answer);
    found->second->changed.wake();
  }
  return {};
}

/// The connection is gone, and with it the answers to all questions that it carried.
void Asker::lost(const Fault& why) {
  more_out_.wake();
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange->done) continue;
    exchange->done = PeerAnswer{
        Fault{FaultKind::unknown_outcome,
              "Node '" + peer_.name.value +
                  "' went away while it had the request; it may or may not have acted. " +
                  why.what + " Repeat it under the same key."},
        {},
        false};
    exchange->changed.wake();
  }
}

}  // namespace runink::actors
