#include "actors/coroutines/blocking.hpp"

#include "vocabulary/ensure.hpp"

namespace runink::co {

DiskThreads::DiskThreads(std::size_t threads, std::size_t waiting_at_most)
    : waiting_at_most_(waiting_at_most) {
  ENSURE(threads > 0);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

DiskThreads::~DiskThreads() { stop(); }

Result<void> DiskThreads::submit(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_)
      return fail(FaultKind::outside_failed, "The disk threads are stopping; nothing was done.");
    if (jobs_.size() >= waiting_at_most_)
      return fail(FaultKind::exhausted,
                  "The disk threads are behind: " + std::to_string(jobs_.size()) +
                      " jobs wait. Nothing was done; try again later.");
    jobs_.push_back(std::move(job));
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
  return jobs_.size();
}

void DiskThreads::work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace runink::co
