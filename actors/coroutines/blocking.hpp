// Calls that block (hash, sync, copy, checkpoint), on the node's disk threads.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "actors/coroutines/wake.hpp"
#include "vocabulary/fault.hpp"

namespace runink::co {

/// A small pool with a bounded queue. Jobs start in the order in which they came; those that can
/// wait start when no other does, one at a time, so that a thread is left for what cannot.
class DiskThreads {
 public:
  using Job = std::move_only_function<void()>;

  explicit DiskThreads(std::size_t threads = 2, std::size_t waiting_at_most = 1024);
  DiskThreads(const DiskThreads&) = delete;
  DiskThreads& operator=(const DiskThreads&) = delete;
  ~DiskThreads();

  /// `exhausted` when the queue is full, `outside_failed` after stop(). A job must not throw.
  Result<void> submit(Job job);
  /// The same for a job that nobody waits for: cleaning up.
  Result<void> submit_at_leisure(Job job);
  /// Takes no more jobs, runs those that wait, and returns when the threads are gone. May be called
  /// again; never from a job.
  void stop();
  std::size_t waiting() const;

 private:
  Result<void> enqueue(std::deque<Job>& queue, Job job);
  bool may_tidy() const { return !leisurely_.empty() && !tidying_; }
  void work();

  const std::size_t waiting_at_most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::deque<Job> leisurely_;
  bool tidying_ = false;  ///< a thread is at a leisurely job
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class T>
struct DiskResult {
  using type = Result<T>;
};
template <class T>
struct DiskResult<Result<T>> {
  using type = Result<T>;
};
/// What `co_await on_disk(...)` gives for a function that returns T: Result<T>, and Result<T>
/// itself for one that returns a Result<T>.
template <class F>
using DiskResultOf = typename DiskResult<std::invoke_result_t<F&>>::type;

template <class F>
DiskResultOf<F> run_on_disk(F& f) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    f();
    return {};
  } else {
    return f();
  }
}

/// What a job made, kept apart from those who wait for it: they may be gone when it ends.
template <class F>
struct DiskOutcome {
  void fill(F& f) {
    try {
      result.emplace(run_on_disk(f));
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  std::exception_ptr thrown;
  std::optional<DiskResultOf<F>> result;
};

template <class F>
class [[nodiscard]] DiskAwaiter {
 public:
  DiskAwaiter(caf::scheduled_actor* self, DiskThreads& pool, F f)
      : self_(self), pool_(pool), f_(std::move(f)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    auto wake = park(self_, waiting, &woken_);
    if (!wake) return;  // the coroutine and *this are gone
    outcome_ = std::make_shared<DiskOutcome<F>>();
    auto taken = pool_.submit([outcome = outcome_, f = std::move(f_), wake = *wake]() mutable {
      outcome->fill(f);
      wake();
    });
    if (taken) return;
    outcome_->result.emplace(std::unexpected(std::move(taken.error())));
    (*wake)();
  }
  DiskResultOf<F> await_resume() {
    if (outcome_->thrown) std::rethrow_exception(outcome_->thrown);
    return std::move(*outcome_->result);
  }

 private:
  caf::scheduled_actor* self_;
  DiskThreads& pool_;
  F f_;
  std::shared_ptr<DiskOutcome<F>> outcome_;
  bool woken_ = false;
};

/// Runs a function on a disk thread, goes on in the actor with its result; an exception of the
/// function comes out here. The function is given by its name and moved from, and owns what it uses
/// (capture by value): when the actor ends first, it still runs to its end, and its result is dropped.
///
///     auto hash = [path] { return hash_file(path); };
///     Result<Digest> digest = co_await co::on_disk(self, disk, hash);
template <class F>
DiskAwaiter<F> on_disk(caf::scheduled_actor* self, DiskThreads& pool, F& f) {
  return {self, pool, std::move(f)};
}
template <class F>
DiskAwaiter<F> on_disk(caf::scheduled_actor* self, DiskThreads& pool, F&& f) {
  static_assert(safe_in_co_await<F>,
                "Name the function first: auto job = [x] {...}; co_await on_disk(..., job). g++ 12 "
                "destroys a temporary closure within a co_await expression twice.");
  return {self, pool, std::forward<F>(f)};
}

template <class F, class Handler>
struct DiskOperation {
  using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
  explicit DiskOperation(Handler given)
      : handler(std::move(given)),
        executor(boost::asio::get_associated_executor(
            handler, boost::asio::any_io_executor(boost::asio::system_executor()))),
        work(executor) {}
  static void complete(std::shared_ptr<DiskOperation> self) {
    Executor executor = self->executor;
    boost::asio::post(executor, [self = std::move(self)]() mutable {
      Handler handler = std::move(self->handler);
      auto thrown = self->outcome.thrown;
      auto result = std::move(self->outcome.result);
      self.reset();
      std::move(handler)(thrown, std::move(result));
    });
  }
  Handler handler;
  Executor executor;
  boost::asio::executor_work_guard<Executor> work;
  DiskOutcome<F> outcome;
};

template <class F>
boost::asio::awaitable<DiskResultOf<F>> run_operation(DiskThreads& pool, F f) {
  using Answer = std::optional<DiskResultOf<F>>;
  using Token = boost::asio::use_awaitable_t<>;
  auto start = [&pool](auto handler, F function) {
    using Operation = DiskOperation<F, std::decay_t<decltype(handler)>>;
    auto operation = std::make_shared<Operation>(std::move(handler));
    auto taken = pool.submit([operation, function = std::move(function)]() mutable {
      operation->outcome.fill(function);
      Operation::complete(std::move(operation));
    });
    if (taken) return;
    operation->outcome.result.emplace(std::unexpected(std::move(taken.error())));
    Operation::complete(std::move(operation));
  };
  Token token;
  Answer answer = co_await boost::asio::async_initiate<Token, void(std::exception_ptr, Answer)>(
      start, token, std::move(f));
  co_return std::move(*answer);
}

/// The same in an Asio coroutine: `co_await on_disk(disk, job)`. Cancellation waits for the function.
/// The pool is stopped before the io_context is destroyed.
template <class F>
auto on_disk(DiskThreads& pool, F& f) {
  return run_operation<F>(pool, std::move(f));
}
template <class F>
auto on_disk(DiskThreads& pool, F&& f) {
  static_assert(
      safe_in_co_await<F>,
      "Name the function first: auto job = [x] {...}; co_await on_disk(disk, job). g++ 12 "
      "destroys a temporary closure within a co_await expression twice.");
  return run_operation<F>(pool, std::forward<F>(f));
}

}  // namespace runink::co
