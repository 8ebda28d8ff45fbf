#include "storage/artifact_pins.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "storage/beneath.hpp"

namespace runink::storage {
namespace {

constexpr std::size_t owner_bytes = 180;
constexpr std::size_t hex_bytes = 64;
static_assert(hex_bytes + 1 + owner_bytes < 255, "a pin must be a file name (NAME_MAX)");

bool good(const PinOwner& owner) {
  if (owner.value.empty() || owner.value.size() > owner_bytes) return false;
  for (const char c : owner.value)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
          c == '_' || c == '-'))
      return false;
  return true;
}

std::string file_of(const Digest& digest, const PinOwner& owner) {
  return to_hex(digest) + "~" + owner.value;
}

}  // namespace

Result<ArtifactPins> ArtifactPins::open(OwnedFd pins) {
  ArtifactPins table;
  table.folder_ = std::move(pins);
  const auto files = regular_files(table.folder(), 10'000'000, HardLinks::tell);
  if (!files) return std::unexpected(files.error());
  for (const FoundFile& file : *files) {
    if (file.path.size() < hex_bytes + 2 || file.path[hex_bytes] != '~') continue;
    const auto digest = digest_from_hex(file.path.substr(0, hex_bytes));
    const PinOwner owner{file.path.substr(hex_bytes + 1)};
    if (!digest || !good(owner)) continue;
    table.owners_of_[*digest].insert(owner);
    table.pins_of_[owner].insert(*digest);
  }
  return table;
}

Result<std::vector<Digest>> ArtifactPins::add(std::span<const Digest> digests,
                                              const PinOwner& owner) {
  if (!good(owner))
    return fail(FaultKind::bad_input, "'" + owner.value +
                                          "' cannot own a pin: 1 to 180 characters " +
                                          "of letters, digits, '.', '_' and '-' are allowed.");
  std::vector<Digest> added;
  for (const Digest& digest : digests) {
    if (!owners_of_[digest].insert(owner).second) continue;
    pins_of_[owner].insert(digest);
    added.push_back(digest);
    const OwnedFd file(::openat(folder(), file_of(digest, owner).c_str(),
                                O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file) continue;
    const int error = errno;
    for (const Digest& undo : added) (void)remove(undo, owner);
    return std::unexpected(file_fault("Cannot pin artifact " + to_hex(digest), error));
  }
  return added;
}

Result<void> ArtifactPins::remove(const Digest& digest, const PinOwner& owner) {
  const auto owners = owners_of_.find(digest);
  if (owners == owners_of_.end() || !owners->second.contains(owner)) return {};
  if (::unlinkat(folder(), file_of(digest, owner).c_str(), 0) != 0 && errno != ENOENT)
    return std::unexpected(file_fault("Cannot unpin artifact " + to_hex(digest), errno));
  owners->second.erase(owner);
  if (owners->second.empty()) owners_of_.erase(owners);
  const auto pins = pins_of_.find(owner);
  pins->second.erase(digest);
  if (pins->second.empty()) pins_of_.erase(pins);
  unpinned_at_[digest] = ++moment_;
  return {};
}

Result<void> ArtifactPins::remove(const PinOwner& owner) {
  for (const Digest& digest : pinned_by(owner))
    if (auto done = remove(digest, owner); !done) return done;
  return {};
}

std::vector<PinOwner> ArtifactPins::owners() const {
  std::vector<PinOwner> owners;
  for (const auto& [owner, digests] : pins_of_) owners.push_back(owner);
  return owners;
}

std::vector<Digest> ArtifactPins::pinned_by(const PinOwner& owner) const {
  const auto pins = pins_of_.find(owner);
  if (pins == pins_of_.end()) return {};
  return {pins->second.begin(), pins->second.end()};
}

bool ArtifactPins::keeps(const Digest& digest, SweepMark mark) const {
  if (pinned(digest)) return true;
  const auto unpinned = unpinned_at_.find(digest);
  return unpinned != unpinned_at_.end() && unpinned->second > mark.value;
}

void ArtifactPins::forget_before(SweepMark mark) {
  std::erase_if(unpinned_at_, [&](const auto& one) { return one.second <= mark.value; });
}

}  // namespace runink::storage
