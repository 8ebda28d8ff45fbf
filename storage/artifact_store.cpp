#include "storage/artifact_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>

#include "storage/artifact_intake.hpp"
#include "storage/artifact_pins.hpp"
#include "storage/beneath.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::storage {
namespace {

constexpr mode_t artifact_mode = 0444;
/// Files that take() holds open at a time; a process may have 1024.
constexpr std::size_t open_at_once = 64;

Fault not_here(const Digest& digest) {
  return {FaultKind::no_such_thing, "Artifact " + to_hex(digest) + " is not on this node."};
}
Fault damaged(const Digest& digest, std::string_view why) {
  return {FaultKind::corrupt, "Artifact " + to_hex(digest) + " is damaged: " + std::string(why) +
                                  ". It must be fetched from another node or made again."};
}

}  // namespace

struct ArtifactStore::State {
  State(OwnedFd artifacts, OwnedFd staging, ArtifactPins known)
      : intake(std::move(artifacts), std::move(staging)), pins(std::move(known)) {}

  ArtifactIntake intake;
  mutable std::mutex mutex;  // guards `pins`, and every removal of an artifact
  ArtifactPins pins;

  /// What must be synced, and what must be undone if that fails.
  struct Publication {
    const PinOwner& owner;
    std::set<std::string> folders;
    std::vector<Digest> pinned;
  };

  /// Pins, makes visible, syncs the content. The names are durable after make_durable.
  Result<void> make_visible(std::span<Incoming> all, Publication& publication) {
    std::vector<Digest> digests;
    for (const Incoming& one : all) {
      digests.push_back(one.artifact.digest);
      publication.folders.insert(folder_of(one.artifact.digest));
    }
    {
      const std::lock_guard lock(mutex);
      const auto added = pins.add(digests, publication.owner);
      if (!added) return std::unexpected(added.error());
      publication.pinned.insert(publication.pinned.end(), added->begin(), added->end());
    }
    for (Incoming& one : all)
      if (auto done = intake.place(one); !done) return done;
    for (const Incoming& one : all)
      if (auto done = intake.sync_content(one); !done) return done;
    return {};
  }

  Result<void> make_durable(const Publication& publication) {
    Result<void> done = sync_file(pins.folder(), "the pins");
    if (done) done = intake.sync_new_folders();
    for (const std::string& name : publication.folders)
      if (done) done = intake.sync_folder(name);
    return done;
  }

  void withdraw(const Publication& publication) {
    const std::lock_guard lock(mutex);
    for (const Digest& digest : publication.pinned) (void)pins.remove(digest, publication.owner);
  }

  Result<void> publish(std::span<Incoming> all, const PinOwner& owner) {
    Publication publication{owner, {}, {}};
    Result<void> done = make_visible(all, publication);
    if (done) done = make_durable(publication);
    if (!done) withdraw(publication);
    return done;
  }

  Result<void> unlink(const Digest& digest) {
    if (::unlinkat(intake.artifacts(), path_of(digest).c_str(), 0) == 0 || errno == ENOENT)
      return {};
    return std::unexpected(file_fault("Cannot remove artifact " + to_hex(digest), errno));
  }
};

struct ArtifactWriter::State {
  ArtifactStore::State& store;
  Staged staged;
  Sha256 hash;
  std::uint64_t size = 0;
};

ArtifactWriter::ArtifactWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArtifactWriter::ArtifactWriter(ArtifactWriter&&) noexcept = default;
ArtifactWriter& ArtifactWriter::operator=(ArtifactWriter&&) noexcept = default;
ArtifactWriter::~ArtifactWriter() = default;

Result<void> ArtifactWriter::write(std::string_view bytes) {
  ENSURE(state_);
  if (auto done = write_all(state_->staged.fd(), bytes); !done) return done;
  state_->hash.update(bytes);
  state_->size += bytes.size();
  return {};
}

Result<StoredArtifact> ArtifactWriter::finish(const PinOwner& owner, const Digest* expected) {
  ENSURE(state_);
  const std::unique_ptr<State> state = std::move(state_);
  const StoredArtifact artifact{state->hash.finish(), Bytes{state->size}};
  if (expected != nullptr && *expected != artifact.digest)
    return fail(FaultKind::corrupt, "Artifact " + to_hex(*expected) +
                                        " arrived with other bytes: " + "they are " +
                                        to_hex(artifact.digest) + ". Fetch it again.");
  if (auto done = state->staged.finish(); !done) return std::unexpected(done.error());
  Incoming incoming{artifact, std::move(state->staged), {}};
  if (auto done = state->store.publish(std::span(&incoming, 1), owner); !done)
    return std::unexpected(done.error());
  return artifact;
}

