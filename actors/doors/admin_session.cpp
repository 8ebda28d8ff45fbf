#include "actors/doors/admin_session.hpp"

#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "vocabulary/clock.hpp"

namespace runink::actors {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Lines that wait behind the one that is served; more stay in the kernel.
constexpr std::size_t waiting_lines = 128;
/// Above it, whoever makes more to send waits.
constexpr std::size_t unsent_bytes = 256 * 1024;
constexpr std::size_t read_bytes = 64 * 1024;
/// Beyond it a line is parsed on a disk thread: the Asio thread has heartbeats to carry.
constexpr std::size_t long_line = 64 * 1024;
/// How long it may take to see that a caller went away while the socket is not read.
constexpr auto hang_up_interval = std::chrono::milliseconds(50);

}  // namespace

struct AdminSession::Exchange final : AdminStream {
  Exchange(std::shared_ptr<AdminSession> of, boost::json::value given)
      : session(std::move(of)), id(std::move(given)) {}

  asio::awaitable<void> event(boost::json::value event) override {
    if (answered || session->gone_)
      throw boost::system::system_error(asio::error::operation_aborted);
    session->put(event_line(id, std::move(event)));
    co_await session->room_to_write();
  }
  void diagnostics(boost::json::array list) override { found = std::move(list); }

  void answer(Result<boost::json::value> outcome) {
    if (answered) return;
    answered = true;
    session->put(outcome ? result_line(id, std::move(*outcome))
                         : error_line(id, outcome.error(), std::move(found)));
  }
  void cancel() { signal.emit(asio::cancellation_type::terminal); }

  std::shared_ptr<AdminSession> session;
  boost::json::value id;
  boost::json::array found;
  asio::cancellation_signal signal;
  bool answered = false;
  bool ended = false;
};

AdminSession::AdminSession(Socket socket, PeerCaller caller, const AdminDoorOptions& options,
                           AdminHandler& handler, co::DiskThreads& disk, Log& log)
    : socket_(std::move(socket)),
      caller_(std::move(caller)),
      options_(options),
      handler_(handler),
      disk_(disk),
      log_(log),
      came_(socket_.get_executor()),
      taken_(socket_.get_executor()),
      made_(socket_.get_executor()),
      sent_(socket_.get_executor()),
      ended_(socket_.get_executor()) {}

asio::awaitable<void> AdminSession::run() {
  auto self = shared_from_this();
  int running = 3;
  auto ended = [this, self, &running](std::exception_ptr thrown) {
    if (thrown) abort();
    --running;
    ended_.wake();
  };
  auto executor = socket_.get_executor();
  asio::co_spawn(executor, read(), ended);
  asio::co_spawn(executor, write(), ended);
  asio::co_spawn(executor, watch(), ended);
  co_await serve();
  while (running > 0) co_await ended_.wait();
}

void AdminSession::abort() {
  if (gone_) return;
  gone_ = true;
  lines_.clear();
  unsent_.clear();
  if (auto running = running_.lock()) running->cancel();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.cancel(ignored);
  for (co::Waker* one : {&came_, &taken_, &made_, &sent_, &ended_}) one->wake();
}

// ---- in

asio::awaitable<void> AdminSession::read() {
  std::string chunk(read_bytes, '\0');
  while (!gone_ && !no_more_input_) {
    if (crowded()) {
      co_await taken_.wait();
      continue;
    }
    auto [error, size] =
        co_await socket_.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
    if (error && error != asio::error::eof) co_return abort();
    unread_.append(chunk, 0, size);
    if (error && !unread_.empty()) unread_ += '\n';  // the last line may lack its end
    no_more_input_ = !take_lines() || error;
    if (error && hung_up()) co_return abort();
    came_.wake();
    if (no_more_input_ || crowded()) taken_.wake();
  }
}

/// Moves whole lines out of what was read; false when one is longer than a line may be.
bool AdminSession::take_lines() {
  const std::size_t limit = options_.line.value;
  while (true) {
    const auto end = unread_.find('\n', searched_);
    const std::size_t length = end == std::string::npos ? unread_.size() : end;
    if (length > limit) {
      lines_.push_back(
          {"", Fault{FaultKind::bad_input, "The line is longer than " + std::to_string(limit) +
                                               " bytes, which is all that this node reads. The "
                                               "connection is closed."}});
      unread_.clear();
      return false;
    }
    if (end == std::string::npos) {
      searched_ = unread_.size();
      return true;
    }
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    searched_ = 0;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    line_bytes_ += line.size();
    lines_.push_back({std::move(line), std::nullopt});
  }
}

bool AdminSession::crowded() const {
  return lines_.size() >= waiting_lines || line_bytes_ >= options_.line.value;
}

/// A peer that closed, not one that only has no more to say: POLLHUP comes when both directions are
/// shut down.
bool AdminSession::hung_up() {
  pollfd look{socket_.native_handle(), 0, 0};
  return ::poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR));
}

