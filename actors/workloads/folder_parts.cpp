#include "actors/workloads/folder_parts.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "storage/beneath.hpp"

namespace runink::actors {

Result<OwnedFd> new_folder(int parent, const std::string& name, unsigned mode) {
  if (::mkdirat(parent, name.c_str(), mode) != 0)
    return std::unexpected(storage::file_fault("The folder '" + name + "' cannot be made", errno));
  OwnedFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd)
    return std::unexpected(
        storage::file_fault("The folder '" + name + "' cannot be opened", errno));
  ::fchmod(fd.get(), mode);  // whatever the umask is
  return fd;
}

Result<OwnedFd> new_file(int folder, const std::string& name) {
  OwnedFd fd(::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd)
    return std::unexpected(storage::file_fault("The file '" + name + "' cannot be made", errno));
  return fd;
}

Result<void> write_new(int folder, const std::string& name, std::string_view bytes, unsigned mode) {
  auto fd = new_file(folder, name);
  if (!fd) return std::unexpected(fd.error());
  ::fchmod(fd->get(), mode);
  return storage::write_all(fd->get(), bytes);
}

}  // namespace runink::actors
