// How a slice ended: kept by the spawner until the daemon acknowledges it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "isolation/sandbox_spec.hpp"
#include "isolation/step.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

enum class SliceEnd : std::uint8_t {
  exited = 1,         ///< by itself, with `exit_code`
  signalled = 2,      ///< by `signal`, which the spawner did not send
  out_of_memory = 3,  ///< the kernel killed in it for its memory limit, and it did not end with 0
  timed_out = 4,
  lease_expired = 5,
  killed = 6,        ///< by a Kill, for `reason`
  setup_failed = 7,  ///< the program never ran: `setup_step`, `setup_errno`
};
constexpr bool known(SliceEnd e) { return e >= SliceEnd::exited && e <= SliceEnd::setup_failed; }
std::string_view to_string(SliceEnd end);

enum class KillReason : std::uint8_t {
  none = 0,
  cancelled = 1,   ///< its run was cancelled or has failed
  superseded = 2,  ///< the cluster no longer counts this attempt as live
  draining = 3,    ///< the node is being emptied
  shutdown = 4,    ///< the spawner was told to stop
};
constexpr bool known(KillReason r) { return r <= KillReason::shutdown; }
std::string_view to_string(KillReason reason);

struct ExitReport {
  SliceId slice;
  SliceEnd end = SliceEnd::exited;
  std::int32_t exit_code = 0;  ///< with `exited`, and with the others when it ended by itself
  std::int32_t signal = 0;     ///< of the program itself, whoever sent it; 0 = none
  KillReason reason = KillReason::none;
  StepCode setup_step = StepCode::none;
  std::int32_t setup_errno = 0;
  /// CLOCK_BOOTTIME of this machine, in nanoseconds. `exec_boot_ns` is 0 if it was never exec'd.
  std::int64_t started_boot_ns = 0;
  std::int64_t exec_boot_ns = 0;
  std::int64_t ended_boot_ns = 0;
  WallTime started;
  WallTime ended;
  Duration cpu_user;
  Duration cpu_system;
  Bytes memory_peak;            ///< of the cgroup; without cgroups the largest resident set
  std::uint64_t oom_kills = 0;  ///< processes killed for the memory limit
  Bytes log;                    ///< bytes in the log file
  Bytes log_dropped;            ///< past limits::slice_log, or not writable
  Bytes report;
  Bytes report_dropped;
  friend bool operator==(const ExitReport&, const ExitReport&) = default;
  static auto fields(auto& self) {
    return std::tie(self.slice, self.end, self.exit_code, self.signal, self.reason, self.setup_step,
                    self.setup_errno, self.started_boot_ns, self.exec_boot_ns, self.ended_boot_ns,
                    self.started, self.ended, self.cpu_user, self.cpu_system, self.memory_peak,
                    self.oom_kills, self.log, self.log_dropped, self.report, self.report_dropped);
  }
  bool succeeded() const { return end == SliceEnd::exited && exit_code == 0; }
};

/// One sentence for a person: "The sandbox could not be set up: step 61 execute failed: No such
/// file or directory."
std::string to_sentence(const ExitReport& report);

}  // namespace runink::isolation
