#include "fleet.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <new>
#include <stdexcept>

#include "simulation.hpp"

namespace runink::raft::simulation {
namespace {

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// What one worker tells, in memory that it shares with its parent.
struct Desk {
  std::atomic<std::uint64_t> seed;  // in work
  std::uint64_t seeds;
  std::uint64_t events;
  Coverage coverage;
  Judged judged;
  bool failed;  // at `seed`
  Property property;
  char what[1024];
};

void judge_seed(Desk& desk, std::uint64_t seed, const Order& order) {
  const Weather weather = order.weather(seed);
  const Outcome outcome = simulate(seed, weather);
  ++desk.seeds;
  desk.events += outcome.steps;
  desk.coverage.add(outcome.coverage);
  for (std::size_t i = 0; i < property_count; ++i) desk.judged[i] += outcome.judged[i];
  const auto fail = [&](Property property, const std::string& what) {
    desk.failed = true;
    desk.property = property;
    std::snprintf(desk.what, sizeof(desk.what), "%s", what.c_str());
  };
  if (outcome.violation) return fail(outcome.violation->property, outcome.violation->what);
  if (!order.twice) return;
  ++desk.judged[static_cast<std::size_t>(Property::same_trace)];
  const Outcome again = simulate(seed, weather);
  desk.events += again.steps;
  if (again.trace != outcome.trace || again.steps != outcome.steps)
    fail(Property::same_trace, "the second run of the seed is another one");
}

class Worker {
 public:
  Worker(const Order& order, std::uint64_t first, double end)
      : order_(order), next_(first), end_(end) {
    void* memory =
        mmap(nullptr, sizeof(Desk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no shared memory for a worker");
    desk_ = new (memory) Desk{};
    words_ = memfd_create("words", MFD_CLOEXEC);
    if (words_ < 0) throw std::runtime_error("no memory for the words of a worker");
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    stop();
    munmap(desk_, sizeof(Desk));
    close(words_);
  }

  bool runs() const { return child_ > 0; }
  bool is(pid_t child) const { return child_ == child; }
  /// Its process id when it has ended.
  pid_t poll(int& status) const { return waitpid(child_, &status, WNOHANG); }
  const Desk& desk() const { return *desk_; }

  void begin() {
    std::fflush(nullptr);
    if (ftruncate(words_, 0) != 0 || lseek(words_, 0, SEEK_SET) != 0)
      throw std::runtime_error("the words of a worker cannot be forgotten");
    desk_->failed = false;
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("no process for a worker");
    if (child_ == 0) work();
  }
  void stop() {
    if (!runs()) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  /// It has ended. What was wrong, if it ended because of that; it can begin again behind it.
  bool ended(int status, Failure& failure) {
    child_ = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
    failure.seed = desk_->seed;
    failure.property = desk_->failed ? desk_->property : Property::own_invariant;
    failure.what = desk_->failed ? desk_->what : last_words();
    next_ = desk_->seed + order_.workers;
    return true;
  }

 private:
  [[noreturn]] void work() {
    std::signal(SIGABRT, SIG_DFL);  // a broken promise ends this process, not only a test in it
    dup2(words_, STDERR_FILENO);
    const std::uint64_t behind = order_.from + order_.seeds;
    for (std::uint64_t seed = next_; seed < behind; seed += order_.workers) {
      if (end_ > 0 && seconds_now() > end_) break;
      desk_->seed = seed;
      judge_seed(*desk_, seed, order_);
      if (desk_->failed) _exit(1);
    }
    _exit(0);
  }
  std::string last_words() const {
    std::string words(2000, '\0');
    const auto size = pread(words_, words.data(), words.size(), 0);
    words.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    while (words.ends_with('\n')) words.pop_back();
    return words.empty() ? "the process ended" : words;
  }

  const Order& order_;
  std::uint64_t next_;
  double end_;
  Desk* desk_ = nullptr;
  int words_ = -1;
  pid_t child_ = 0;
};

void sum_up(Report& report, const std::vector<std::unique_ptr<Worker>>& workers, double began) {
  report.seeds = report.events = 0;
  report.coverage = {};
  report.judged = {};
  for (const auto& worker : workers) {
    report.seeds += worker->desk().seeds;
    report.events += worker->desk().events;
    report.coverage.add(worker->desk().coverage);
    for (std::size_t i = 0; i < property_count; ++i) report.judged[i] += worker->desk().judged[i];
  }
  report.seconds = seconds_now() - began;
}

/// Of any of our workers, within a second; 0 = none.
pid_t wait_for_an_end(const std::vector<std::unique_ptr<Worker>>& workers, int& status) {
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  for (int round = 0; round < 2; ++round) {
    for (const auto& worker : workers)
      if (worker->runs())
        if (const pid_t child = worker->poll(status); child > 0) return child;
    const timespec second{1, 0};
    if (round == 0 && sigtimedwait(&ended, nullptr, &second) < 0) return 0;
  }
  return 0;
}

}  // namespace

Report run(const Order& order) {
  sigset_t ended;
  sigset_t before;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, &before);
  const double began = seconds_now();
  const double end = order.seconds_most > 0 ? began + order.seconds_most : 0;
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < order.workers; ++i)
    workers.push_back(std::make_unique<Worker>(order, order.from + i, end));
  for (auto& worker : workers) worker->begin();

  Report report;
  const auto any_runs = [&] {
    return std::ranges::any_of(workers, [](const auto& one) { return one->runs(); });
  };
  while (any_runs() && report.failures.size() < order.failures_most) {
    int status = 0;
    const pid_t child = wait_for_an_end(workers, status);
    for (auto& worker : workers) {
      Failure failure;
      if (child == 0 || !worker->is(child) || !worker->ended(status, failure)) continue;
      report.failures.push_back(std::move(failure));
      if (report.failures.size() < order.failures_most) worker->begin();
    }
    sum_up(report, workers, began);
    if (order.progress && child == 0) order.progress(report);
  }
  for (auto& worker : workers) worker->stop();
  sum_up(report, workers, began);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return report;
}

}  // namespace runink::raft::simulation