/// Sees a caller go away while nobody reads: when he has closed his sending side, or sent too much.
asio::awaitable<void> AdminSession::watch() {
  asio::steady_timer timer(socket_.get_executor());
  while (!gone_ && !served_) {
    if (!no_more_input_ && !crowded()) {
      co_await taken_.wait();
      continue;
    }
    if (hung_up()) co_return abort();
    timer.expires_after(hang_up_interval);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

// ---- requests

asio::awaitable<void> AdminSession::serve() {
  while (!gone_) {
    if (lines_.empty()) {
      if (no_more_input_) break;
      co_await came_.wait();
      continue;
    }
    const bool was_crowded = crowded();
    Waiting next = std::move(lines_.front());
    lines_.pop_front();
    line_bytes_ -= next.text.size();
    if (was_crowded) taken_.wake();
    if (next.refusal) {
      put(error_line(nullptr, *next.refusal));
      continue;
    }
    AdminReading reading = co_await understand(std::move(next.text));
    if (reading.mistake)
      put(error_line(reading.line.id, *reading.mistake));
    else
      co_await serve_one(std::move(reading.line));
    co_await room_to_write();
  }
  served_ = true;
  taken_.wake();
  made_.wake();
}

asio::awaitable<AdminReading> AdminSession::understand(std::string text) {
  if (text.size() < long_line) co_return read_admin_line(text);
  auto read = [line = std::move(text)] { return read_admin_line(line); };
  auto reading = co_await co::on_disk(disk_, read);
  if (reading) co_return std::move(*reading);
  AdminReading refused;
  refused.mistake = std::move(reading.error());
  co_return refused;
}

asio::awaitable<void> AdminSession::serve_one(AdminLine line) {
  auto exchange = std::make_shared<Exchange>(shared_from_this(), line.id);
  running_ = exchange;
  const Instant start = real_clock().now();
  std::optional<Duration> time = line.timeout;
  if (!time && !follows(line)) time = options_.request;
  AdminRequest request{caller_, line.verb, std::move(line.body), std::nullopt};
  if (time) request.deadline = start + *time;

  asio::steady_timer deadline(socket_.get_executor());
  if (time) {
    deadline.expires_after(co::chrono_of(*time));
    deadline.async_wait([exchange](error_code cancelled) {
      if (cancelled || exchange->ended) return;
      exchange->answer(fail(FaultKind::out_of_time,
                            "The deadline passed before there was an answer. What was asked for "
                            "may still happen; look before you repeat it."));
      exchange->cancel();
    });
  }
  auto ended = [exchange](std::exception_ptr) {
    exchange->ended = true;
    exchange->session->ended_.wake();
  };
  asio::co_spawn(socket_.get_executor(), run_handler(exchange, std::move(request)),
                 asio::bind_cancellation_slot(exchange->signal.slot(), ended));
  while (!exchange->ended) co_await ended_.wait();
  deadline.cancel();
  running_.reset();
  log_.debug("admin request served", {LogField("verb", line.verb), LogField("uid", caller_.uid),
                                      LogField("took_us", (real_clock().now() - start).ns / 1000)});
}

asio::awaitable<void> AdminSession::run_handler(std::shared_ptr<Exchange> exchange,
                                                AdminRequest request) {
  const std::string verb = request.verb;
  try {
    auto outcome = co_await handler_.handle(std::move(request), *exchange);
    exchange->answer(std::move(outcome));
  } catch (const std::exception& thrown) {
    if (exchange->answered || gone_) co_return;  // cancelled, as it should be
    Fault fault{FaultKind::outside_failed, "This node failed while it served \"" + verb +
                                               "\": " + thrown.what() + ". Its log may say more."};
    log_.error("an admin request failed", {LogField("verb", verb), LogField(fault)});
    exchange->answer(std::unexpected(std::move(fault)));
  }
}

// ---- out

void AdminSession::put(std::string line) {
  if (gone_) return;
  unsent_ += line;
  made_.wake();
}

asio::awaitable<void> AdminSession::room_to_write() {
  while (!gone_ && unsent_.size() > unsent_bytes) co_await sent_.wait();
}

asio::awaitable<void> AdminSession::write() {
  std::string sending;
  while (!gone_) {
    if (unsent_.empty()) {
      if (served_) break;
      co_await made_.wait();
      continue;
    }
    sending.clear();
    sending.swap(unsent_);
    sent_.wake();
    std::size_t sent = 0;
    while (sent < sending.size()) {
      auto [error, size] = co_await socket_.async_write_some(
          asio::buffer(sending.data() + sent, sending.size() - sent),
          asio::as_tuple(asio::use_awaitable));
      if (error) co_return abort();
      sent += size;
    }
  }
  if (!gone_) abort();  // everything is answered and sent: close
}

}  // namespace runink::actors
