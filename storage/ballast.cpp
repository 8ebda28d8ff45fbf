#include "storage/ballast.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/beneath.hpp"

namespace runink::storage {
namespace {

constexpr const char* ballast_name = "ballast";

}  // namespace

bool Ballast::there() const {
  struct stat info {};
  return ::fstatat(folder_, ballast_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) == size_.value;
}

Result<void> Ballast::take_on() {
  if (auto gone = throw_out(); !gone) return gone;
  const auto file = open_beneath(folder_, ballast_name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) return std::unexpected(file.error());
  // posix_fallocate(3) gives the error back.
  const int error = ::posix_fallocate(file->get(), 0, static_cast<off_t>(size_.value));
  if (error == 0) return {};
  (void)throw_out();
  return std::unexpected(file_fault("Cannot keep room back on the disk of the data folder", error));
}

Result<void> Ballast::throw_out() {
  if (::unlinkat(folder_, ballast_name, 0) == 0 || errno == ENOENT) return {};
  return std::unexpected(file_fault("Cannot remove the file 'ballast' of the data folder", errno));
}

}  // namespace runink::storage
