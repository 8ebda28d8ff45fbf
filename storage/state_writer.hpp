// The one thread that writes state.db: changes in the order of submission, several in one batch
// when several wait.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "storage/state_store.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// When the thread flushes by itself: whichever comes first.
struct StateWriterLimits {
  /// Waiting changes; `submit` waits for room beyond it. Whoever submits what Raft hands out, and tells Raft
  /// that it is applied only when less than half of this waits, never waits.
  std::size_t queue = 2 * limits::unapplied_entries;
  std::uint64_t flush_changes = 16'384;
  Bytes flush_bytes = MiB(8);
};

class StateWriter {
 public:
  /// Called on the writer's thread when the change is written (not: flushed).
  using Completion = std::move_only_function<void()>;
  /// Called once, on the writer's thread, when a write failed; nothing is written afterwards.
  using Fatal = std::move_only_function<void(const Fault&)>;
  /// Called on the writer's thread when a flush moved flushed_index(): the log may be cut there.
  using Flushed = std::function<void(LogIndex)>;

  /// `store` must outlive the writer.
  StateWriter(StateStore& store, Fatal fatal, Flushed flushed = {}, StateWriterLimits limits = {});
  /// Stops.
  ~StateWriter();

  /// False after stop() or a failure: the change is dropped and `completion` never called. It
  /// blocks only when `queue` changes wait already.
  bool submit(StateChange change, Completion completion = {});
  /// Flushes as soon as all that was submitted before is written.
  void submit_flush();
  /// Blocks until the change of entry `applied` is in the store, for at most `patience`; false when
  /// it is not. For readers on other threads who were told of an entry that is still on its way.
  [[nodiscard]] bool wait_written(LogIndex applied, Duration patience);
  /// Flushes, and blocks until the change of entry `applied` is durable, for at most `patience`; false when
  /// it is not.
  [[nodiscard]] bool flush_to(LogIndex applied, Duration patience);
  /// Changes that wait.
  std::size_t waiting() const;
  /// Writes what waits, flushes, ends the thread. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runink::storage
