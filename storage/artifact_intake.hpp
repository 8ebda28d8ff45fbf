// How content becomes an artifact: written aside or linked, hashed, given its name, synced. A part of
// ArtifactStore; it knows nothing of pins.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "storage/artifact_store.hpp"

struct stat;

namespace runink::storage {

/// "ab", and "ab/<64 hex>".
std::string folder_of(const Digest& digest);
std::string path_of(const Digest& digest);

/// Hands all bytes of `fd`, from its start, to `sink`; `what` names it in a fault.
Result<void> for_each_part(int fd, const std::string& what,
                           const std::function<Result<void>(std::string_view)>& sink);
Result<Digest> digest_of(int fd, const std::string& what);

/// A file in staging, removed unless it got its place.
class Staged {
 public:
  Staged(int staging, std::string name, OwnedFd file)
      : staging_(staging), name_(std::move(name)), file_(std::move(file)) {}
  Staged(Staged&& other) noexcept { *this = std::move(other); }
  Staged& operator=(Staged&& other) noexcept {
    std::swap(staging_, other.staging_);
    std::swap(name_, other.name_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~Staged();
  int fd() const { return file_.get(); }
  /// Makes it read-only; all is written.
  Result<void> finish() const;
  Result<void> move_to(int folder, const std::string& path);

 private:
  int staging_ = -1;
  std::string name_;
  OwnedFd file_;
};

/// Content on its way into the store: hashed, not visible. Either a copy in staging, or the open
/// source, which can be linked.
struct Incoming {
  StoredArtifact artifact;
  std::optional<Staged> staged;
  OwnedFd source;
};

class ArtifactIntake {
 public:
  ArtifactIntake() = default;
  ArtifactIntake(OwnedFd artifacts, OwnedFd staging)
      : artifacts_(std::move(artifacts)), staging_(std::move(staging)) {}

  int artifacts() const { return artifacts_.get(); }
  /// True when there is a regular file under this name.
  bool stat_of(const Digest& digest, struct stat& info) const;
  bool has(const Digest& digest, Bytes size) const;

  /// A new empty file in staging.
  Result<Staged> stage();
  /// One regular file beneath `folder`, as ArtifactStore::take says.
  Result<Incoming> read_in(int folder, const std::string& path);
  /// Makes one visible. Not durable before its content and its folder are synced.
  Result<void> place(Incoming& incoming);
  /// After `place`. The content goes to the disk after its name and in one commit of the file
  /// system's journal with it. A power cut in between leaves a name with too few bytes, which `has`
  /// does not take for the artifact; nothing in the log speaks of it yet.
  Result<void> sync_content(const Incoming& incoming) const;
  Result<void> sync_folder(const std::string& name) const;
  /// Makes durable the names of folders that `place` had to make, whoever called it.
  Result<void> sync_new_folders();

 private:
  /// Makes the folder of `digest` if it is not there.
  Result<void> make_folder_of(const Digest& digest);
  Result<Incoming> copy_in(int file, const std::string& what);
  Result<Incoming> link_or_copy_in(OwnedFd file, const struct stat& info, const std::string& what);

  OwnedFd artifacts_;
  OwnedFd staging_;
  std::atomic<std::uint64_t> staged_files_{0};
  std::mutex mutex_;  // guards the next, also while it is synced
  bool new_folders_ = false;
};

}  // namespace runink::storage
