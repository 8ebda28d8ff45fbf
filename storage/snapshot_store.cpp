#include "storage/snapshot_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <mutex>
#include <utility>

#include "storage/artifact_intake.hpp"
#include "storage/beneath.hpp"
#include "storage/snapshot_switch.hpp"

namespace runink::storage {
namespace {

constexpr const char* folder_name = "snapshots";
constexpr const char* taking = "taking.new";
constexpr std::string_view part_ending = ".part";
constexpr std::size_t digits = 20;
/// One may have been received and not installed; the log goes on from the other.
constexpr std::size_t kept_at_start = 2;

std::string name_in_folder(const StoredSnapshot& snapshot) {
  const std::string index = std::to_string(snapshot.manifest.index.value);
  return std::string(digits - index.size(), '0') + index + "-" + to_hex(snapshot.name);
}

/// RocksDB's own log and lock are no part of a database.
bool belongs(const std::string& file) { return !file.starts_with("LOG") && file != "LOCK"; }

Result<SnapshotFile> describe(int files, const FoundFile& found) {
  SnapshotFile file{found.path, found.size, {}, {}};
  const std::string what = "'" + found.path + "' of a snapshot";
  const auto opened = open_regular_beneath(files, found.path);
  if (!opened) return std::unexpected(opened.error());
  Sha256 hash;
  for (std::uint64_t at = 0; at < file.size.value; at += snapshot_chunk.value) {
    const std::uint64_t size = std::min(snapshot_chunk.value, file.size.value - at);
    const auto bytes = read_range(opened->get(), at, size, what);
    if (!bytes) return std::unexpected(bytes.error());
    hash.update(*bytes);
    file.chunks.push_back(crc32c(*bytes));
  }
  file.digest = hash.finish();
  if (auto synced = sync_file(opened->get(), what); !synced) return std::unexpected(synced.error());
  return file;
}

Result<std::vector<SnapshotFile>> describe_all(int files) {
  const auto found = regular_files(files, snapshot_files, HardLinks::tell);
  if (!found) return std::unexpected(found.error());
  std::vector<SnapshotFile> all;
  for (const FoundFile& one : *found) {
    if (!belongs(one.path)) {
      ::unlinkat(files, one.path.c_str(), 0);
      continue;
    }
    auto file = describe(files, one);
    if (!file) return std::unexpected(file.error());
    all.push_back(std::move(*file));
  }
  return all;
}

}  // namespace

struct SnapshotStore::State {
  std::string path;
  OwnedFd folder;
  OwnedFd state;             ///< the folder of state.db
  mutable std::mutex mutex;  // guards the next
  std::vector<StoredSnapshot> whole;

  Result<OwnedFd> enter(const std::string& name) const {
    return open_beneath(folder.get(), name, O_RDONLY | O_DIRECTORY);
  }

  Result<StoredSnapshot> look(const std::string& name) const {
    const auto bytes = read_file(folder.get(), name + "/manifest", snapshot_manifest);
    if (!bytes) return std::unexpected(bytes.error());
    auto manifest = manifest_of(*bytes, "The manifest of the snapshot '" + path + "/" + name + "'");
    if (!manifest) return std::unexpected(manifest.error());
    return StoredSnapshot{sha256(*bytes), std::move(*manifest)};
  }

  std::optional<StoredSnapshot> find(const std::function<bool(const Digest&)>& is_it) const {
    const std::lock_guard lock(mutex);
    for (const StoredSnapshot& one : whole)
      if (is_it(one.name)) return one;
    return {};
  }
  std::optional<StoredSnapshot> find(const Digest& name) const {
    return find([&](const Digest& one) { return one == name; });
  }

  void add(const StoredSnapshot& snapshot) {
    const std::lock_guard lock(mutex);
    whole.push_back(snapshot);
    std::sort(whole.begin(), whole.end(), [](const StoredSnapshot& a, const StoredSnapshot& b) {
      return a.manifest.index < b.manifest.index;
    });
  }

  Result<SnapshotDraft> take(const StateStore& store) const;

  /// Gives `aside`, of which all is durable, its name.
  Result<StoredSnapshot> publish(const std::string& aside, StoredSnapshot snapshot) {
    const std::string name = name_in_folder(snapshot);
    if (::renameat(folder.get(), aside.c_str(), folder.get(), name.c_str()) != 0)
      return std::unexpected(file_fault("Cannot name the snapshot '" + name + "'", errno));
    if (auto done = sync_file(folder.get(), "the folder of snapshots"); !done)
      return std::unexpected(done.error());
    add(snapshot);
    return snapshot;
  }

