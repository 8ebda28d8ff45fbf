#include "isolation/host_paths.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace runink::isolation {
namespace {

std::unexpected<Fault> outside_of(const std::string& path) {
  return fail(FaultKind::not_allowed,
              "The path " + path +
                  " lies outside of what the spawner's start-up file allows, or leaves it by a "
                  "link. Grant its folder to the node as a volume.");
}

}  // namespace

Result<OwnedFd> resolve_beneath(std::span<const std::string> prefixes, const std::string& path) {
  const std::string* best = nullptr;
  for (const std::string& prefix : prefixes)
    if (path == prefix || (path.starts_with(prefix) && path[prefix.size()] == '/'))
      if (best == nullptr || best->size() < prefix.size()) best = &prefix;
  if (best == nullptr || (path + "/").find("/../") != std::string::npos) return outside_of(path);
  // The prefix itself may contain links: it was written by the one who may write the file.
  OwnedFd at(::open(best->c_str(), O_PATH | O_CLOEXEC));
  if (!at)
    return fail(FaultKind::no_such_thing,
                "The folder " + *best + " cannot be opened. Make it first.");
  if (path.size() == best->size()) return at;
  const std::string rest = path.substr(best->size() + 1);
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0; tries < 16; ++tries) {
    OwnedFd fd(static_cast<int>(::syscall(SYS_openat2, at.get(), rest.c_str(), &how, sizeof how)));
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
