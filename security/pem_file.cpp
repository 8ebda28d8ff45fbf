#include "security/pem_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "vocabulary/limits.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::security {
namespace {

std::string called(std::string_view what, const std::string& path) {
  return std::string(what) + " '" + path + "'";
}

struct Opened {
  OwnedFd fd;
  struct stat about {};
};

Result<Opened> open_file(std::string_view what, const std::string& path) {
  Opened file;
  // O_NONBLOCK: a pipe that somebody put there must not hold us up.
  file.fd = OwnedFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.fd && (errno == ENOENT || errno == ENOTDIR))
    return fail(FaultKind::no_such_thing,
                called(what, path) +
                    " does not exist. `runi pki init` and `runi pki node` make these files.");
  if (!file.fd && errno == EACCES)
    return fail(FaultKind::not_allowed,
                called(what, path) + " cannot be read by the account that runs this. Give the file "
                                     "to that account (chown).");
  if (!file.fd || ::fstat(file.fd.get(), &file.about) != 0)
    return std::unexpected(outside_fault(called(what, path) + " cannot be read", errno));
  if (!S_ISREG(file.about.st_mode))
    return fail(FaultKind::bad_input, called(what, path) + " is not a file.");
  return file;
}

Result<std::string> read_all(std::string_view what, const std::string& path, int fd) {
  std::string text;
  char part[4096];
  for (;;) {
    const ssize_t got = ::read(fd, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(outside_fault(called(what, path) + " cannot be read", errno));
    if (got == 0) return text;
    text.append(part, static_cast<std::size_t>(got));
    if (text.size() > limits::pem_file.value)
      return fail(FaultKind::bad_input, called(what, path) + " is larger than " +
                                            std::to_string(limits::pem_file.value) +
                                            " bytes. It is most likely another file.");
  }
}

Result<void> write_all(const std::string& path, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return std::unexpected(outside_fault("'" + path + "' cannot be written", errno));
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(fd) != 0)
    return std::unexpected(outside_fault("'" + path + "' cannot be synced", errno));
  return {};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> sync_folder(const std::string& folder) {
  const OwnedFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0)
    return std::unexpected(outside_fault("The folder '" + folder + "' cannot be synced", errno));
  return {};
}

/// Whether a file of this owner and mode is as `what` must be: nobody else's, and open to others in none of the
/// ways in `closed`.
Result<void> check_guard(std::string_view what, const std::string& path, const struct stat& about,
                         unsigned closed) {
  if (about.st_uid != ::geteuid() && about.st_uid != 0)
    return fail(FaultKind::not_allowed,
                called(what, path) +
                    " belongs to another account, which could read or change it. Give it to the "
                    "account of the daemon (chown).");
  if ((about.st_mode & closed) == 0) return {};
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(about.st_mode & 07777));
  const bool secret = (closed & 044) != 0;
  return fail(
      FaultKind::not_allowed,
      called(what, path) + " has the mode " + mode + ", so others may " +
          (secret ? "read it. Give it only to its owner: chmod 0600 "
                  : "change whom this node believes. Leave that to its owner: chmod go-w ") +
          path);
}

Result<std::string> read_guarded(std::string_view what, const std::string& path, unsigned closed) {
  const auto file = open_file(what, path);
  if (!file) return std::unexpected(file.error());
  if (auto guarded = check_guard(what, path, file->about, closed); !guarded)
    return std::unexpected(guarded.error());
  return read_all(what, path, file->fd.get());
}

}  // namespace

Result<std::string> read_pem_file(std::string_view what, const std::string& path) {
  const auto file = open_file(what, path);
  if (!file) return std::unexpected(file.error());
  return read_all(what, path, file->fd.get());
}

Result<std::string> read_believed_file(std::string_view what, const std::string& path) {
  return read_guarded(what, path, 022);
}

Result<std::string> read_key_file(std::string_view what, const std::string& path) {
  return read_guarded(what, path, 077);
}

Result<void> write_whole_file(const std::string& path, std::string_view bytes, unsigned mode,
                              Existing existing) {
  std::string beside = path + ".XXXXXX";
  const OwnedFd fd(::mkostemp(beside.data(), O_CLOEXEC));
  if (!fd)
    return std::unexpected(outside_fault("No file can be made in '" + folder_of(path) + "'", errno));
  auto written = write_all(path, fd.get(), bytes);
  if (written && ::fchmod(fd.get(), mode) != 0)
    written = std::unexpected(outside_fault("'" + path + "' cannot get its mode", errno));
  if (written && existing == Existing::replace && ::rename(beside.c_str(), path.c_str()) != 0)
    written = std::unexpected(outside_fault("'" + path + "' cannot be replaced", errno));
  // link(2) never replaces: whoever has the name keeps it.
  if (written && existing == Existing::keep && ::link(beside.c_str(), path.c_str()) != 0) {
    written = errno == EEXIST
                  ? Result<void>(fail(FaultKind::conflict, "'" + path + "' exists already."))
                  : std::unexpected(outside_fault("'" + path + "' cannot be made", errno));
  }
  if (!written || existing == Existing::keep) (void)::unlink(beside.c_str());
  if (!written) return written;
  return sync_folder(folder_of(path));
}

}  // namespace runink::security