ArtifactStore::ArtifactStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArtifactStore::~ArtifactStore() = default;

Result<std::unique_ptr<ArtifactStore>> ArtifactStore::open(const std::string& data) {
  auto folder = open_folder(data);
  if (!folder) return std::unexpected(folder.error());
  const auto enter = [](int in, const char* name) -> Result<OwnedFd> {
    if (auto made = make_folders(in, name); !made) return std::unexpected(made.error());
    return open_beneath(in, name, O_RDONLY | O_DIRECTORY);
  };
  auto artifacts = enter(folder->get(), "artifacts");
  if (!artifacts) return std::unexpected(artifacts.error());
  auto staging = enter(folder->get(), "staging");
  if (!staging) return std::unexpected(staging.error());
  if (auto done = empty_folder(staging->get()); !done) return std::unexpected(done.error());
  auto pins_folder = enter(artifacts->get(), "pins");
  if (!pins_folder) return std::unexpected(pins_folder.error());
  auto pins = ArtifactPins::open(std::move(*pins_folder));
  if (!pins) return std::unexpected(pins.error());
  // What the last daemon made without living to sync it.
  if (auto done = sync_file(artifacts->get(), "the artifact folders"); !done)
    return std::unexpected(done.error());
  return std::unique_ptr<ArtifactStore>(new ArtifactStore(
      std::make_unique<State>(std::move(*artifacts), std::move(*staging), std::move(*pins))));
}

Result<ArtifactWriter> ArtifactStore::start() {
  auto staged = state_->intake.stage();
  if (!staged) return std::unexpected(staged.error());
  return ArtifactWriter(std::unique_ptr<ArtifactWriter::State>(
      new ArtifactWriter::State{*state_, std::move(*staged), Sha256{}}));
}

Result<StoredArtifact> ArtifactStore::put(std::string_view bytes, const PinOwner& owner) {
  auto writer = start();
  if (!writer) return std::unexpected(writer.error());
  if (auto done = writer->write(bytes); !done) return std::unexpected(done.error());
  return writer->finish(owner);
}

Result<std::vector<StoredArtifact>> ArtifactStore::take(int folder,
                                                        std::span<const std::string> paths,
                                                        const PinOwner& owner) {
  std::vector<StoredArtifact> artifacts;
  State::Publication publication{owner, {}, {}};
  Result<void> done;
  while (done && artifacts.size() < paths.size()) {
    std::vector<Incoming> incoming;
    const std::size_t upto = std::min(paths.size(), artifacts.size() + open_at_once);
    while (done && artifacts.size() < upto) {
      auto one = state_->intake.read_in(folder, paths[artifacts.size()]);
      if (!one) {
        done = std::unexpected(one.error());
        break;
      }
      artifacts.push_back(one->artifact);
      incoming.push_back(std::move(*one));
    }
    if (done) done = state_->make_visible(incoming, publication);
  }
  if (done) done = state_->make_durable(publication);
  if (done) return artifacts;
  state_->withdraw(publication);
  return std::unexpected(done.error());
}

bool ArtifactStore::has(const Digest& digest) const {
  struct stat info {};
  return state_->intake.stat_of(digest, info);
}

Result<Bytes> ArtifactStore::size(const Digest& digest) const {
  struct stat info {};
  if (!state_->intake.stat_of(digest, info)) return std::unexpected(not_here(digest));
  return Bytes{static_cast<std::uint64_t>(info.st_size)};
}

Result<OwnedFd> ArtifactStore::open_artifact(const Digest& digest, const Bytes* expected,
                                             Verify verify) const {
  auto file = open_regular_beneath(state_->intake.artifacts(), path_of(digest));
  if (!file)
    return std::unexpected(file.error().kind == FaultKind::no_such_thing ? not_here(digest)
                                                                         : file.error());
  struct stat info {};
  if (::fstat(file->get(), &info) != 0)
    return std::unexpected(file_fault("Cannot look at artifact " + to_hex(digest), errno));
  if (expected != nullptr && static_cast<std::uint64_t>(info.st_size) != expected->value)
    return std::unexpected(damaged(digest, "it has " + std::to_string(info.st_size) +
                                               " bytes instead of " +
                                               std::to_string(expected->value)));
  if (verify == Verify::content) {
    const auto found = digest_of(file->get(), "artifact " + to_hex(digest));
    if (!found) return std::unexpected(found.error());
    if (*found != digest) return std::unexpected(damaged(digest, "its bytes have another digest"));
  }
  return file;
}

