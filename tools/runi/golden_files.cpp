#include "tools/runi/golden_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/runi/texts.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::runi {
namespace {

Fault fault_of(const std::string& path, const char* what, int error) {
  return {FaultKind::outside_failed, "The golden file " + printable(path) + " cannot be " + what +
                                         ": " + std::strerror(error) + "."};
}

/// The folder that `path` lies in, part by part, without following links.
Result<OwnedFd> folder_of(const std::string& folder, const std::string& path) {
  OwnedFd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at) return std::unexpected(fault_of(folder + "/" + path, "written", errno));
  std::size_t from = 0;
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', from)) {
    const std::string part = path.substr(from, slash - from);
    from = slash + 1;
    if (part.empty() || part == "." || part == "..")
      return fail(FaultKind::bad_input, "The path " + printable(path) + " leaves the folder.");
    if (::mkdirat(at.get(), part.c_str(), 0777) != 0 && errno != EEXIST)
      return std::unexpected(fault_of(path, "written", errno));
    OwnedFd next(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return std::unexpected(fault_of(path, "written", errno));
    at = std::move(next);
  }
  return at;
}

int write_and_sync(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Result<void> write_golden(const std::string& folder, const std::string& path, std::string_view text,
                          GoldenFile kind) {
  // The node says which file it is; what it may reach is decided here.
  if (!path.starts_with("tests/") || !(path.ends_with(".csv") || path.ends_with(".jsonl")))
    return fail(FaultKind::bad_input,
                "The golden file " + printable(path) +
                    " is no .csv or .jsonl file beneath tests/; it was not written.");
  auto inner = folder_of(folder, path);
  if (!inner) return std::unexpected(inner.error());
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  struct stat info {};
  const bool there = ::fstatat(inner->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (name.empty() || name == "." || name == ".." || (there && !S_ISREG(info.st_mode)))
    return fail(FaultKind::bad_input,
                "The golden file " + printable(path) + " is no regular file; it was not written.");
  if (there && kind == GoldenFile::fresh)
    return fail(
        FaultKind::conflict,
        "The file " + printable(path) +
            " is there and was not sent with the folder, so it was not written over. Take it "
            "away, or name it no more in .runinkignore.");
  const std::string beside = ".runink-" + std::to_string(::getpid()) + ".golden";
  OwnedFd file(::openat(inner->get(), beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        there ? info.st_mode & 0777 : 0666));
  if (!file) return std::unexpected(fault_of(path, "written", errno));
  int error = write_and_sync(file.get(), text);
  if (error == 0 && ::renameat(inner->get(), beside.c_str(), inner->get(), name.c_str()) != 0)
    error = errno;
  if (error == 0) return {};
  (void)::unlinkat(inner->get(), beside.c_str(), 0);
  return std::unexpected(fault_of(path, "written", error));
}

}  // namespace runink::runi
