#include "actors/links/asker.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;

struct Asker::Exchange {
  Exchange(const asio::any_io_executor& executor, Subject about, std::size_t bytes)
      : subject(about), waits(bytes), changed(executor) {}
  const Subject subject;
  std::size_t waits;  ///< bytes of the question while there is no connection for it
  WriterPtr line;     ///< that it went over; nothing: it did not leave yet
  std::deque<std::string> parts;
  std::uint64_t heard = 0;  ///< parts that came so far
  std::optional<PeerAnswer> done;
  bool answered = false;  ///< `done` is the peer's own word, or would be
  co::Waker changed;
};

/// Whatever way `ask` ends: nothing of the question stays.
class Asker::Ending {
 public:
  Ending(std::shared_ptr<Asker> asker, std::uint64_t id, ExchangePtr exchange)
      : asker_(std::move(asker)), id_(id), exchange_(std::move(exchange)) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() {
    asker_->exchanges_.erase(id_);
    if (exchange_->line && !exchange_->answered)
      exchange_->line->say(FrameKind::cancel, CancelFrame{id_});
  }

 private:
  std::shared_ptr<Asker> asker_;
  std::uint64_t id_;
  ExchangePtr exchange_;
};

Asker::Asker(std::shared_ptr<PeerContext> context, config::Peer peer, Lane lane)
    : context_(std::move(context)),
      peer_(std::move(peer)),
      lane_(lane),
      dialed_(context_->executor),
      tick_(context_->executor) {}

void Asker::abort() {
  if (dial_) dial_->abort();
  if (line_) line_->end();
  tick_.cancel();
}

/// What waits here for the peer, with what waits for a connection.
std::size_t Asker::unsent() const {
  std::size_t bytes = line_ ? line_->unsent() : 0;
  for (const auto& [id, exchange] : exchanges_) bytes += exchange->waits;
  return bytes;
}

/// Until the question can leave, or is over.
asio::awaitable<void> Asker::connect(ExchangePtr exchange) {
  if (!dialing_ && !connected()) {
    if (context_->closing)
      co_return end(*exchange, FaultKind::outside_failed, "The node is stopping.");
    dialing_ = true;
    // A coroutine of its own: whoever asked first may go away, the others still wait.
    context_->spawn([self = shared_from_this()] { return self->dial(); });
  }
  while (dialing_ && !exchange->done) co_await dialed_.wait();
  if (exchange->done || connected()) co_return;
  end(*exchange, FaultKind::outside_failed,
      failed_ ? failed_->what : "Node '" + peer_.name.value + "' took a call and ended it.");
}

asio::awaitable<void> Asker::dial() {
  line_.reset();
  const auto dial = dial_ = std::make_shared<PeerDial>(context_, peer_, lane_);
  auto called = co_await dial->call();
  failed_.reset();
  if (called) {
    dial->reader().allow(limits::peer_question.value);
    silent_ticks_ = 0;
    const auto line = line_ = std::make_shared<FrameWriter>(context_->executor, dial->stream());
    context_->spawn([self = shared_from_this(), dial, line] { return self->read(dial, line); });
    context_->spawn([self = shared_from_this(), dial, line] { return self->watch(dial, line); });
    context_->spawn([line] { return line->run(); });
  } else {
    failed_ = Fault{FaultKind::outside_failed,
                    "Node '" + peer_.name.value + "' cannot be reached: " + called.error().what};
  }
  dialing_ = false;
  dialed_.wake();
}

asio::awaitable<PeerAnswer> Asker::ask(Subject subject, std::string payload, PartTaker take,
                                       Duration patience) {
  const auto self = shared_from_this();
  const std::uint64_t id = next_id_++;
  const auto exchange = std::make_shared<Exchange>(context_->executor, subject, payload.size());
  exchanges_.emplace(id, exchange);
  const Ending ending(self, id, exchange);
  if (unsent() > limits::peer_unsent.value)
    end(*exchange, FaultKind::exhausted,
        "Too much waits to be sent to node '" + peer_.name.value + "'. Try again later.");
  else
    co_await connect(exchange);
  if (exchange->done) co_return std::move(*exchange->done);
  exchange->waits = 0;
  exchange->line = line_;
  {
    const AskFrame question{id, subject, std::move(payload)};
    line_->say(FrameKind::ask, question);
  }
  co_return co_await answer(exchange, id, std::move(take), patience);
}

asio::awaitable<PeerAnswer> Asker::answer(ExchangePtr exchange, std::uint64_t id, PartTaker take,
                                          Duration patience) {
  for (;;) {
    if (!exchange->parts.empty()) {
      std::string part = std::move(exchange->parts.front());
      exchange->parts.pop_front();
      const TakenFrame taken{id, static_cast<std::uint32_t>(part.size())};
      if (take) co_await take(std::move(part));
      exchange->line->say(FrameKind::taken, taken);
    } else if (exchange->done) {
      co_return std::move(*exchange->done);
    } else {
      co_await hear(exchange, patience);
    }
  }
}

