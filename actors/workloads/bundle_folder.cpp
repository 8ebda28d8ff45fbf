#include "actors/workloads/bundle_folder.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <mutex>

#include "storage/artifact_store.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

/// Two disk threads must not unpack the same bundle at once.
std::mutex unpacking;

Result<void> write_files(int folder, const pipeline::Bundle& bundle) {
  for (const pipeline::BundleFile& file : bundle.files) {
    if (const auto slash = file.path.rfind('/'); slash != std::string::npos)
      if (auto made = storage::make_folders(folder, file.path.substr(0, slash), 0755); !made)
        return made;
    auto fd = storage::open_beneath(folder, file.path, O_WRONLY | O_CREAT | O_EXCL,
                                    file.executable ? 0555 : 0444);
    if (!fd) return std::unexpected(fd.error());
    if (auto written = storage::write_all(fd->get(), file.bytes); !written) return written;
    // The mode again, whatever the umask was: slices run under other ids.
    ::fchmod(fd->get(), file.executable ? 0555 : 0444);
    if (auto synced = storage::sync_file(fd->get(), file.path); !synced) return synced;
  }
  return storage::sync_file(folder, "The bundle's folder");
}

}  // namespace

Result<pipeline::Bundle> read_bundle(const Services& services, const Digest& bundle) {
  auto bytes = services.artifacts.read(bundle, limits::bundle + MiB(1));
  if (!bytes) return std::unexpected(bytes.error());
  return pipeline::decode_bundle(*bytes);
}

Result<std::string> unpacked_bundle(const Services& services, const Digest& bundle) {
  const std::string name = to_hex(bundle);
  const std::string path = services.folder.bundles() + "/" + name;
  struct stat there;
  if (::stat(path.c_str(), &there) == 0) return path;
  std::lock_guard lock(unpacking);
  if (::stat(path.c_str(), &there) == 0) return path;

  auto content = read_bundle(services, bundle);
  if (!content) return std::unexpected(content.error());
  auto folder = storage::open_folder(services.folder.bundles());
  if (!folder) return std::unexpected(folder.error());
  const std::string aside = "." + name + ".new";
  if (auto gone = storage::remove_tree(folder->get(), aside); !gone)
    return std::unexpected(gone.error());
  if (::mkdirat(folder->get(), aside.c_str(), 0755) != 0)
    return std::unexpected(storage::file_fault("The bundle's folder cannot be made", errno));
  auto inside = storage::open_beneath(folder->get(), aside, O_RDONLY | O_DIRECTORY);
  if (!inside) return std::unexpected(inside.error());
  ::fchmod(inside->get(), 0755);
  if (auto written = write_files(inside->get(), *content); !written) {
    (void)storage::remove_tree(folder->get(), aside);
    return std::unexpected(written.error());
  }
  // Everything in it is synced: a folder that has its name is whole.
  if (::renameat(folder->get(), aside.c_str(), folder->get(), name.c_str()) != 0)
    return std::unexpected(storage::file_fault("The bundle's folder cannot be named", errno));
  return path;
}

}  // namespace runink::actors
