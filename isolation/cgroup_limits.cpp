#include "isolation/cgroup_limits.hpp"

#include <algorithm>
#include <charconv>

namespace runink::isolation {
namespace {
constexpr std::uint64_t cpu_period_us = 100'000;
/// The kernel refuses a quota below one millisecond.
constexpr std::uint64_t cpu_quota_us_least = 1'000;
}  // namespace

std::string_view to_string(Controller controller) {
  switch (controller) {
    case Controller::cpu: return "cpu";
    case Controller::memory: return "memory";
    case Controller::pids: return "pids";
  }
  return "unknown";
}

const CgroupLayout::Place* CgroupLayout::find(Controller controller) const {
  for (const Place& place : places)
    if (place.controller == controller) return &place;
  return nullptr;
}

bool CgroupLayout::any_v1() const {
  for (const Place& place : places)
    if (place.version == 1) return true;
  return false;
}

bool CgroupLayout::any_v2() const { return v2_mount_point().has_value(); }

std::optional<std::string> CgroupLayout::v2_mount_point() const {
  for (const Place& place : places)
    if (place.version == 2) return place.mount_point;
  return std::nullopt;
}

std::vector<CgroupValue> cgroup_values(const SliceLimits& limits, const CgroupLayout& layout) {
  std::vector<CgroupValue> values;
  const std::string quota =
      std::to_string(std::max(limits.cpu.value * cpu_period_us / 1'000, cpu_quota_us_least));
  const std::string period = std::to_string(cpu_period_us);
  const std::string memory = std::to_string(limits.memory.value);
  // The reaping init is one more.
  const std::string pids = std::to_string(std::uint64_t{limits.pids} + 1);
  if (const auto* place = layout.find(Controller::cpu)) {
    if (place->version == 2) {
      values.push_back({Controller::cpu, "cpu.max", quota + " " + period});
    } else {
      values.push_back({Controller::cpu, "cpu.cfs_period_us", period});
      values.push_back({Controller::cpu, "cpu.cfs_quota_us", quota});
    }
  }
  if (const auto* place = layout.find(Controller::memory)) {
    if (place->version == 2) {
      values.push_back({Controller::memory, "memory.max", memory});
      if (layout.swap_accounting) values.push_back({Controller::memory, "memory.swap.max", "0"});
      // All tasks of the slice die together: half a program is no result.
      values.push_back({Controller::memory, "memory.oom.group", "1"});
    } else {
      values.push_back({Controller::memory, "memory.limit_in_bytes", memory});
      if (layout.swap_accounting)
        values.push_back({Controller::memory, "memory.memsw.limit_in_bytes", memory});
    }
  }
  if (layout.find(Controller::pids)) values.push_back({Controller::pids, "pids.max", pids});
  return values;
}

std::string_view oom_file(int version) {
  return version == 2 ? "memory.events" : "memory.oom_control";
}

std::string_view memory_peak_file(int version) {
  return version == 2 ? "memory.peak" : "memory.max_usage_in_bytes";
}

std::uint64_t keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.size() <= key.size() + 1 || !line.starts_with(key) || line[key.size()] != ' ')
      continue;
    line.remove_prefix(key.size() + 1);
    std::uint64_t number = 0;
    std::from_chars(line.data(), line.data() + line.size(), number);
    return number;
  }
  return 0;
}

SliceLimits berth_limits() {
  SliceLimits limits;
  limits.cpu = MilliCpu{1000};
  limits.memory = MiB(256);  // what it shares with the spawner is not charged; sanitizers need room
  limits.pids = 16;
  return limits;
}

}  // namespace runink::isolation
