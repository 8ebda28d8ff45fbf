#include "tests/storage/failing_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <mutex>

namespace runink::test {
namespace {

std::atomic<bool> watching{false};
std::atomic<std::uint64_t> count{0};
std::atomic<std::uint64_t> fails_from{0};
std::mutex mutex;  // guards the next
std::vector<std::string> log;

/// True when this call must fail; errno is set.
bool refused() {
  if (!watching) return false;
  const std::uint64_t n = ++count;
  if (fails_from == 0 || n < fails_from) return false;
  errno = EIO;
  return true;
}

void note(const std::string& what) {
  if (!watching) return;
  const std::lock_guard lock(mutex);
  log.push_back(what);
}

std::string path_of(int fd) {
  char path[PATH_MAX] = {};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  return ::readlink(link.c_str(), path, sizeof path - 1) < 0 ? std::string("?") : std::string(path);
}

template <class... Arguments>
int call(long number, Arguments... arguments) {
  return static_cast<int>(::syscall(number, arguments...));
}

}  // namespace

FailingCalls::FailingCalls(std::uint64_t from) {
  log.clear();
  count = 0;
  fails_from = from;
  watching = true;
}
FailingCalls::~FailingCalls() { watching = false; }
bool FailingCalls::struck() const { return fails_from != 0 && count >= fails_from; }
std::uint64_t FailingCalls::calls() const { return count; }
std::vector<std::string> FailingCalls::done() const {
  const std::lock_guard lock(mutex);
  return log;
}

}  // namespace runink::test

using namespace runink::test;

extern "C" {

int fsync(int fd) {
  if (refused()) return -1;
  note("fsync " + path_of(fd));
  return call(SYS_fsync, fd);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  if (refused()) return -1;
  const int done = call(SYS_renameat, from_folder, from, to_folder, to);
  if (done == 0) note("rename " + std::string(from) + " " + to);
  return done;
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  if (refused()) return -1;
  return call(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  if (refused()) return -1;
  return call(SYS_unlinkat, folder, name, flags);
}

int mkdirat(int folder, const char* name, mode_t mode) noexcept {
  if (refused()) return -1;
  return call(SYS_mkdirat, folder, name, mode);
}

int ftruncate(int fd, off_t size) noexcept {
  if (refused()) return -1;
  return call(SYS_ftruncate, fd, size);
}

}  // extern "C"
