// A library that stands before libc (LD_PRELOAD). While the file $FAILING_DISK is there, whoever syncs a file
// of a folder 'raft' waits until it is gone, or fails with EIO when it says "fail": a disk that hangs, and
// one that is broken.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

using Sync = int (*)(int);

/// 0: go on; else the error.
int obstacle(int fd) {
  const char* path = std::getenv("FAILING_DISK");
  if (path == nullptr || ::access(path, F_OK) != 0) return 0;
  char link[64], name[4096];
  ::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, name, sizeof name - 1);
  if (size <= 0) return 0;
  name[size] = '\0';
  if (::strstr(name, "/raft/") == nullptr) return 0;
  for (;;) {
    char says[8] = {};
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t read = ::read(file, says, sizeof says - 1);
    ::close(file);
    if (read >= 4 && ::strncmp(says, "fail", 4) == 0) return EIO;
    const timespec moment{0, 5'000'000};
    ::nanosleep(&moment, nullptr);
  }
}

int sync_by(const char* call, int fd) {
  if (const int error = obstacle(fd)) {
    errno = error;
    return -1;
  }
  return reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, call))(fd);
}

}  // namespace

extern "C" int fdatasync(int fd) { return sync_by("fdatasync", fd); }
extern "C" int fsync(int fd) { return sync_by("fsync", fd); }
