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
  int log = -1;     ///< a pipe, for the program
  int report = -1;  ///< a pipe, for the program
  /// cgroup.procs files to join by; closed before anything else.
  const std::vector<OwnedFd>* cgroups = nullptr;
  const std::vector<SandboxStep>* steps = nullptr;
};

/// Runs in the new process; never returns. The packet that makes it a slice carries the steps, and
/// the mounts in order as descriptors.
[[noreturn]] void live_as_berth(const BerthStart& start);

}  // namespace runink::isolation
