#include "steps/watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "duckdb.h"
#include "steps/engine.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::steps {
namespace {
constexpr int kTellEveryMs = 200;
/// An interrupt that comes before its query starts is lost: it is repeated until the work ends.
constexpr int kInterruptEveryMs = 5;
}  // namespace

Watch::Watch(ReportWriter& report) : report_(report) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ENSURE(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signals_ = OwnedFd{::signalfd(-1, &set, SFD_CLOEXEC)};
  stop_ = OwnedFd{::eventfd(0, EFD_CLOEXEC)};
  ENSURE(signals_ && stop_);
  thread_ = std::thread([this] { run(); });
}

Watch::~Watch() {
  const std::uint64_t one = 1;
  ENSURE(::write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void Watch::attach(const Engine& engine) {
  const std::lock_guard lock(mutex_);
  connection_ = engine.connection();
}

void Watch::detach() {
  const std::lock_guard lock(mutex_);
  connection_ = nullptr;
}

void Watch::phase(std::uint16_t from, std::uint16_t to, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  from_ = from;
  to_ = to;
  total_ = total;
  done_ = 0;
}

Outcome<void> Watch::go_on() const {
  if (!cancelled()) return {};
  return give_up(SliceReason::cancelled, "the step was told to stop (SIGTERM)");
}

void Watch::run() {
  for (;;) {
    pollfd waits[2] = {{stop_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    // After the signal only the end of the work is waited for.
    const bool cancelled = this->cancelled();
    const int n = ::poll(waits, cancelled ? 1 : 2, cancelled ? kInterruptEveryMs : kTellEveryMs);
    if (n > 0 && waits[0].revents) return;
    if (n > 0 && !cancelled && waits[1].revents) cancelled_ = true;
    if (this->cancelled()) {
      const std::lock_guard lock(mutex_);
      if (connection_) duckdb_interrupt(connection_);
    } else {
      tell();
    }
  }
}

void Watch::tell() {
  std::uint16_t permille = 0;
  std::uint64_t rows = 0;
  {
    const std::lock_guard lock(mutex_);
    double part = 0;
    if (total_ > 0) {
      part = static_cast<double>(done_.load()) / static_cast<double>(total_);
    } else if (connection_) {
      const auto progress = duckdb_query_progress(connection_);
      part = progress.percentage / 100;
      rows = progress.rows_processed;
    }
    part = std::clamp(part, 0.0, 1.0);
    permille = static_cast<std::uint16_t>(from_ + part * (to_ - from_));
    if (permille <= told_) return;
    told_ = permille;
  }
  report_.progress(permille, rows);
}

}  // namespace runink::steps
