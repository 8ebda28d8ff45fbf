#include "storage/state_writer.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "vocabulary/fault_point.hpp"

namespace runink::storage {
namespace {

/// Changes in one batch at most: what a reader may have to wait for.
constexpr std::size_t batch_changes = 256;

struct Waiting {
  StateChange change;
  StateWriter::Completion completion;
};

std::uint64_t bytes_of(const StateChange& change) {
  std::uint64_t bytes = 64;
  for (const Row& row : change.rows)
    bytes += row.key.size() + (row.value ? row.value->size() : 0) + 32;
  return bytes;
}

}  // namespace

struct StateWriter::State {
  StateStore& store;
  Fatal fatal;
  Flushed flushed;
  StateWriterLimits limits;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable wake;
  std::condition_variable room;
  std::condition_variable written;
  std::deque<Waiting> queue;
  bool flush_asked = false;
  bool stopping = false;
  bool failed = false;

  // The thread's own.
  std::uint64_t changes_since_flush = 0;
  std::uint64_t bytes_since_flush = 0;

  std::thread thread;

  void run() {
    std::vector<StateChange> batch;
    std::vector<Completion> completions;
    for (;;) {
      batch.clear();
      completions.clear();
      const bool flush_now = take(batch, completions);
      if (!batch.empty() && !write(batch, completions)) return;
      const bool ended = batch.empty() && !flush_now;
      if ((flush_now || ended || flush_is_due()) && !flush()) return;
      if (ended) return;
    }
  }

  bool flush_is_due() const {
    return changes_since_flush >= limits.flush_changes ||
           bytes_since_flush >= limits.flush_bytes.value;
  }

  /// Waits and takes what there is. True when the queue is empty and a flush was asked for; nothing
  /// taken and false is the end.
  bool take(std::vector<StateChange>& batch, std::vector<Completion>& completions) {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return stopping || flush_asked || !queue.empty(); });
    while (!queue.empty() && batch.size() < batch_changes) {
      batch.push_back(std::move(queue.front().change));
      completions.push_back(std::move(queue.front().completion));
      queue.pop_front();
    }
    room.notify_all();
    const bool flush_now = flush_asked && queue.empty();
    if (flush_now) flush_asked = false;
    return flush_now;
  }

  bool write(const std::vector<StateChange>& batch, std::vector<Completion>& completions) {
    if (const Result<void> done = store.write(batch); !done) return give_up(done.error());
    at(FaultPoint::after_state_write);
    changes_since_flush += batch.size();
    for (const StateChange& change : batch) bytes_since_flush += bytes_of(change);
    for (Completion& completion : completions)
      if (completion) completion();
    {
      const std::lock_guard lock(mutex);  // or a waiter could look before and sleep after
    }
    written.notify_all();
    return true;
  }

  bool flush() {
    if (store.applied() == store.flushed_index()) return true;
    if (const Result<void> done = store.flush(); !done) return give_up(done.error());
    changes_since_flush = 0;
    bytes_since_flush = 0;
    if (flushed) flushed(store.flushed_index());
    { const std::lock_guard lock(mutex); }
    written.notify_all();
    return true;
  }

  bool give_up(const Fault& fault) {
    {
      const std::lock_guard lock(mutex);
      failed = true;
      queue.clear();
    }
    room.notify_all();
    if (fatal) fatal(fault);
    return false;
  }
};

StateWriter::StateWriter(StateStore& store, Fatal fatal, Flushed flushed, StateWriterLimits limits)
    : state_(new State{store, std::move(fatal), std::move(flushed), limits}) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

StateWriter::~StateWriter() { stop(); }

bool StateWriter::submit(StateChange change, Completion completion) {
  {
    std::unique_lock lock(state_->mutex);
    state_->room.wait(lock, [this] {
      return state_->stopping || state_->failed || state_->queue.size() < state_->limits.queue;
    });
    if (state_->stopping || state_->failed) return false;
    state_->queue.push_back({std::move(change), std::move(completion)});
  }
  state_->wake.notify_one();
  return true;
}

void StateWriter::submit_flush() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->flush_asked = true;
  }
  state_->wake.notify_one();
}

bool StateWriter::wait_written(LogIndex applied, Duration patience) {
  std::unique_lock lock(state_->mutex);
  return state_->written.wait_for(lock, std::chrono::nanoseconds(patience.ns),
                                  [&] { return state_->store.applied() >= applied; });
}

bool StateWriter::flush_to(LogIndex applied, Duration patience) {
  submit_flush();
  std::unique_lock lock(state_->mutex);
  return state_->written.wait_for(lock, std::chrono::nanoseconds(patience.ns),
                                  [&] { return state_->store.flushed_index() >= applied; });
}

std::size_t StateWriter::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}

void StateWriter::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->room.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace runink::storage
