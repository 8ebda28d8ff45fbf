// How CAF's workers share the actors that have something to do.
#pragma once

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace runink::co {

/// CAF's `sharing` policy (one queue, workers sleep while it is empty) and, for each worker, a slot as in
/// Tokio's scheduler: the newest actor that a handler made ready runs next on the same thread, when
/// that handler has ended. A chain of actors that hand on one request costs no sleeping worker's
/// wake-up (50 to 100 us on a virtual machine) and no lock. What the slot held before goes to the
/// queue, where another worker takes it.
///
/// The price: what is in a slot waits for the handler that put it there, so handlers are short.
class HandOver : public caf::policy::unprofiled {
 public:
  /// So many actors out of the slot, then one out of the queue: two that answer each other without
  /// end must not keep the others waiting.
  static constexpr std::size_t in_a_row_most = 16;

  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    std::mutex lock;  // guards what follows
    std::condition_variable changed;
    std::deque<caf::resumable*> queue;
    std::size_t asleep = 0;
  };
  /// Of the worker's thread alone.
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    caf::resumable* next = nullptr;
    std::size_t in_a_row = 0;
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* all, caf::resumable* job) {
    auto& shared = d(all);
    bool wake;
    {
      const std::lock_guard guard(shared.lock);
      shared.queue.push_back(job);
      wake = shared.asleep > 0;
    }
    if (wake) shared.changed.notify_one();  // after the lock: who wakes can have it
  }
  template <class Worker>
  void external_enqueue(Worker* worker, caf::resumable* job) {
    central_enqueue(worker->parent(), job);
  }
  /// From a handler that runs on `worker`, on its thread.
  template <class Worker>
  void internal_enqueue(Worker* worker, caf::resumable* job) {
    if (caf::resumable* before = std::exchange(d(worker).next, job))
      central_enqueue(worker->parent(), before);
  }
  /// An actor that has run long enough goes behind the others.
  template <class Worker>
  void resume_job_later(Worker* worker, caf::resumable* job) {
    central_enqueue(worker->parent(), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* worker) {
    auto& own = d(worker);
    if (own.next != nullptr && own.in_a_row < in_a_row_most) {
      ++own.in_a_row;
      return std::exchange(own.next, nullptr);
    }
    own.in_a_row = 0;
    auto& shared = d(worker->parent());
    std::unique_lock guard(shared.lock);
    if (own.next != nullptr) shared.queue.push_back(std::exchange(own.next, nullptr));
    while (shared.queue.empty()) {
      ++shared.asleep;
      shared.changed.wait(guard);
      --shared.asleep;
    }
    caf::resumable* job = shared.queue.front();
    shared.queue.pop_front();
    return job;
  }

  // At the end, on the thread that stops the system.
  template <class Worker, class Use>
  void foreach_resumable(Worker* worker, Use use) {
    if (caf::resumable* job = std::exchange(d(worker).next, nullptr)) use(job);
  }
  template <class Coordinator, class Use>
  void foreach_central_resumable(Coordinator* all, Use use) {
    auto& shared = d(all);
    const std::lock_guard guard(shared.lock);
    for (caf::resumable* job : std::exchange(shared.queue, {})) use(job);
  }
};

}  // namespace runink::co
