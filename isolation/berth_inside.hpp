// The code that runs in a berth, from clone3 to execve. Whatever goes wrong, it says which step
// failed and ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isolation/step.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {

/// What a berth says on its socket.
enum class BerthSays : char {
  reaper_ready = 'i',
  ready = 'r',   ///< sent by the program-to-be, whose pid the kernel adds
  failed = 'f',  ///< with a StepFailure behind it; afterwards it ends
};

struct StepFailure {
  StepCode step = StepCode::none;
  std::int32_t error = 0;
  friend bool operator==(const StepFailure&, const StepFailure&) = default;
  static auto fields(auto& self) { return std::tie(self.step, self.error); }
};

/// What a berth is born with.
struct BerthStart {
  int socket = -1;  ///< SOCK_SEQPACKET to the spawner
  int root = -1;    ///< the prepared root, detached
  int status = -1;  ///< a pipe: the program's wait status, four bytes, from the reaper
  /// cgroup.procs files to join by; closed before anything else.
  const std::vector<OwnedFd>* cgroups = nullptr;
  const std::vector<SandboxStep>* steps = nullptr;
};

/// The descriptors of the packet that makes a berth a slice: these two, then the mounts in order.
enum class SliceFd : std::size_t { log = 0, report = 1, first_mount = 2 };

/// Runs in the new process; never returns.
[[noreturn]] void live_as_berth(const BerthStart& start);

}  // namespace runink::isolation
