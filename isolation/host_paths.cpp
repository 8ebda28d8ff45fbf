#include "isolation/host_paths.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace runink::isolation {
namespace {

std::unexpected<Fault> outside_of(const std::string& path) {
  return fail(FaultKind::not_allowed,
              "The path " + path +
                  " lies outside of what the spawner's start-up file allows, or leaves it by a "
                  "link. Grant its folder to the node as a volume.");
}

}  // namespace

AllowedFolders::AllowedFolders(std::vector<std::string> prefixes) {
  for (std::string& prefix : prefixes) folders_.push_back({std::move(prefix), {}});
}

Result<OwnedFd> AllowedFolders::resolve(const std::string& path) {
  Folder* best = nullptr;
  for (Folder& one : folders_)
    if (path == one.path || (path.starts_with(one.path) && path[one.path.size()] == '/'))
      if (best == nullptr || best->path.size() < one.path.size()) best = &one;
  if (best == nullptr || (path + "/").find("/../") != std::string::npos) return outside_of(path);
  if (!best->fd) best->fd = OwnedFd(::open(best->path.c_str(), O_PATH | O_CLOEXEC));
  if (!best->fd)
    return fail(FaultKind::no_such_thing,
                "The folder " + best->path + " cannot be opened. Make it first.");
  if (path.size() == best->path.size()) return std::exchange(best->fd, OwnedFd());
  const int at = best->fd.get();
  const std::string rest = path.substr(best->path.size() + 1);
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0; tries < 16; ++tries) {
    OwnedFd fd(static_cast<int>(::syscall(SYS_openat2, at, rest.c_str(), &how, sizeof how)));
    if (fd) return fd;
    // EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether we left.
    if (errno != EAGAIN) break;
  }
  if (errno == EXDEV || errno == ELOOP) return outside_of(path);
  if (errno == ENOENT || errno == ENOTDIR)
    return fail(FaultKind::no_such_thing, "The mount source " + path + " does not exist.");
  return std::unexpected(outside_fault("The mount source " + path + " cannot be opened", errno));
}

}  // namespace runink::isolation
