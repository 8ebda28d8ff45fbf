// Immutable files named by the SHA-256 of their bytes: <data>/artifacts/ab/<64 hex>, mode 0444.
//
// Written aside in <data>/staging (or linked from where it was written), hashed, pinned, named, and
// only then synced, content first, then the folders: one commit of the file system's journal instead
// of one for the content and one for the names. What put and take have returned is whole and durable.
// Putting the same bytes again changes nothing.
//
// Pins. An artifact is kept while the applied state reaches it or somebody pins it. Between
// "stored" and "reached by an applied entry" only the pin protects it, so every put names an owner
// and the pin is set *before* the artifact becomes visible; the owner unpins when its attempt is
// resolved in applied state. A pin is an empty file <data>/artifacts/pins/<hex>~<owner>, so a
// restart knows it. It costs no sync of its own: its folder is synced together with the artifact's,
// in the same journal commit, before put returns. Unpinning is not synced: a pin that comes back
// after a power cut belongs to an owner that `owners()` tells and the caller resolves again.
//
// Sweeping. mark() comes before the reachable set is computed: what loses its pin after the mark is
// kept by that sweep, because the entry that made it reachable may be younger than the set.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/digest.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// Who needs an artifact, for instance "<run>.<step>.<partition>.<attempt>": 1 to 180 characters of
/// [A-Za-z0-9._-].
using PinOwner = Strong<struct PinOwnerTag, std::string>;

/// What is in the store under a digest.
struct StoredArtifact {
  Digest digest;
  Bytes size;
  friend bool operator==(const StoredArtifact&, const StoredArtifact&) = default;
};

/// What a sweep did.
struct Swept {
  std::uint64_t artifacts = 0;
  Bytes bytes;
  friend bool operator==(const Swept&, const Swept&) = default;
};

/// A moment, for sweep().
using SweepMark = Strong<struct SweepMarkTag, std::uint64_t>;

/// Whether an open checks the content too.
enum class Verify : std::uint8_t { size, content };

class ArtifactStore;

/// An artifact whose bytes come in parts, for instance from another node. Dropping it unfinished
/// leaves nothing behind.
class ArtifactWriter {
 public:
  ArtifactWriter(ArtifactWriter&&) noexcept;
  ArtifactWriter& operator=(ArtifactWriter&&) noexcept;
  ~ArtifactWriter();

  Result<void> write(std::string_view bytes);
  /// Makes it durable and visible, pinned by `owner`. If `expected` is given and the bytes are
  /// others, `corrupt` and nothing is stored.
  Result<StoredArtifact> finish(const PinOwner& owner, const Digest* expected = nullptr);

 private:
  friend class ArtifactStore;
  struct State;
  explicit ArtifactWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// All calls from any thread. Faults: `exhausted` for a full disk, which leaves nothing behind;
/// `no_such_thing` for an artifact that is not here; `corrupt` for one whose bytes are not its
/// name.
class ArtifactStore {
 public:
  /// `data` is the data folder. Reads the pins, removes what a crash left in staging.
  static Result<std::unique_ptr<ArtifactStore>> open(const std::string& data);
  ~ArtifactStore();
  ArtifactStore(const ArtifactStore&) = delete;
  ArtifactStore& operator=(const ArtifactStore&) = delete;

  /// Stores bytes, pinned by `owner`.
  Result<StoredArtifact> put(std::string_view bytes, const PinOwner& owner);
  /// For bytes that come in parts.
  Result<ArtifactWriter> start();

  /// Takes regular files beneath `folder` into the store, hashed while read, pinned by `owner`; the
  /// answer has their order. A file is linked when it lies on the same mount and can be made
  /// read-only, and copied otherwise; it stays in `folder`, so a repetition after a crash finds the
  /// same files. A file with a second name is `not_allowed` unless that name is its artifact. All
  /// are durable when this returns, with one sync per file and per folder touched.
  /// On a fault nothing stays pinned that was not before; what was stored is left to the sweep.
  Result<std::vector<StoredArtifact>> take(int folder, std::span<const std::string> paths,
                                           const PinOwner& owner);

  bool has(const Digest& digest) const;
  Result<Bytes> size(const Digest& digest) const;
  /// For reading. `expected` checks the size that the log recorded; Verify::content reads it all.
  Result<OwnedFd> open_artifact(const Digest& digest, const Bytes* expected = nullptr,
                                Verify verify = Verify::size) const;
  /// The whole content, verified; at most `most` bytes.
  Result<std::string> read(const Digest& digest, Bytes most) const;
  /// Gives the artifact a second name `name` (one part) in `folder`; a copy with mode 0444 when it
  /// lies on another file system or has too many names. Not synced: made again when needed.
  Result<void> link_to(const Digest& digest, int folder, const std::string& name) const;

  /// Keeps `digest` (which may come later) until unpinned. Durable when this returns.
  Result<void> pin(const Digest& digest, const PinOwner& owner);
  Result<void> unpin(const Digest& digest, const PinOwner& owner);
  /// All pins of `owner`.
  Result<void> unpin(const PinOwner& owner);
  bool pinned(const Digest& digest) const;
  /// Everybody who pins something, sorted.
  std::vector<PinOwner> owners() const;
  /// What `owner` pins, sorted.
  std::vector<Digest> pinned_by(const PinOwner& owner) const;

  /// Removes one artifact; `conflict` while it is pinned. Nothing there is success.
  Result<void> remove(const Digest& digest);
  /// Reads all of it; if the bytes are not its name, removes it, pinned or not, so that it can be
  /// fetched or made again. True when it was removed.
  Result<bool> remove_if_damaged(const Digest& digest);
  /// Call it before the reachable set is computed. One sweep at a time.
  SweepMark mark() const;
  /// Removes what is neither in `reachable`, nor pinned, nor unpinned since `mark`.
  Result<Swept> sweep(SweepMark mark, const std::set<Digest>& reachable);

 private:
  friend class ArtifactWriter;
  struct State;
  explicit ArtifactStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace runink::storage
