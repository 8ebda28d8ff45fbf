// How full the disk of the data folder is and how much of it the log takes, looked at again and again on a
// thread of its own: a disk that hangs holds up nobody who wants to know.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "storage/ballast.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

class Log;

enum class DiskLevel : std::uint8_t {
  plain = 1,   ///< room for everything
  scarce = 2,  ///< no new work is taken; what runs is ended and recorded
  full = 3,  ///< nothing is proposed, another node should lead, and no entries of others are taken
};
std::string_view to_string(DiskLevel level);

/// By limits::disk_reserve and disk_least. It falls only when there is limits::disk_slack more than it rose at.
DiskLevel level_of(Bytes available, DiskLevel before);

class DiskGauge {
 public:
  /// Called on the gauge's thread when the level changed.
  using Changed = std::function<void(DiskLevel)>;

  /// `folder`, the data folder, `log` and `clock` outlive it. Looks once before it returns.
  DiskGauge(int folder, Log& log, const Clock& clock = real_clock());
  ~DiskGauge();
  DiskGauge(const DiskGauge&) = delete;
  DiskGauge& operator=(const DiskGauge&) = delete;
  /// Looks every limits::disk_look from now on; `changed` hears the level of now first.
  void start(Changed changed);
  /// Idempotent.
  void stop();

  /// What is left for us: without the ballast, be it there or thrown out. From any thread; never blocks.
  Bytes available() const { return Bytes{available_.load(std::memory_order_relaxed)}; }
  DiskLevel level() const { return level_.load(std::memory_order_relaxed); }
  /// Of the disk; 0 while it could not be asked. As the former, and so is the next.
  Bytes total() const { return Bytes{total_.load(std::memory_order_relaxed)}; }
  /// Of the files in the folder `raft`.
  Bytes log_size() const { return Bytes{log_size_.load(std::memory_order_relaxed)}; }

 private:
  void look();
  void look_at_log();
  void trim(DiskLevel level, Bytes available);
  void run();

  const int folder_;
  Log& log_;
  const Clock& clock_;
  storage::Ballast ballast_;
  std::string ballast_fault_;  ///< what was said last; nothing when it did as it should
  Instant ballast_again_;      ///< it is left alone until then
  Changed changed_;
  std::atomic<std::uint64_t> available_;
  std::atomic<std::uint64_t> total_ = 0;
  std::atomic<std::uint64_t> log_size_ = 0;
  Instant log_again_;  ///< its files are left alone until then
  std::atomic<DiskLevel> level_ = DiskLevel::plain;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace runink::actors
