// Which cgroup file gets which value: a pure decision, for v1 and v2 and for a machine that has
// both, controller by controller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isolation/sandbox_spec.hpp"

namespace runink::isolation {

enum class Controller : std::uint8_t { cpu = 0, memory = 1, pids = 2 };
inline constexpr Controller controllers[] = {Controller::cpu, Controller::memory, Controller::pids};
std::string_view to_string(Controller controller);

/// Where the controllers of this machine are.
struct CgroupLayout {
  struct Place {
    Controller controller = Controller::cpu;
    int version = 0;          ///< 1 or 2
    std::string mount_point;  ///< "/sys/fs/cgroup/memory"; the same for all of v2
    friend bool operator==(const Place&, const Place&) = default;
  };
  std::vector<Place> places;
  /// Kernels booted without swap accounting have no memory.memsw.* (v1).
  bool swap_accounting = true;

  const Place* find(Controller controller) const;
  bool any_v1() const;
  bool any_v2() const;
  /// The v2 folder into which clone3 may put a berth directly (CLONE_INTO_CGROUP), if there is one.
  std::optional<std::string> v2_mount_point() const;
};

struct CgroupValue {
  Controller controller = Controller::cpu;
  std::string file;
  std::string value;
  friend bool operator==(const CgroupValue&, const CgroupValue&) = default;
};

/// In the order in which they must be written: v1 refuses memory.memsw.* before memory.limit (and
/// below it).
std::vector<CgroupValue> cgroup_values(const SliceLimits& limits, const CgroupLayout& layout);

/// The file that counts kills for the memory limit, and the key of its line.
std::string_view oom_file(int version);
std::string_view memory_peak_file(int version);
/// The number behind `key` in "key number\n" lines; 0 when it is not there.
std::uint64_t keyed_number(std::string_view text, std::string_view key);

/// What a berth may use while it waits for its slice.
SliceLimits berth_limits();

}  // namespace runink::isolation
