// A library that stands before libc (LD_PRELOAD): the disk of a daemon under test.
//
// While the file $FAILING_DISK is there, files of folders 'raft' are in trouble, by its first word:
//   fail      syncs fail with EIO: a disk that is broken
//   full      writes fail with ENOSPC
//   slow N    a sync takes N ms longer
//   lie       syncs do nothing and succeed
//   anything else: who syncs waits until the file is gone: a disk that hangs
//
// With $SYNCED_LENGTHS it notes there how much of each file is on disk: a table of (inode, bytes) that outlives
// the process. So whoever has killed the daemon can cut off what no sync has covered, as a power cut would
// (tests/chaos/unsynced.py). Kept is more than a disk promises: names of files, renames and removals are not
// undone, nor are bytes that were written over; RocksDB writes over none.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

template <class Call>
Call next(Call, const char* name) {
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name));
}
#define NEXT(name) next(&::name, #name)

bool exists(const char* path) { return path != nullptr && ::access(path, F_OK) == 0; }

bool in_raft(int fd) {
  char link[64], name[4096];
  ::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, name, sizeof name - 1);
  if (size <= 0) return false;
  name[size] = '\0';
  return ::strstr(name, "/raft/") != nullptr;
}

void pause_ms(long ms) {
  const timespec moment{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&moment, nullptr);
}

enum class Trouble { none, fails, full, lies, slow, hangs };

Trouble trouble(int fd, long& ms) {
  const char* path = std::getenv("FAILING_DISK");
  if (!exists(path) || !in_raft(fd)) return Trouble::none;
  char says[32] = {};
  const int file = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return Trouble::none;
  const ssize_t read = ::read(file, says, sizeof says - 1);
  ::close(file);
  if (read >= 4 && ::strncmp(says, "fail", 4) == 0) return Trouble::fails;
  if (read >= 4 && ::strncmp(says, "full", 4) == 0) return Trouble::full;
  if (read >= 3 && ::strncmp(says, "lie", 3) == 0) return Trouble::lies;
  if (read < 6 || ::strncmp(says, "slow ", 5) != 0) return Trouble::hangs;
  ms = std::strtol(says + 5, nullptr, 10);
  return Trouble::slow;
}

/// Before a sync. 0: go on; -1: it is said to be done; else the error.
int obstacle(int fd) {
  for (;;) {
    long ms = 0;
    switch (trouble(fd, ms)) {
      case Trouble::fails: return EIO;
      case Trouble::lies: return -1;
      case Trouble::slow: pause_ms(ms); return 0;
      case Trouble::hangs: pause_ms(5); break;
      case Trouble::none:
      case Trouble::full: return 0;
    }
  }
}

/// Whether there is no room for a write; errno then says so.
bool no_room(int fd) {
  long ms = 0;
  const int before = errno;
  const bool full = trouble(fd, ms) == Trouble::full;
  errno = full ? ENOSPC : before;
  return full;
}

// ---- what is on disk

struct Slot {
  std::atomic<std::uint64_t> inode;  ///< 0: free
  std::atomic<std::uint64_t> bytes;
};
constexpr std::size_t slots = 1 << 16;

Slot* table() {
  static Slot* const mapped = [] {
    const char* path = std::getenv("SYNCED_LENGTHS");
    const int file = path ? NEXT(open)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || NEXT(ftruncate)(file, slots * sizeof(Slot)) != 0)
      return static_cast<Slot*>(nullptr);
    void* at = ::mmap(nullptr, slots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return at == MAP_FAILED ? nullptr : static_cast<Slot*>(at);
  }();
  return mapped;
}

Slot& slot_of(std::uint64_t inode) {
  for (std::size_t tried = 0, at = inode % slots; tried != slots; ++tried, at = (at + 1) % slots) {
    std::uint64_t is = 0;
    if (table()[at].inode.compare_exchange_strong(is, inode) || is == inode) return table()[at];
  }
  ::fputs("failing_disk: the table of synced lengths is full\n", stderr);
  std::abort();
}

bool is_file(int fd, struct stat& info) { return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode); }

int sync_by(int (*call)(int), int fd) {
  const int error = obstacle(fd);
  if (error < 0) return 0;
  if (error > 0) {
    errno = error;
    return -1;
  }
  struct stat info {};  // of before: what is written meanwhile may not be covered
  const bool noted = table() != nullptr && is_file(fd, info);
  const int result = call(fd);
  if (noted && result == 0) slot_of(info.st_ino).bytes = static_cast<std::uint64_t>(info.st_size);
  return result;
}

/// An empty file is a new one, or has lost what it held: nothing of it is on disk.
int opened(int fd, int flags) {
  struct stat info {};
  const int before = errno;
  if (fd >= 0 && (flags & O_CREAT) != 0 && table() != nullptr && is_file(fd, info) &&
      info.st_size == 0)
    slot_of(info.st_ino).bytes = 0;
  errno = before;
  return fd;
}

int cut(int (*call)(int, off_t), int fd, off_t length) {
  const int result = call(fd, length);
  struct stat info {};
  if (result == 0 && table() != nullptr && is_file(fd, info)) {
    Slot& slot = slot_of(info.st_ino);
    if (slot.bytes > static_cast<std::uint64_t>(length))
      slot.bytes = static_cast<std::uint64_t>(length);
  }
  return result;
}

mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

int fdatasync(int fd) { return sync_by(NEXT(fdatasync), fd); }
int fsync(int fd) { return sync_by(NEXT(fsync), fd); }

ssize_t write(int fd, const void* bytes, size_t size) {
  return no_room(fd) ? -1 : NEXT(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return no_room(fd) ? -1 : NEXT(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  return no_room(fd) ? -1 : NEXT(pwrite64)(fd, bytes, size, at);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return no_room(fd) ? -1 : NEXT(writev)(fd, parts, count);
}

int ftruncate(int fd, off_t length) noexcept { return cut(NEXT(ftruncate), fd, length); }
int ftruncate64(int fd, off64_t length) noexcept { return cut(NEXT(ftruncate64), fd, length); }

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return opened(NEXT(open)(path, flags, mode), flags);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return opened(NEXT(open64)(path, flags, mode), flags);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return opened(NEXT(openat)(folder, path, flags, mode), flags);
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return opened(NEXT(openat64)(folder, path, flags, mode), flags);
}
}
