#include "storage/log_writer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "vocabulary/clock.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/limits.hpp"

namespace runink::storage {
namespace {

struct Waiting {
  raft::Persist write;
  LogWriter::Completion completion;
};

std::uint64_t bytes_of(const raft::Persist& write) {
  std::uint64_t bytes = 64;
  for (const raft::Entry& entry : write.entries) bytes += entry.payload.size() + 64;
  return bytes;
}

}  // namespace

struct LogWriter::State {
  LogStore& store;
  Durable durable;
  Fatal fatal;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable wake;
  std::deque<Waiting> queue;
  LogWriterCounts counts;
  bool stopping = false;
  bool failed = false;

  std::thread thread;

  void run() {
    std::vector<raft::Persist> batch;
    std::vector<Completion> completions;
    while (take(batch, completions))
      if (!write(batch, completions)) return;
  }

  /// Waits for requests and takes all that fit into one sync, at least one. False at the end.
  bool take(std::vector<raft::Persist>& batch, std::vector<Completion>& completions) {
    batch.clear();
    completions.clear();
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
    std::uint64_t bytes = 0;
    std::size_t entries = 0;
    while (!queue.empty()) {
      Waiting& next = queue.front();
      bytes += bytes_of(next.write);
      entries += next.write.entries.size();
      if (!batch.empty() &&
          (bytes > limits::append_batch.value || entries > limits::append_batch_entries))
        break;
      batch.push_back(std::move(next.write));
      completions.push_back(std::move(next.completion));
      queue.pop_front();
    }
    return !batch.empty();
  }

  bool write(const std::vector<raft::Persist>& batch, std::vector<Completion>& completions) {
    at(FaultPoint::before_log_sync);
    const Instant before = real_clock().now();
    const Result<void> done = store.write(batch);
    const Duration took = real_clock().now() - before;
    if (!done) {
      {
        const std::lock_guard lock(mutex);
        failed = true;
        queue.clear();
      }
      if (fatal) fatal(batch.front().seq, done.error());
      return false;
    }
    at(FaultPoint::after_log_sync);
    {
      const std::lock_guard lock(mutex);
      counts.requests += batch.size();
      for (const raft::Persist& write : batch) counts.entries += write.entries.size();
      ++counts.syncs;
      counts.sync_total = counts.sync_total + took;
      counts.sync_longest = std::max(counts.sync_longest, took);
    }
    for (Completion& completion : completions)
      if (completion) completion();
    const raft::Persist& last = batch.back();
    if (durable) durable(last.seq, last.last_term(), last.last_index());
    return true;
  }
};

LogWriter::LogWriter(LogStore& store, Durable durable, Fatal fatal)
    : state_(new State{store, std::move(durable), std::move(fatal)}) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

LogWriter::~LogWriter() { stop(); }

void LogWriter::submit(raft::Persist write) { submit(std::move(write), {}); }

void LogWriter::submit(raft::Persist write, Completion completion) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->failed) return;
    state_->queue.push_back({std::move(write), std::move(completion)});
  }
  state_->wake.notify_one();
}

LogWriterCounts LogWriter::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

void LogWriter::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace runink::storage
