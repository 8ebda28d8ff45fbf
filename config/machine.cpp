#include "config/machine.hpp"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <system_error>

namespace runink::config {

Machine this_machine(const std::string& folder) {
  Machine machine;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) == 0)
    machine.cpu = {static_cast<std::uint64_t>(CPU_COUNT(&cores)) * 1000};
  else
    machine.cpu = {1000};

  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0)
    machine.memory = {static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)};

  std::filesystem::path there = std::filesystem::path(folder).lexically_normal();
  std::error_code error;
  while (!std::filesystem::exists(there, error) && there.has_relative_path())
    there = there.parent_path();
  struct statvfs disk {};
  if (statvfs(there.empty() ? "." : there.c_str(), &disk) == 0)
    machine.disk = {static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize};
  return machine;
}

}  // namespace runink::config
