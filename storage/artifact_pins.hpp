// Who needs which artifact: in memory, and as empty files so that a restart knows it. A part of
// ArtifactStore, whose mutex guards it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "storage/artifact_store.hpp"

namespace runink::storage {

/// Owns: a pin is in memory if and only if its file exists.
class ArtifactPins {
 public:
  /// Reads what is in the folder `pins`, which it takes over. Files with other names are left
  /// alone.
  static Result<ArtifactPins> open(OwnedFd pins);

  /// Sets those that `owner` has not yet, which it returns: for undoing. On a fault none of them is
  /// set. Not durable before sync().
  Result<std::vector<Digest>> add(std::span<const Digest> digests, const PinOwner& owner);
  Result<void> remove(const Digest& digest, const PinOwner& owner);
  Result<void> remove(const PinOwner& owner);
  /// For sync_file, without the mutex.
  int folder() const { return folder_.get(); }

  bool pinned(const Digest& digest) const { return owners_of_.contains(digest); }
  std::vector<PinOwner> owners() const;
  std::vector<Digest> pinned_by(const PinOwner& owner) const;

  SweepMark mark() const { return SweepMark{moment_}; }
  /// Pinned, or was pinned at a moment after `mark`.
  bool keeps(const Digest& digest, SweepMark mark) const;
  /// A sweep with `mark` is done: what was unpinned before needs no remembering.
  void forget_before(SweepMark mark);

 private:
  OwnedFd folder_;
  std::map<Digest, std::set<PinOwner>> owners_of_;
  std::map<PinOwner, std::set<Digest>> pins_of_;
  std::uint64_t moment_ = 0;
  std::map<Digest, std::uint64_t> unpinned_at_;
};

}  // namespace runink::storage
