#include "bench/floor.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace runink::bench {

std::int64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

int floor_file(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0) ::unlink(path);
  return fd;
}

std::int64_t floor_sync(int fd) {
  char block[512];
  std::memset(block, 'x', sizeof block);
  const std::int64_t before = now_ns();
  if (::write(fd, block, sizeof block) != sizeof block) return -1;
  if (::fdatasync(fd) != 0) return -1;
  return now_ns() - before;
}

namespace {
int become(void* program) {
  char* const argv[] = {static_cast<char*>(program), nullptr};
  char* const envp[] = {nullptr};
  ::execve(argv[0], argv, envp);
  ::_exit(127);
}
}  // namespace

std::int64_t floor_launch(const char* program, bool namespaces) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  // As vfork: the child runs in our memory until exec, which is the fastest that there is. The
  // library's clone and clone3 are one function in the kernel; this one gives the child a stack.
  int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
  if (namespaces)
    flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
             CLONE_NEWUTS | CLONE_NEWCGROUP;
  alignas(16) static char stack[16'384];
  const std::int64_t before = now_ns();
  const int child =
      ::clone(become, stack + sizeof stack, flags, const_cast<char*>(program));  // until exec
  ::close(ends[1]);
  char byte;
  const ssize_t end = ::read(ends[0], &byte, 1);  // ends when exec closed the other copy
  const std::int64_t took = now_ns() - before;
  ::close(ends[0]);
  if (child < 0) return -1;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (end != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    errno = ENOEXEC;
    return -1;
  }
  return took;
}

}  // namespace runink::bench

#ifdef RUNINK_FLOOR_ALONE
// The same as a program: medians of `n` rounds, to be laid beside other machines.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s STATIC-PROGRAM FOLDER [ROUNDS]\n", argv[0]);
    return 2;
  }
  constexpr int most = 10'000;
  static std::int64_t sync[most], plain[most], spaces[most];
  const int n = std::clamp(argc > 3 ? std::atoi(argv[3]) : 200, 1, most);
  char path[4096];
  std::snprintf(path, sizeof path, "%s/floor.%d", argv[2], static_cast<int>(::getpid()));
  const int fd = runink::bench::floor_file(path);
  for (int i = 0; i < n; ++i) {
    sync[i] = fd < 0 ? -1 : runink::bench::floor_sync(fd);
    plain[i] = runink::bench::floor_launch(argv[1], false);
    spaces[i] = runink::bench::floor_launch(argv[1], true);
    if (sync[i] < 0 || plain[i] < 0 || spaces[i] < 0) {
      std::perror("floor");
      return 1;
    }
  }
  struct {
    const char* name;
    std::int64_t* first;
  } const rows[] = {{"fdatasync of 512 B", sync},
                    {"clone, exec", plain},
                    {"clone with 7 namespaces, exec", spaces}};
  std::printf("%-30s %9s %9s\n", "us", "p50", "p99");
  for (const auto& row : rows) {
    std::sort(row.first, row.first + n);
    std::printf("%-30s %9.1f %9.1f\n", row.name, static_cast<double>(row.first[n / 2]) / 1e3,
                static_cast<double>(row.first[n * 99 / 100]) / 1e3);
  }
  return 0;
}
#endif
