#include "storage/archive_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "storage/beneath.hpp"

namespace runink::storage {
namespace {

constexpr std::string_view folder_name = "archive";
constexpr std::string_view half = "sealing.new";
constexpr std::size_t files_most = 1'000'000;
/// Entries in memory while a segment is written; the largest fill 4 MiB.
constexpr std::uint64_t read_at_once = 16;

std::string text(LogIndex index) { return std::to_string(index.value); }

WallTime time_of(const struct stat& info) {
  return {info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1'000};
}

}  // namespace

struct ArchiveStore::State {
  OwnedFd folder;
  std::string path;
  mutable std::mutex mutex;       // guards the next
  std::vector<KeptSegment> kept;  ///< by their first entry

  std::string what(const SegmentName& name) const {
    return "The archive segment '" + path + "/" + file_name(name) + "'";
  }

  Result<Segment> open(const SegmentName& name) const {
    auto file = open_regular_beneath(folder.get(), file_name(name));
    if (!file) return std::unexpected(file.error());
    return Segment::open(std::move(*file), name, what(name));
  }

  /// The segment that holds `index`, or why none does.
  Result<SegmentName> find(LogIndex index) const {
    const std::lock_guard lock(mutex);
    for (const KeptSegment& segment : kept)
      if (segment.name.holds(index)) return segment.name;
    if (kept.empty())
      return fail(FaultKind::no_such_thing,
                  "Log entry " + text(index) + " is not in the archive of this node: it is empty.");
    if (index < kept.front().name.first)
      return fail(FaultKind::no_such_thing,
                  "Log entry " + text(index) + " has expired: the archive of this node keeps " +
                      "entries from " + text(kept.front().name.first) +
                      " on. A backup of the folder 'archive' may hold it.");
    if (kept.back().name.last < index)
      return fail(FaultKind::no_such_thing, "Log entry " + text(index) +
                                                " is not in the archive yet: it ends at entry " +
                                                text(kept.back().name.last) + ".");
    return fail(FaultKind::no_such_thing,
                "Log entry " + text(index) +
                    " was never in the log of this node, which received it within a snapshot. Ask "
                    "another node.");
  }

