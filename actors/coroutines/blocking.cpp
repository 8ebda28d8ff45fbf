#include "actors/coroutines/blocking.hpp"

#include "vocabulary/ensure.hpp"

namespace runink::co {

DiskThreads::DiskThreads(std::size_t threads, std::size_t waiting_at_most)
    : waiting_at_most_(waiting_at_most) {
  ENSURE(threads > 0);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

DiskThreads::~DiskThreads() { stop(); }

Result<void> DiskThreads::submit(Job job) { return enqueue(jobs_, std::move(job)); }

Result<void> DiskThreads::submit_at_leisure(Job job) { return enqueue(leisurely_, std::move(job)); }

Result<void> DiskThreads::enqueue(std::deque<Job>& queue, Job job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_)
      return fail(FaultKind::outside_failed, "The disk threads are stopping; nothing was done.");
    if (queue.size() >= waiting_at_most_)
      return fail(FaultKind::exhausted,
                  "The disk threads are behind: " + std::to_string(queue.size()) +
                      " jobs wait. Nothing was done; try again later.");
    queue.push_back(std::move(job));
  }
  changed_.notify_one();
  return {};
}

void DiskThreads::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& one : threads_)
    if (one.joinable()) one.join();
}

std::size_t DiskThreads::waiting() const {
  std::lock_guard lock(mutex_);
  return jobs_.size() + leisurely_.size();
}

void DiskThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty() || may_tidy(); });
    const bool tidy = jobs_.empty() && may_tidy();
    if (jobs_.empty() && !tidy) return;
    std::deque<Job>& queue = tidy ? leisurely_ : jobs_;
    Job job = std::move(queue.front());
    queue.pop_front();
    tidying_ |= tidy;
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    if (!tidy) continue;
    tidying_ = false;
    if (may_tidy()) changed_.notify_one();
  }
}

}  // namespace runink::co