  /// At start: the newest whole ones stay, and the newest of those that are being received.
  Result<void> sweep() {
    auto names = names_in(folder.get());
    if (!names) return std::unexpected(names.error());
    std::sort(names->begin(), names->end(), std::greater<>());  // the highest index first
    bool part_kept = false;
    for (const std::string& name : *names) {
      if (name == installing_name) continue;
      const bool part = name.ends_with(part_ending);
      const auto known = look(name);
      const bool right =
          known && name_in_folder(*known) + std::string(part ? part_ending : "") == name;
      if (right && part && !part_kept) {
        part_kept = true;
      } else if (right && !part && whole.size() < kept_at_start) {
        add(*known);
      } else if (auto gone = remove_tree(folder.get(), name); !gone) {
        return gone;
      }
    }
    return {};
  }

  /// Links files of other snapshots, whole or not, that the new one has too.
  Result<void> adopt(const SnapshotManifest& manifest, int into, const std::string& own) const {
    const auto names = names_in(folder.get());
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      if (name == own || name == installing_name || name == taking) continue;
      const auto other = look(name);
      const auto files = enter(name + "/files");
      if (!other || !files) continue;
      for (const SnapshotFile& file : manifest.files) {
        const auto same = std::find_if(other->manifest.files.begin(), other->manifest.files.end(),
                                       [&](const SnapshotFile& one) {
                                         return one.size == file.size && one.digest == file.digest;
                                       });
        if (same == other->manifest.files.end()) continue;
        // Not there, there already, too many links: then it is received. Its chunks are checked.
        (void)::linkat(files->get(), same->name.c_str(), into, file.name.c_str(), 0);
      }
    }
    return {};
  }

  /// Of all that is being received only `own` stays.
  Result<void> give_up_others(const std::string& own) const {
    const auto names = names_in(folder.get());
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names)
      if (name != own && name.ends_with(part_ending))
        if (auto gone = remove_tree(folder.get(), name); !gone) return gone;
    return {};
  }
};

SnapshotStore::SnapshotStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SnapshotStore::~SnapshotStore() = default;

Result<std::unique_ptr<SnapshotStore>> SnapshotStore::open(const std::string& data) {
  const auto in = open_folder(data);
  if (!in) return std::unexpected(in.error());
  auto state = std::make_unique<State>();
  state->path = data + "/" + folder_name;
  for (const auto& [name, fd] :
       {std::pair{folder_name, &state->folder}, std::pair{"state", &state->state}}) {
    if (auto made = make_folders(in->get(), name); !made) return std::unexpected(made.error());
    auto opened = open_beneath(in->get(), name, O_RDONLY | O_DIRECTORY);
    if (!opened) return std::unexpected(opened.error());
    *fd = std::move(*opened);
  }
  if (auto done = finish_switch(state->folder.get(), state->state.get()); !done)
    return std::unexpected(done.error());
  if (auto swept = state->sweep(); !swept) return std::unexpected(swept.error());
  return std::unique_ptr<SnapshotStore>(new SnapshotStore(std::move(state)));
}

Result<SnapshotDraft> SnapshotStore::begin(const StateStore& store) {
  if (auto gone = remove_tree(state_->folder.get(), taking); !gone)
    return std::unexpected(gone.error());
  auto draft = state_->take(store);
  if (!draft) (void)remove_tree(state_->folder.get(), taking);  // it may fill the disk
  return draft;
}

Result<SnapshotDraft> SnapshotStore::State::take(const StateStore& store) const {
  if (auto made = make_folders(folder.get(), taking); !made) return std::unexpected(made.error());
  const auto moment = store.checkpoint(path + "/" + taking + "/files");
  if (!moment) return std::unexpected(moment.error());
  const auto files = enter(std::string(taking) + "/files");
  if (!files) return std::unexpected(files.error());
  auto described = describe_all(files->get());
  if (!described) return std::unexpected(described.error());
  if (auto done = sync_file(files->get(), "the files of a snapshot"); !done)
    return std::unexpected(done.error());
  return SnapshotDraft{{moment->applied, moment->hash, {}, std::move(*described)}};
}

Result<StoredSnapshot> SnapshotStore::finish(SnapshotDraft draft, SnapshotOrigin origin) {
  draft.manifest.origin = std::move(origin);
  const std::string bytes = bytes_of(draft.manifest);
  const auto folder = state_->enter(taking);
  if (!folder) return std::unexpected(folder.error());
  if (auto done = write_file_synced(folder->get(), "manifest", bytes); !done)
    return std::unexpected(done.error());
  return state_->publish(taking, {sha256(bytes), std::move(draft.manifest)});
}

