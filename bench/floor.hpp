// What the kernel and the disk ask for the same deed, with nothing of ours in between.
#pragma once

#include <cstdint>

namespace runink::bench {

/// CLOCK_BOOTTIME.
std::int64_t now_ns();

/// A new file at `path` for `floor_sync`; gone when the process is. -1 and errno if not.
int floor_file(const char* path);
/// Appends 512 bytes and waits until they are on the disk. The time it took in nanoseconds; -1 and
/// errno.
std::int64_t floor_sync(int fd);
/// clone with seven new namespaces (user, mount, pid, net, ipc, uts, cgroup) and exec of a static
/// program, until exec succeeded. With `namespaces` false, a plain child. The child is reaped outside
/// of what is measured. Nanoseconds; -1 and errno.
std::int64_t floor_launch(const char* program, bool namespaces = true);

}  // namespace runink::bench
