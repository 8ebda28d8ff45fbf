#include "actors/workloads/herd_keys.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "pipeline/step_file.hpp"
#include "storage/beneath.hpp"
#include "vocabulary/digest.hpp"

namespace runink::actors {
namespace {

Result<std::string> read_key(int folder, const std::string& name, const std::string& path) {
  auto fd = storage::open_regular_beneath(folder, name);
  if (!fd) return std::unexpected(fd.error());
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0)
    return std::unexpected(storage::file_fault("Cannot look at '" + path + "'", errno));
  const std::string next =
      " Put it back from a copy. A new key would give every value another token.";
  if ((info.st_mode & 077) != 0)
    return fail(FaultKind::corrupt, "The key '" + path +
                                        "' is open to others; nobody can say who has it. " +
                                        "chmod 0600 it if it was never read by others.");
  std::string key(pipeline::key_bytes + 1, '\0');
  const ssize_t n = ::pread(fd->get(), key.data(), key.size(), 0);
  if (n < 0) return std::unexpected(storage::file_fault("Cannot read '" + path + "'", errno));
  if (static_cast<std::size_t>(n) != pipeline::key_bytes)
    return fail(FaultKind::corrupt, "The key '" + path + "' does not have " +
                                        std::to_string(pipeline::key_bytes) + " bytes." + next);
  key.resize(pipeline::key_bytes);
  return key;
}

/// A key under a name of its own, complete and on disk before it has its real one: of two threads
/// that make it at once, one wins and both read the same.
Result<void> make_key(int folder, const std::string& name, const std::string& path) {
  std::string bytes(pipeline::key_bytes, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return std::unexpected(storage::file_fault("Cannot get random bytes", errno));
  OwnedFd file(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file) return std::unexpected(storage::file_fault("Cannot make '" + path + "'", errno));
  if (auto done = storage::write_all(file.get(), bytes); !done) return done;
  if (auto done = storage::sync_file(file.get(), path); !done) return done;
  // open(2), O_TMPFILE: the name in /proc is the way to link it without CAP_DAC_READ_SEARCH.
  char self[64];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", file.get());
  if (::linkat(AT_FDCWD, self, folder, name.c_str(), AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
    return std::unexpected(storage::file_fault("Cannot make '" + path + "'", errno));
  return storage::sync_file(folder, "the folder of keys");
}

}  // namespace

Result<std::string> herd_key(const storage::DataFolder& data, const HerdName& herd,
                             MissingKey missing) {
  auto folder = storage::open_folder(data.keys());
  if (!folder) return std::unexpected(folder.error());
  const std::string name = herd.value + ".key";
  const std::string path = data.keys() + "/" + name;
  auto key = read_key(folder->get(), name, path);
  if (key || key.error().kind != FaultKind::no_such_thing) return key;
  if (missing == MissingKey::refuse)
    return fail(FaultKind::not_allowed,
                "There is no key '" + path +
                    "'. In a cluster of several nodes a value must get the same token on "
                    "every one: make a file of " +
                    std::to_string(pipeline::key_bytes) +
                    " random bytes, mode 0600, and put a copy of it there on each node.");
  if (auto made = make_key(folder->get(), name, path); !made) return std::unexpected(made.error());
  return read_key(folder->get(), name, path);
}

std::string test_key() {
  const Digest digest = sha256("runink test key");
  static_assert(sizeof(digest.bytes) == pipeline::key_bytes);
  return {digest.bytes.begin(), digest.bytes.end()};
}

}  // namespace runink::actors
