// Versions: every member says what it can speak, the leader moves the group to the newest that all can,
// and who meets one that it cannot speak stops instead of guessing. LogCabin's AdvanceVersion does so.
#include <algorithm>
#include <string>

#include "raft/core.hpp"
#include "raft/version.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {

Result<Version> version_in(const Entry& entry) {
  auto version =
      decode<Version>(entry.payload, "The version in entry " + std::to_string(entry.index.value));
  if (version && *version == Version{})
    return fail(FaultKind::corrupt,
                "Entry " + std::to_string(entry.index.value) + " sets version 0.");
  return version;
}

std::optional<Fault> not_spoken(Version version, VersionRange ours) {
  if (version >= ours.least && version <= ours.most) return std::nullopt;
  const bool newer = version > ours.most;
  return Fault{FaultKind::refused, "The group speaks version " + std::to_string(version.value) +
                                       ", this program only " + std::to_string(ours.least.value) +
                                       " to " + std::to_string(ours.most.value) + ". Install a" +
                                       (newer ? " newer" : "n older") +
                                       " runink on this node and start it again; nothing is lost."};
}

namespace {

/// Why a program that speaks `ours` must not take this entry.
std::optional<Fault> not_spoken_from(const Entry& entry, VersionRange ours) {
  if (!known(entry.type))
    return Fault{FaultKind::refused,
                 "Entry " + std::to_string(entry.index.value) + " of the log is of type " +
                     std::to_string(static_cast<unsigned>(entry.type)) +
                     ", which this program does not know and must not skip. Install a newer runink "
                     "on this node and start it again; nothing is lost."};
  if (entry.type != EntryType::set_version) return std::nullopt;
  const auto version = version_in(entry);
  if (!version) return version.error();
  return not_spoken(*version, ours);
}

}  // namespace

Version version_of(const Recovered& recovered) {
  Version version = recovered.snapshot ? recovered.snapshot->version : Version{1};
  for (const Entry& entry : recovered.entries)
    if (entry.type == EntryType::set_version && entry.index <= recovered.hard_state.commit)
      if (const auto set = version_in(entry)) version = std::max(version, *set);
  return version;
}

Result<void> check_versions(const Recovered& recovered, VersionRange ours) {
  if (auto fault = not_spoken(version_of(recovered), ours))
    return std::unexpected(std::move(*fault));
  for (const Entry& entry : recovered.entries)
    if (auto fault = not_spoken_from(entry, {Version{1}, ours.most}))
      return std::unexpected(std::move(*fault));
  return {};
}

/// Entries that came from a leader: what we cannot speak must not even stand in our log.
std::optional<Fault> Core::beyond_us(const std::vector<Entry>& entries) const {
  for (const Entry& entry : entries)
    if (auto fault = not_spoken_from(entry, {Version{1}, config_.versions.most})) return fault;
  return std::nullopt;
}

// ---- as leader

/// The newest version that every member can speak; nothing while one has not said.
std::optional<Version> Core::what_all_speak() const {
  Version newest = config_.versions.most;
  for (const auto& [id, follower] : followers_) {
    const VersionRange theirs = follower.status().versions;
    if (config_.has(Mutant::raise_version_of_voters) && !voters().contains(id)) continue;
    if (theirs.most == Version{}) return std::nullopt;
    newest = std::min(newest, theirs.most);
  }
  // Who cannot speak it any more must go or be changed first.
  for (const auto& [id, follower] : followers_)
    if (follower.status().versions.least > newest) return std::nullopt;
  return newest;
}

void Core::raise_version() {
  if (role_ != Role::leader || transfer_ || version_asked_ || !own_term_committed()) return;
  const auto newest = what_all_speak();
  if (!newest || *newest <= version_) return;
  version_asked_ = newest;
  log_.append(hard_.term, EntryType::set_version, encode(*newest));
  replicate_to_all();
  advance_commit();
}

// ---- as anybody

void Core::take_committed_versions() {
  const Version before = version_;
  for (; version_looked_at_ < log_.committed(); version_looked_at_ = next(version_looked_at_)) {
    const Entry& entry = log_.at(next(version_looked_at_));
    if (entry.type != EntryType::set_version) continue;
    const auto version = version_in(entry);
    ENSURE(version.has_value());  // looked at when it came
    version_ = std::max(version_, *version);
  }
  if (version_ == before) return;
  effects_.version = version_;
  if (version_asked_ && *version_asked_ <= version_) version_asked_.reset();
}

void Core::take_version_of(const SnapshotMeta& snapshot) {
  version_looked_at_ = std::max(version_looked_at_, snapshot.index);
  if (config_.has(Mutant::forget_snapshot_version) || snapshot.version <= version_) return;
  version_ = snapshot.version;
  effects_.version = version_;
}

/// After the entry at `index`, which is not below the last snapshot's.
Version Core::version_at(LogIndex index) const {
  Version version = snapshot_ ? snapshot_->version : Version{1};
  for (LogIndex i = next(snapshot_ ? snapshot_->index : LogIndex{}); i <= index; i = next(i))
    if (log_.at(i).type == EntryType::set_version)
      version = std::max(version, version_in(log_.at(i)).value_or(version));
  return version;
}

}  // namespace runink::raft
