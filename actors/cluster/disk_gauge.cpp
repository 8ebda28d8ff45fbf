#include "actors/cluster/disk_gauge.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "actors/doors/log.hpp"
#include "storage/beneath.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

std::string_view to_string(DiskLevel level) {
  switch (level) {
    case DiskLevel::plain: return "plain";
    case DiskLevel::scarce: return "scarce";
    case DiskLevel::full: return "full";
  }
  return "unknown";
}

DiskLevel level_of(Bytes available, DiskLevel before) {
  const auto below = [&](DiskLevel worse, Bytes line) {
    return available < (before >= worse ? line + limits::disk_slack : line);
  };
  if (below(DiskLevel::full, limits::disk_least)) return DiskLevel::full;
  if (below(DiskLevel::scarce, limits::disk_reserve)) return DiskLevel::scarce;
  return DiskLevel::plain;
}

namespace {

/// Of the files in a folder and below; those that go away meanwhile count as nothing.
std::uint64_t bytes_below(int folder) {
  const auto names = storage::names_in(folder);
  if (!names) return 0;
  std::uint64_t bytes = 0;
  for (const std::string& name : *names) {
    struct stat info {};
    if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(info.st_mode)) bytes += static_cast<std::uint64_t>(info.st_size);
    if (!S_ISDIR(info.st_mode)) continue;
    const auto below = storage::open_beneath(folder, name, O_RDONLY | O_DIRECTORY);
    if (below) bytes += bytes_below(below->get());
  }
  return bytes;
}

}  // namespace

DiskGauge::DiskGauge(int folder, Log& log, const Clock& clock)
    : folder_(folder),
      log_(log),
      clock_(clock),
      ballast_(folder, limits::disk_ballast),
      available_(std::numeric_limits<std::uint64_t>::max()) {
  look();
  look_at_log();
}

DiskGauge::~DiskGauge() { stop(); }

void DiskGauge::start(Changed changed) {
  changed_ = std::move(changed);
  changed_(level());
  thread_ = std::thread([this] { run(); });
}

void DiskGauge::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  changed_ = nullptr;
}

void DiskGauge::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::nanoseconds(limits::disk_look.ns),
                         [this] { return stopping_; })) {
    lock.unlock();
    look();
    look_at_log();
    lock.lock();
  }
}

void DiskGauge::look() {
  const auto disk = storage::disk_space(folder_);
  if (!disk) return;  // a disk that cannot be asked will say itself what is wrong
  const Bytes kept_back = ballast_.there() ? Bytes{} : ballast_.size();
  const Bytes available = disk->available - std::min(disk->available, kept_back);
  const DiskLevel before = level();
  const DiskLevel now = level_of(available, before);
  total_.store(disk->total.value, std::memory_order_relaxed);
  available_.store(available.value, std::memory_order_relaxed);
  level_.store(now, std::memory_order_relaxed);
  trim(now, available);
  if (now == before) return;
  const LogField left("left_bytes", static_cast<std::int64_t>(available.value));
  const LogField level("level", to_string(now));
  if (now == DiskLevel::plain)
    log_.info("there is room on the disk of the data folder again", {level, left});
  else if (now == DiskLevel::scarce)
    log_.warn("the disk of the data folder is nearly full: no new work is taken", {level, left});
  else
    log_.error(
        "the disk of the data folder is full: nothing is written to the log, and another node is "
        "to lead; make room",
        {level, left});
  if (changed_) changed_(now);
}

void DiskGauge::look_at_log() {
  const Instant now = clock_.now();
  if (now < log_again_) return;
  log_again_ = now + limits::disk_log_look;
  const auto log = storage::open_beneath(folder_, "raft", O_RDONLY | O_DIRECTORY);
  if (log) log_size_.store(bytes_below(log->get()), std::memory_order_relaxed);
}

/// The ballast goes when the disk is full, and comes back when it would not make it so.
void DiskGauge::trim(DiskLevel level, Bytes available) {
  const Instant now = clock_.now();
  if (now < ballast_again_) return;
  const bool there = ballast_.there();
  Result<void> done;
  if (there && level == DiskLevel::full)
    done = ballast_.throw_out();
  else if (!there && level == DiskLevel::plain &&
           available >= limits::disk_reserve + limits::disk_slack)
    done = ballast_.take_on();
  else
    return;
  if (!done) ballast_again_ = now + limits::disk_ballast_again;
  if (!done && done.error().what != ballast_fault_)
    log_.warn("the ballast on the disk is not as it should be", {done.error()});
  ballast_fault_ = done ? std::string() : done.error().what;
}

}  // namespace runink::actors
