#include "security/pem_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

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
                called(what, path) +
                    " cannot be read by the account that runs this. Give the file "
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
    if (got < 0)
      return std::unexpected(outside_fault(called(what, path) + " cannot be read", errno));
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

/// A file that lies beside its place and lacks only its name. It goes when it does not get it.
class Unnamed {
 public:
  explicit Unnamed(const NewFile& file) : file_(file), beside_(file.path + ".XXXXXX") {}
  Unnamed(Unnamed&& other) noexcept
      : file_(other.file_),
        beside_(std::exchange(other.beside_, std::string())),
        there_(std::exchange(other.there_, false)) {}
  ~Unnamed() {
    if (there_) (void)::unlink(beside_.c_str());
  }

  Result<void> write() {
    const OwnedFd fd(::mkostemp(beside_.data(), O_CLOEXEC));
    if (!fd)
      return std::unexpected(
          outside_fault("No file can be made in '" + folder_of(file_.path) + "'", errno));
    there_ = true;
    if (::fchmod(fd.get(), file_.mode) != 0)
      return std::unexpected(outside_fault("'" + file_.path + "' cannot get its mode", errno));
    return write_all(file_.path, fd.get(), file_.bytes);
  }
  Result<void> take_name(Existing existing) {
    const char* path = file_.path.c_str();
    if (existing == Existing::replace) {
      if (::rename(beside_.c_str(), path) != 0)
        return std::unexpected(outside_fault("'" + file_.path + "' cannot be replaced", errno));
      there_ = false;
      return {};
    }
    // link(2) never replaces: whoever has the name keeps it.
    if (::link(beside_.c_str(), path) == 0) return {};
    if (errno == EEXIST)
      return fail(FaultKind::conflict,
                  "'" + file_.path + "' exists already, and nothing was changed.");
    return std::unexpected(outside_fault("'" + file_.path + "' cannot be made", errno));
  }

 private:
  const NewFile& file_;
  std::string beside_;
  bool there_ = false;
};

/// The fault of `files[failed]`, when those before it have their names.
Fault give_up(std::span<const NewFile> files, std::size_t failed, Existing existing, Fault fault) {
  std::string placed;
  for (const NewFile& file : files.first(failed)) {
    if (existing == Existing::keep)
      (void)::unlink(file.path.c_str());
    else
      placed += (placed.empty() ? "'" : ", '") + file.path + "'";
  }
  if (!placed.empty())
    fault.what += " " + placed + " is new already, '" + files[failed].path +
                  "' still the old one: they do not belong together. Mend what is in the way, then "
                  "write them again.";
  return fault;
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

Result<void> write_whole_files(std::span<const NewFile> files, Existing existing) {
  std::vector<Unnamed> all;
  for (const NewFile& file : files)
    if (auto written = all.emplace_back(file).write(); !written) return written;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (auto named = all[i].take_name(existing); !named)
      return std::unexpected(give_up(files, i, existing, std::move(named.error())));
  std::set<std::string> folders;
  for (const NewFile& file : files) folders.insert(folder_of(file.path));
  for (const std::string& folder : folders)
    if (auto synced = sync_folder(folder); !synced) return synced;
  return {};
}

Result<void> write_whole_file(const std::string& path, std::string_view bytes, unsigned mode,
                              Existing existing) {
  const NewFile file{path, bytes, mode};
  return write_whole_files(std::span(&file, 1), existing);
}

}  // namespace runink::security
