// One thread beside the work: tells progress, and turns SIGTERM into an interrupted query.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "steps/failure.hpp"
#include "steps/report_writer.hpp"
#include "vocabulary/owned_fd.hpp"

struct _duckdb_connection;

namespace runink::steps {

class Engine;

/// Blocks SIGTERM and SIGINT for the whole process, so make it before any other thread. Lives as
/// long as the step; an engine must be detached before it dies (WatchedEngine does).
class Watch {
 public:
  explicit Watch(ReportWriter& report);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// From here on the engine's queries are interrupted on a signal, and their progress is told.
  void attach(const Engine& engine);
  void detach();

  /// The work is now between `from` and `to` permille. With `total` > 0 the way is told by
  /// `advance`, else by DuckDB's own count.
  void phase(std::uint16_t from, std::uint16_t to, std::uint64_t total = 0);
  void advance(std::uint64_t done) { done_.store(done, std::memory_order_relaxed); }

  bool cancelled() const { return cancelled_.load(); }
  /// A failure when a signal came.
  Outcome<void> go_on() const;

 private:
  void run();
  void tell();

  ReportWriter& report_;
  OwnedFd signals_;
  OwnedFd stop_;
  std::atomic<bool> cancelled_ = false;
  std::atomic<std::uint64_t> done_ = 0;
  std::mutex mutex_;  // guards what follows
  _duckdb_connection* connection_ = nullptr;
  std::uint16_t from_ = 0, to_ = 0;
  std::uint64_t total_ = 0;
  std::uint16_t told_ = 0;
  std::thread thread_;
};

}  // namespace runink::steps