  Result<void> note(const SegmentName& name) {
    struct stat info {};
    if (::fstatat(folder.get(), file_name(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return std::unexpected(file_fault("Cannot look at " + what(name), errno));
    const std::lock_guard lock(mutex);
    kept.push_back({name, Bytes{static_cast<std::uint64_t>(info.st_size)}, time_of(info)});
    std::sort(kept.begin(), kept.end(), [](const KeptSegment& a, const KeptSegment& b) {
      return a.name.first < b.name.first;
    });
    return {};
  }

  Result<SegmentName> write_half(const LogStore& log, LogIndex first, LogIndex last) const {
    const auto file = open_beneath(folder.get(), half, O_WRONLY | O_CREAT | O_EXCL, 0400);
    if (!file) return std::unexpected(file.error());
    SegmentWriter writer(file->get(), first, last);
    for (LogIndex from = first; from <= last;) {
      const LogIndex to = std::min(last, LogIndex{from.value + read_at_once - 1});
      const auto entries = log.read(from, to);
      if (!entries) return std::unexpected(entries.error());
      for (const raft::Entry& entry : *entries)
        if (auto done = writer.add(entry); !done) return std::unexpected(done.error());
      from = next(to);
    }
    auto name = writer.finish();
    if (!name) return name;
    if (auto done = sync_file(file->get(), "an archive segment"); !done)
      return std::unexpected(done.error());
    return name;
  }

  Result<void> seal_one(const LogStore& log, LogIndex first, LogIndex last) {
    const std::string aside(half);
    ::unlinkat(folder.get(), aside.c_str(), 0);
    const auto name = write_half(log, first, last);
    if (!name) {
      ::unlinkat(folder.get(), aside.c_str(), 0);
      return std::unexpected(name.error());
    }
    if (::renameat(folder.get(), aside.c_str(), folder.get(), file_name(*name).c_str()) != 0)
      return std::unexpected(file_fault("Cannot name " + what(*name), errno));
    if (auto done = sync_file(folder.get(), "the folder 'archive'"); !done) return done;
    return note(*name);
  }
};

ArchiveStore::ArchiveStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveStore::~ArchiveStore() = default;

Result<std::unique_ptr<ArchiveStore>> ArchiveStore::open(const std::string& data) {
  const auto in = open_folder(data);
  if (!in) return std::unexpected(in.error());
  if (auto made = make_folders(in->get(), folder_name); !made) return std::unexpected(made.error());
  auto state = std::make_unique<State>();
  state->path = data + "/" + std::string(folder_name);
  auto folder = open_beneath(in->get(), folder_name, O_RDONLY | O_DIRECTORY);
  if (!folder) return std::unexpected(folder.error());
  state->folder = std::move(*folder);
  if (auto gone = remove_tree(state->folder.get(), std::string(half)); !gone)
    return std::unexpected(gone.error());
  const auto files = regular_files(state->folder.get(), files_most, HardLinks::tell);
  if (!files) return std::unexpected(files.error());
  for (const FoundFile& file : *files)
    if (const auto name = segment_of_file(file.path))
      if (auto done = state->note(*name); !done) return std::unexpected(done.error());
  return std::unique_ptr<ArchiveStore>(new ArchiveStore(std::move(state)));
}

LogIndex ArchiveStore::sealed() const {
  const std::lock_guard lock(state_->mutex);
  LogIndex last;
  for (const KeptSegment& segment : state_->kept) last = std::max(last, segment.name.last);
  return last;
}

std::vector<KeptSegment> ArchiveStore::segments() const {
  const std::lock_guard lock(state_->mutex);
  return state_->kept;
}

Result<void> ArchiveStore::seal(const LogStore& log, LogIndex upto) {
  LogIndex from = std::max(next(sealed()), log.first());
  while (from <= upto) {
    const std::uint64_t boundary = ((from.value - 1) / segment_entries + 1) * segment_entries;
    const LogIndex last = std::min(upto, LogIndex{boundary});
    if (auto done = state_->seal_one(log, from, last); !done) return done;
    from = next(last);
  }
  return {};
}

Result<std::vector<raft::Entry>> ArchiveStore::read(LogIndex from, LogIndex to) const {
  if (to < from || to.value - from.value >= archive_read_entries)
    return fail(FaultKind::bad_input, "Entries " + text(from) + " to " + text(to) +
                                          " cannot be read at once: ask for 1 to " +
                                          std::to_string(archive_read_entries) + ".");
  std::vector<raft::Entry> entries;
  while (from <= to) {
    const auto name = state_->find(from);
    if (!name) return std::unexpected(name.error());
    const auto segment = state_->open(*name);
    if (!segment) return std::unexpected(segment.error());
    const LogIndex last = std::min(to, name->last);
    auto part = segment->read(from, last);
    if (!part) return part;
    std::move(part->begin(), part->end(), std::back_inserter(entries));
    from = next(last);
  }
  return entries;
}

Result<EntryProof> ArchiveStore::prove(LogIndex index) const {
  const auto name = state_->find(index);
  if (!name) return std::unexpected(name.error());
  const auto segment = state_->open(*name);
  if (!segment) return std::unexpected(segment.error());
  return segment->prove(index);
}

Result<void> ArchiveStore::verify() const {
  for (const KeptSegment& kept : segments()) {
    const auto segment = state_->open(kept.name);
    if (!segment) return std::unexpected(segment.error());
    for (LogIndex from = kept.name.first; from <= kept.name.last;) {
      const LogIndex to = std::min(kept.name.last, LogIndex{from.value + read_at_once - 1});
      if (const auto entries = segment->read(from, to); !entries)
        return std::unexpected(entries.error());
      from = next(to);
    }
  }
  return {};
}

Result<std::uint64_t> ArchiveStore::expire(const ArchivePolicy& policy, WallTime now) {
  std::vector<KeptSegment> kept = segments();
  Bytes all;
  for (const KeptSegment& segment : kept) all = all + segment.size;
  std::uint64_t removed = 0;
  // The newest stays: it tells where the sealing goes on.
  while (removed + 1 < kept.size()) {
    const KeptSegment& oldest = kept[removed];
    const bool too_old = policy.oldest && *policy.oldest < now - oldest.sealed;
    if (all <= policy.most && !too_old) break;
    if (::unlinkat(state_->folder.get(), file_name(oldest.name).c_str(), 0) != 0 && errno != ENOENT)
      return std::unexpected(file_fault("Cannot remove " + state_->what(oldest.name), errno));
    all = all - oldest.size;
    ++removed;
    const std::lock_guard lock(state_->mutex);
    std::erase_if(state_->kept, [&](const KeptSegment& one) { return one.name == oldest.name; });
  }
  if (removed > 0)
    if (auto done = sync_file(state_->folder.get(), "the folder 'archive'"); !done)
      return std::unexpected(done.error());
  return removed;
}

Result<std::vector<raft::Entry>> read_history(const ArchiveStore& archive, const LogStore& log,
                                              LogIndex from, LogIndex to) {
  const LogIndex first = log.first();
  if (first <= from) return log.read(from, to);
  auto entries = archive.read(from, std::min(to, previous(first)));
  if (!entries || to < first) return entries;
  auto rest = log.read(first, to);
  if (!rest) return rest;
  std::move(rest->begin(), rest->end(), std::back_inserter(*entries));
  return entries;
}

}  // namespace runink::storage