/// Until something of the answer is here, or nothing of it came for `patience`: then the question is over.
asio::awaitable<void> Asker::hear(ExchangePtr exchange, Duration patience) {
  asio::steady_timer late(context_->executor);
  if (patience.ns > 0) {
    late.expires_after(co::chrono_of(patience));
    late.async_wait([self = shared_from_this(), exchange,
                     heard = exchange->heard](boost::system::error_code cancelled) {
      if (!cancelled && exchange->heard == heard)
        self->end_in_doubt(*exchange, "it says nothing about it any more, its disk may hang.");
    });
  }
  while (exchange->parts.empty() && !exchange->done) co_await exchange->changed.wait();
}

void Asker::leads_no_more() {
  for (const auto& [id, exchange] : exchanges_)
    if (is_for_the_leader(exchange->subject)) end_in_doubt(*exchange, "another node leads now.");
  dialed_.wake();
}

/// Ends the question with a fault of ours, unless its answer is there.
void Asker::end(Exchange& exchange, FaultKind kind, std::string what) {
  if (exchange.done) return;
  exchange.done = PeerAnswer{Fault{kind, std::move(what)}, {}, exchange.line == nullptr};
  exchange.changed.wake();
}

/// The same of one that the peer may have; one that did not leave was not asked.
void Asker::end_in_doubt(Exchange& exchange, const std::string& why) {
  const std::string node = "Node '" + peer_.name.value + "'";
  if (exchange.line == nullptr)
    end(exchange, FaultKind::outside_failed, node + " was not asked: " + why + " Try again.");
  else
    end(exchange, FaultKind::unknown_outcome,
        node + " has the request, and it may or may not have acted: " + why +
            " Repeat it under the same key.");
}

asio::awaitable<void> Asker::read(std::shared_ptr<PeerDial> dial, WriterPtr line) {
  for (;;) {
    auto frame = co_await next_frame(*dial->stream(), dial->reader());
    auto understood = frame ? understand(*frame) : std::unexpected(frame.error());
    if (understood) continue;
    if (understood.error().kind == FaultKind::corrupt)
      context_->log.error("a node answers what cannot be understood; its connection is closed",
                          {LogField(peer_.name), LogField(understood.error())});
    line->end();
    tick_.cancel();
    co_return lost(line, "it went away. " + understood.error().what);
  }
}

bool Asker::is_asked(const WriterPtr& line) const {
  return std::ranges::any_of(
      exchanges_, [&](const auto& one) { return one.second->line == line && !one.second->done; });
}

/// A process that hangs keeps its connections, and the kernel answers for it: who has questions and does not
/// even say that it lives is given up. Ticks are counted, not time: if it was this process that hung, one tick
/// is due, and what came meanwhile is read before the next.
asio::awaitable<void> Asker::watch(std::shared_ptr<PeerDial> dial, WriterPtr line) {
  std::size_t came = 0;
  while (line == line_ && !line->ended()) {
    tick_.expires_after(co::chrono_of({context_->silence.ns / limits::peer_words}));
    boost::system::error_code woken;
    co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (line != line_) co_return;
    // Of a large answer that is on its way there is no frame yet.
    const std::size_t before = std::exchange(came, dial->reader().unread().size());
    silent_ticks_ = is_asked(line) && before == came ? silent_ticks_ + 1 : 0;
    if (silent_ticks_ <= limits::peer_words) continue;
    lost(line, "it does not even say that it lives; its process may hang.");
    line->end();
  }
}

Result<void> Asker::understand(const Frame& frame) {
  silent_ticks_ = 0;
  const std::string what = "An answer of node '" + peer_.name.value + "'";
  if (frame.kind == FrameKind::alive) return {};
  if (frame.kind == FrameKind::part) {
    auto part = decode<PartFrame>(frame.payload, what);
    if (!part) return std::unexpected(part.error());
    if (const auto found = exchanges_.find(part->id); found != exchanges_.end()) {
      found->second->parts.push_back(std::move(part->payload));
      ++found->second->heard;
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
      const bool sane = done->fault <= static_cast<std::uint8_t>(FaultKind::session_expired);
      answer.fault =
          Fault{sane ? FaultKind{done->fault} : FaultKind::outside_failed, std::move(done->what)};
    }
    answer.payload = std::move(done->payload);
    found->second->answered = true;
    if (!found->second->done) found->second->done = std::move(answer);
    found->second->changed.wake();
  }
  return {};
}

/// The connection is gone, and with it the answers to all questions that it carried.
void Asker::lost(const WriterPtr& line, const std::string& why) {
  for (const auto& [id, exchange] : exchanges_)
    if (exchange->line == line) end_in_doubt(*exchange, why);
}

}  // namespace runink::actors