std::vector<StoredSnapshot> SnapshotStore::snapshots() const {
  const std::lock_guard lock(state_->mutex);
  return state_->whole;
}

std::optional<StoredSnapshot> SnapshotStore::newest() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->whole.empty()) return {};
  return state_->whole.back();
}

std::optional<StoredSnapshot> SnapshotStore::find(
    const std::function<bool(const Digest&)>& is_it) const {
  return state_->find(is_it);
}

Result<std::string> SnapshotStore::read_chunk(const Digest& name, SnapshotPosition position) const {
  const auto snapshot = state_->find(name);
  const std::size_t size = snapshot ? chunk_size(snapshot->manifest, position) : 0;
  if (size == 0)
    return fail(FaultKind::no_such_thing,
                "There is no such part of the snapshot " + to_hex(name) + " on this node.");
  const std::string& file = snapshot->manifest.files[position.file].name;
  const std::string what = "'" + file + "' of the snapshot '" + name_in_folder(*snapshot) + "'";
  const auto opened =
      open_regular_beneath(state_->folder.get(), name_in_folder(*snapshot) + "/files/" + file);
  if (!opened) return std::unexpected(opened.error());
  auto bytes = read_range(opened->get(), position.offset, size, what);
  if (bytes && !is_chunk(snapshot->manifest, position, *bytes))
    return fail(FaultKind::corrupt, what + " is damaged at byte " +
                                        std::to_string(position.offset) +
                                        " or behind. The snapshot must be taken anew.");
  return bytes;
}

Result<std::unique_ptr<StateStore>> SnapshotStore::look_into(const Digest& name) const {
  const auto snapshot = state_->find(name);
  if (!snapshot)
    return fail(FaultKind::no_such_thing, "The snapshot " + to_hex(name) + " is not on this node.");
  return StateStore::open_read_only(state_->path + "/" + name_in_folder(*snapshot), "files");
}

Result<SnapshotReceiver> SnapshotStore::receive(const SnapshotManifest& manifest) {
  const std::string bytes = bytes_of(manifest);
  const StoredSnapshot snapshot{sha256(bytes), manifest};
  if (auto sound = manifest_of(bytes, "The manifest of a snapshot"); !sound)
    return std::unexpected(sound.error());
  if (state_->find(snapshot.name))
    return fail(FaultKind::conflict,
                "The snapshot " + to_hex(snapshot.name) + " is on this node already.");
  const std::string name = name_in_folder(snapshot) + std::string(part_ending);
  if (auto made = make_folders(state_->folder.get(), name + "/files"); !made)
    return std::unexpected(made.error());
  auto staging = state_->enter(name);
  if (!staging) return std::unexpected(staging.error());
  if (auto done = write_file_synced(staging->get(), "manifest", bytes); !done)
    return std::unexpected(done.error());
  const auto files = state_->enter(name + "/files");
  if (!files) return std::unexpected(files.error());
  if (auto done = state_->adopt(manifest, files->get(), name); !done)
    return std::unexpected(done.error());
  if (auto done = state_->give_up_others(name); !done) return std::unexpected(done.error());
  return SnapshotReceiver::open(std::move(*staging), snapshot);
}

Result<StoredSnapshot> SnapshotStore::finish(SnapshotReceiver receiver) {
  if (!receiver.complete())
    return fail(FaultKind::bad_input, "The snapshot has not arrived as a whole.");
  if (auto done = receiver.seal(); !done) return std::unexpected(done.error());
  const StoredSnapshot snapshot = receiver.snapshot();
  return state_->publish(name_in_folder(snapshot) + std::string(part_ending), snapshot);
}

Result<void> SnapshotStore::install(const Digest& name) {
  const auto snapshot = state_->find(name);
  if (!snapshot)
    return fail(FaultKind::no_such_thing, "The snapshot " + to_hex(name) + " is not on this node.");
  if (auto done = begin_switch(state_->folder.get(), name_in_folder(*snapshot)); !done) return done;
  return finish_switch(state_->folder.get(), state_->state.get());
}

Result<void> SnapshotStore::remove(const Digest& name) {
  const auto snapshot = state_->find(name);
  if (!snapshot) return {};
  {
    const std::lock_guard lock(state_->mutex);
    std::erase(state_->whole, *snapshot);
  }
  return remove_tree(state_->folder.get(), name_in_folder(*snapshot));
}

}  // namespace runink::storage
