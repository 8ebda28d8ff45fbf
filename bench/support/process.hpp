// Other programs that a bench starts, and what processes cost.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runink::bench {

/// A new folder in `in` for whoever calls to remove; if a bench gives up first, it goes with this program.
std::filesystem::path scratch_folder(const std::string& in, const std::string& name);
/// Starts a program with its output in `log`; it is ended when this program ends, however it ends. `words` begin with
/// the program's path, or its name to be found in PATH.
pid_t start_process(const std::vector<std::string>& words, const std::filesystem::path& log);
/// Sends the signal and waits until the child is gone. Nothing for a child that was reaped already.
void end_process(pid_t pid, int signal);
/// A child that has not ended.
bool runs(pid_t pid);
/// Until a process that is not our child is gone.
void wait_until_gone(pid_t pid);
/// Looks every 2 ms until `condition` holds, gives up with `what` after half a minute.
void wait_until(const std::string& what, const std::function<bool()>& condition);
/// Whether PATH has a program of this name.
bool is_in_path(const std::string& program);

/// CPU time of all threads that live, from /proc/PID/task/*/schedstat: nanoseconds, not ticks of 10 ms.
std::int64_t cpu_ns(pid_t pid);
/// A size out of /proc/PID/status, as VmRSS or VmHWM.
double status_mib(pid_t pid, std::string_view key);
/// Bytes of all files below.
std::uint64_t bytes_below(const std::filesystem::path& folder);

/// Who used the processors while something was measured, in cores.
struct CpuUse {
  double nodes = 0;    ///< the processes that were named
  double client = 0;   ///< this process
  double foreign = 0;  ///< everybody else
};
class CpuWatch {
 public:
  explicit CpuWatch(std::vector<pid_t> nodes);
  CpuUse so_far() const;

 private:
  std::vector<pid_t> nodes_;
  std::int64_t began_ns_, machine_ns_, nodes_ns_, client_ns_;
};

}  // namespace runink::bench
