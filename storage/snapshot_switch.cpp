#include "storage/snapshot_switch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "storage/artifact_intake.hpp"
#include "storage/beneath.hpp"
#include "storage/snapshot_manifest.hpp"

namespace runink::storage {
namespace {

constexpr const char* live = "state.db";
constexpr const char* fresh = "state.db.new";
constexpr const char* former = "state.db.old";

Result<void> copy(int from, int to, const std::string& name) {
  const auto source = open_regular_beneath(from, name);
  if (!source) return std::unexpected(source.error());
  const auto target = open_beneath(to, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!target) return std::unexpected(target.error());
  const std::string what = "'" + name + "' of a snapshot";
  auto done = for_each_part(source->get(), what,
                            [&](std::string_view part) { return write_all(target->get(), part); });
  if (!done) return done;
  return sync_file(target->get(), what);
}

/// Tables never change, so both may have them; everything else is copied.
Result<void> link_or_copy(int from, int to, const std::string& name) {
  if (name.ends_with(".sst") && ::linkat(from, name.c_str(), to, name.c_str(), 0) == 0) return {};
  return copy(from, to, name);
}

Result<void> make_fresh(int snapshots, const std::string& snapshot, int state) {
  if (auto gone = remove_tree(state, fresh); !gone) return gone;
  if (auto made = make_folders(state, fresh); !made) return made;
  const auto bytes = read_file(snapshots, snapshot + "/manifest", snapshot_manifest);
  if (!bytes) return std::unexpected(bytes.error());
  const auto manifest = manifest_of(*bytes, "The manifest of the snapshot '" + snapshot + "'");
  if (!manifest) return std::unexpected(manifest.error());
  const auto from = open_beneath(snapshots, snapshot + "/files", O_RDONLY | O_DIRECTORY);
  if (!from) return std::unexpected(from.error());
  const auto to = open_beneath(state, fresh, O_RDONLY | O_DIRECTORY);
  if (!to) return std::unexpected(to.error());
  for (const SnapshotFile& file : manifest->files)
    if (auto done = link_or_copy(from->get(), to->get(), file.name); !done) return done;
  return sync_file(to->get(), "the new state.db");
}

Result<void> rename(int folder, const char* from, const char* to) {
  if (::renameat(folder, from, folder, to) == 0) return {};
  return std::unexpected(
      file_fault("Cannot rename '" + std::string(from) + "' to '" + std::string(to) + "'", errno));
}

Result<void> exchange(int state) {
  if (::faccessat(state, live, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    if (auto gone = remove_tree(state, former); !gone) return gone;
    if (auto done = rename(state, live, former); !done) return done;
  }
  if (auto done = rename(state, fresh, live); !done) return done;
  return sync_file(state, "the folder of state.db");
}

}  // namespace

Result<void> begin_switch(int snapshots, const std::string& snapshot) {
  return write_file_synced(snapshots, installing_name, snapshot);
}

Result<void> finish_switch(int snapshots, int state) {
  const auto snapshot = read_file(snapshots, installing_name, KiB(1));
  if (!snapshot && snapshot.error().kind != FaultKind::no_such_thing)
    return std::unexpected(snapshot.error());
  if (snapshot) {
    if (auto done = make_fresh(snapshots, *snapshot, state); !done) return done;
    if (auto done = exchange(state); !done) return done;
    if (::unlinkat(snapshots, installing_name, 0) != 0)
      return std::unexpected(file_fault("Cannot end the installation of a snapshot", errno));
    if (auto done = sync_file(snapshots, "the folder of snapshots"); !done) return done;
  }
  for (const char* left : {fresh, former})
    if (auto gone = remove_tree(state, left); !gone) return gone;
  return {};
}

}  // namespace runink::storage