Result<std::string> ArtifactStore::read(const Digest& digest, Bytes most) const {
  const auto file = open_artifact(digest);
  if (!file) return std::unexpected(file.error());
  std::string bytes;
  const std::string what = "artifact " + to_hex(digest);
  auto done = for_each_part(file->get(), what, [&](std::string_view part) -> Result<void> {
    if (bytes.size() + part.size() > most.value)
      return fail(FaultKind::exhausted,
                  "The " + what + " is larger than " + std::to_string(most.value) + " bytes.");
    bytes += part;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (sha256(bytes) != digest)
    return std::unexpected(damaged(digest, "its bytes have another digest"));
  return bytes;
}

Result<void> ArtifactStore::link_to(const Digest& digest, int folder,
                                    const std::string& name) const {
  const auto file = open_artifact(digest);
  if (!file) return std::unexpected(file.error());
  const std::string path = path_of(digest);
  const auto link = [&] {
    return ::linkat(state_->intake.artifacts(), path.c_str(), folder, name.c_str(), 0) == 0;
  };
  if (link()) return {};
  if (errno == EEXIST) {  // left by an attempt before a crash; perhaps a copy that is not whole
    if (auto gone = remove_tree(folder, name); !gone) return gone;
    if (link()) return {};
  }
  if (errno != EXDEV && errno != EMLINK && errno != EPERM)
    return std::unexpected(file_fault("Cannot link artifact " + to_hex(digest), errno));
  auto copy = open_beneath(folder, name, O_WRONLY | O_CREAT | O_EXCL, artifact_mode);
  if (!copy) return std::unexpected(copy.error());
  Sha256 hash;
  auto done = for_each_part(file->get(), "artifact " + to_hex(digest), [&](std::string_view part) {
    hash.update(part);
    return write_all(copy->get(), part);
  });
  if (done && hash.finish() != digest)
    done = std::unexpected(damaged(digest, "its bytes have another digest"));
  if (!done) ::unlinkat(folder, name.c_str(), 0);
  return done;
}

Result<void> ArtifactStore::pin(const Digest& digest, const PinOwner& owner) {
  {
    const std::lock_guard lock(state_->mutex);
    if (auto added = state_->pins.add(std::span(&digest, 1), owner); !added)
      return std::unexpected(added.error());
  }
  return sync_file(state_->pins.folder(), "the pins");
}

Result<void> ArtifactStore::unpin(const Digest& digest, const PinOwner& owner) {
  const std::lock_guard lock(state_->mutex);
  return state_->pins.remove(digest, owner);
}

Result<void> ArtifactStore::unpin(const PinOwner& owner) {
  const std::lock_guard lock(state_->mutex);
  return state_->pins.remove(owner);
}

bool ArtifactStore::pinned(const Digest& digest) const {
  const std::lock_guard lock(state_->mutex);
  return state_->pins.pinned(digest);
}

std::vector<PinOwner> ArtifactStore::owners() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pins.owners();
}

std::vector<Digest> ArtifactStore::pinned_by(const PinOwner& owner) const {
  const std::lock_guard lock(state_->mutex);
  return state_->pins.pinned_by(owner);
}

Result<void> ArtifactStore::remove(const Digest& digest) {
  const std::lock_guard lock(state_->mutex);
  if (state_->pins.pinned(digest))
    return fail(FaultKind::conflict,
                "Artifact " + to_hex(digest) + " is pinned, so it is not removed.");
  return state_->unlink(digest);
}

Result<bool> ArtifactStore::remove_if_damaged(const Digest& digest) {
  const auto file = open_artifact(digest, nullptr, Verify::content);
  if (file) return false;
  if (file.error().kind != FaultKind::corrupt) return std::unexpected(file.error());
  if (auto done = state_->unlink(digest); !done) return std::unexpected(done.error());
  return true;
}

SweepMark ArtifactStore::mark() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pins.mark();
}

Result<Swept> ArtifactStore::sweep(SweepMark mark, const std::set<Digest>& reachable) {
  Swept swept;
  const auto files = regular_files(state_->intake.artifacts(), 100'000'000, HardLinks::tell);
  if (!files) return std::unexpected(files.error());
  for (const FoundFile& file : *files) {
    if (file.path.size() != 2 + 1 + 64 || file.path[2] != '/') continue;  // a pin, or not ours
    const auto digest = digest_from_hex(file.path.substr(3));
    if (!digest || reachable.contains(*digest)) continue;
    const std::lock_guard lock(state_->mutex);
    if (state_->pins.keeps(*digest, mark)) continue;
    if (auto done = state_->unlink(*digest); !done) return std::unexpected(done.error());
    ++swept.artifacts;
    swept.bytes = swept.bytes + file.size;
  }
  const std::lock_guard lock(state_->mutex);
  state_->pins.forget_before(mark);
  return swept;
}

}  // namespace runink::storage
