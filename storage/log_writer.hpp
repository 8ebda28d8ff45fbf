// The one thread that writes raft.db. While a sync runs, requests wait; the next sync takes all of
// them (up to limits::append_batch), so the busier the node, the fewer syncs per entry.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "raft/ports.hpp"
#include "storage/log_store.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// Since the start of the writer.
struct LogWriterCounts {
  std::uint64_t requests = 0;
  std::uint64_t entries = 0;
  std::uint64_t syncs = 0;
  Duration sync_total;  ///< time spent in synced writes
  Duration sync_longest;
};

/// The queue is bounded by the core, which has at most limits::uncommitted on its way.
class LogWriter final : public raft::LogStorePort {
 public:
  /// Called on the writer's thread when all requests up to `seq` are durable: once per sync, in
  /// order; term and index are those of request `seq`, as Driver::persisted wants them.
  using Durable = std::function<void(raft::PersistSeq seq, Term term, LogIndex index)>;
  /// Called once, on the writer's thread, when a write failed: nothing is written, retried or
  /// reported afterwards. `seq` is the first request that is not known to be durable.
  using Fatal = std::function<void(raft::PersistSeq seq, const Fault&)>;
  /// Called when one request submitted with it is durable, on the writer's thread, in order.
  using Completion = std::move_only_function<void()>;

  /// `store` must outlive the writer.
  LogWriter(LogStore& store, Durable durable, Fatal fatal);
  /// Stops.
  ~LogWriter() override;

  /// Never blocks. After stop() or a failure the request is dropped.
  void submit(raft::Persist write) override;
  /// The same with a completion of its own, called before `Durable` of its batch.
  void submit(raft::Persist write, Completion completion);
  LogWriterCounts counts() const;
  /// Writes what waits, ends the thread. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runink::storage
