#include "storage/log_store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <mutex>
#include <optional>

#include "storage/record.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::storage {
namespace {

constexpr std::string_view entry_prefix("\x01", 1);
constexpr std::string_view hard_key("\x02", 1);  // also the end of the range of all entries
constexpr std::string_view cut_key("\x03", 1);
constexpr std::uint8_t record_format = 1;

constexpr std::string_view advice =
    "The log of this node cannot be trusted, so it does not start. If other voters are alive, move "
    "the node's data folder away and let it join again as a new node: started on an empty folder "
    "it "
    "gets a new identity and joins as a learner; the old one is removed from the cluster and never "
    "used again. If it is the only node, put the folder back from a backup.";

struct EntryRecord {
  std::uint8_t format = record_format;
  Term term;
  raft::EntryType type = raft::EntryType::command;
  std::string payload;
  static auto fields(auto& self) {
    return std::tie(self.format, self.term, self.type, self.payload);
  }
};
struct HardRecord {
  std::uint8_t format = record_format;
  raft::HardState hard;
  static auto fields(auto& self) { return std::tie(self.format, self.hard); }
};
/// The last entry that was cut off at the front; 0, 0 when none ever was.
struct CutRecord {
  std::uint8_t format = record_format;
  LogIndex index;
  Term term;
  static auto fields(auto& self) { return std::tie(self.format, self.index, self.term); }
};

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }
std::string entry_key(LogIndex index) { return numbered_key(entry_prefix, index.value); }

rocksdb::ReadOptions verified() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

Fault untrusted(std::string_view what) {
  return {FaultKind::corrupt, std::string(what) + " " + std::string(advice)};
}

template <class T>
Result<T> record_of(std::string_view key, std::string_view sealed, const std::string& what) {
  const auto bytes = unseal(key, sealed, what);
  if (!bytes) return std::unexpected(untrusted(bytes.error().what));
  auto record = decode<T>(*bytes, what);
  if (!record) return std::unexpected(untrusted(record.error().what + "."));
  if (record->format != record_format)
    return fail(FaultKind::refused, what + " has format " + std::to_string(record->format) +
                                        ", this program knows 1. Install a newer runink.");
  return record;
}

bool cut_prefix_in(rocksdb::WriteBatch& batch, const CutRecord& cut) {
  return batch.DeleteRange(slice(entry_prefix), slice(entry_key(next(cut.index)))).ok() &&
         batch.Put(slice(cut_key), slice(seal(cut_key, encode(cut)))).ok();
}

Result<raft::Entry> entry_of(std::string_view key, std::string_view sealed) {
  const LogIndex index{number_of_key(key, entry_prefix.size())};
  auto record = record_of<EntryRecord>(key, sealed, "Log entry " + std::to_string(index.value));
  if (!record) return std::unexpected(record.error());
  return raft::Entry{record->term, index, record->type, std::move(record->payload)};
}

}  // namespace

struct LogStore::State {
  std::string path;
  Database db;
  mutable std::mutex mutex;  // guards what follows
  LogIndex first{1};
  LogIndex last;
  raft::HardState hard;
  std::optional<Fault> failed;  ///< the first failed write, after which there is no other
  std::atomic<std::uint64_t> syncs{0};

  /// Writes once. After a failure nobody knows what the disk holds, and RocksDB is not asked again.
  Result<void> write(rocksdb::WriteBatch& batch, bool sync, const std::string& what) {
    {
      const std::lock_guard lock(mutex);
      if (failed) return std::unexpected(*failed);
    }
    rocksdb::WriteOptions options;
    options.sync = sync;
    const auto status = db->Write(options, &batch);
    if (status.ok()) return {};
    const std::lock_guard lock(mutex);
    failed = database_fault(what + " '" + path + "'", status, advice);
    return std::unexpected(*failed);
  }

  /// One record by its own key; its defaults when there is none.
  template <class T>
  Result<T> single(std::string_view key, const std::string& what) const {
    std::string sealed;
    const auto status = db->Get(verified(), slice(key), &sealed);
    if (status.IsNotFound()) return T{};
    if (!status.ok()) return std::unexpected(database_fault("Cannot read " + what, status, advice));
    return record_of<T>(key, sealed, what);
  }
};

LogStore::LogStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogStore::~LogStore() = default;

Result<std::unique_ptr<LogStore>> LogStore::open(const std::string& folder,
                                                 const DatabaseGround& ground) {
  auto db = open_database({.folder = folder,
                           .name = "raft.db",
                           .advice = std::string(advice),
                           .verify_all = true,
                           .must_have_log = true,
                           .ground = ground});
  if (!db) return std::unexpected(db.error());
  auto state = std::make_unique<State>();
  state->path = folder + "/raft.db";
  state->db = std::move(*db);
  std::unique_ptr<LogStore> store(new LogStore(std::move(state)));
  // Also fills in first, last and the hard state; a log that cannot be recovered cannot be opened.
  if (auto recovered = store->recover(); !recovered) return std::unexpected(recovered.error());
  return store;
}

Result<raft::Recovered> LogStore::recover() {
  const auto hard =
      state_->single<HardRecord>(hard_key, "The hard state in '" + state_->path + "'");
  if (!hard) return std::unexpected(hard.error());
  const auto cut = state_->single<CutRecord>(cut_key, "The cut in '" + state_->path + "'");
  if (!cut) return std::unexpected(cut.error());
  raft::Recovered recovered{hard->hard, next(cut->index), {}, cut->term, {}};
  const std::string name = "The log in '" + state_->path + "'";
  LogIndex expected = recovered.first;
  Term term = cut->term;
  const std::unique_ptr<rocksdb::Iterator> at(state_->db->NewIterator(verified()));
  for (at->Seek(slice(entry_key(expected))); at->Valid() && view(at->key()) < hard_key;
       at->Next()) {
    auto entry = entry_of(view(at->key()), view(at->value()));
    if (!entry) return std::unexpected(entry.error());
    if (entry->index != expected)
      return std::unexpected(
          untrusted(name + " has a gap: entry " + std::to_string(expected.value) + " is missing."));
    if (entry->term < term || entry->term > hard->hard.term)
      return std::unexpected(untrusted(name + " is out of order: the term of entry " +
                                       std::to_string(expected.value) + " cannot be right."));
    term = entry->term;
    expected = next(expected);
    recovered.entries.push_back(std::move(*entry));
  }
  if (!at->status().ok())
    return std::unexpected(
        database_fault("Cannot read '" + state_->path + "'", at->status(), advice));
  if (previous(expected) < hard->hard.commit)
    return std::unexpected(untrusted(name + " ends at entry " + std::to_string(expected.value - 1) +
                                     ", but entry " + std::to_string(hard->hard.commit.value) +
                                     " was committed: the disk lost what it had kept."));
  const std::lock_guard lock(state_->mutex);
  state_->first = recovered.first;
  state_->last = previous(expected);
  state_->hard = hard->hard;
  return recovered;
}

Result<void> LogStore::write(std::span<const raft::Persist> requests) {
  if (requests.empty()) return {};
  LogIndex last = this->last();
  LogIndex first = this->first();
  std::optional<raft::HardState> hard;
  rocksdb::WriteBatch batch;
  bool built = true;
  for (const raft::Persist& request : requests) {
    if (request.hard_state) hard = request.hard_state;
    if (request.truncate_from) {
      ENSURE(*request.truncate_from >= first);
      built &= batch.DeleteRange(slice(entry_key(*request.truncate_from)), slice(hard_key)).ok();
      last = std::min(last, previous(*request.truncate_from));
    }
    if (request.base) {
      built &= cut_prefix_in(batch, {record_format, request.base->index, request.base->term});
      first = next(request.base->index);
      last = std::max(last, request.base->index);
    }
    for (const raft::Entry& entry : request.entries) {
      ENSURE(entry.index == next(last));
      const std::string key = entry_key(entry.index);
      const EntryRecord record{record_format, entry.term, entry.type, entry.payload};
      built &= batch.Put(slice(key), slice(seal(key, encode(record)))).ok();
      last = entry.index;
    }
  }
  if (hard)
    built &=
        batch.Put(slice(hard_key), slice(seal(hard_key, encode(HardRecord{record_format, *hard}))))
            .ok();
  ENSURE(built);
  if (auto done = state_->write(batch, true, "Cannot write"); !done) return done;
  state_->syncs.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(state_->mutex);
  state_->first = first;
  state_->last = last;
  if (hard) state_->hard = *hard;
  return {};
}

Result<std::vector<raft::Entry>> LogStore::read(LogIndex from, LogIndex to) const {
  std::vector<raft::Entry> entries;
  const std::unique_ptr<rocksdb::Iterator> at(state_->db->NewIterator(verified()));
  LogIndex expected = from;
  for (at->Seek(slice(entry_key(from)));
       expected <= to && at->Valid() && view(at->key()) < hard_key; at->Next()) {
    auto entry = entry_of(view(at->key()), view(at->value()));
    if (!entry) return std::unexpected(entry.error());
    if (entry->index != expected) break;
    expected = next(expected);
    entries.push_back(std::move(*entry));
  }
  if (!at->status().ok())
    return std::unexpected(
        database_fault("Cannot read '" + state_->path + "'", at->status(), advice));
  if (expected <= to)
    return fail(FaultKind::no_such_thing,
                "Log entry " + std::to_string(expected.value) + " is not on this node: it holds " +
                    std::to_string(first().value) + " to " + std::to_string(last().value) + ".");
  return entries;
}

Result<void> LogStore::cut_prefix(LogIndex upto, LogIndex state_flushed) {
  const std::string what = "The log is not cut at entry " + std::to_string(upto.value) + ": ";
  {
    const std::lock_guard lock(state_->mutex);
    if (upto < state_->first) return {};
    if (upto > state_flushed)
      return fail(FaultKind::refused, what + "state.db has flushed only up to entry " +
                                          std::to_string(state_flushed.value) +
                                          ", the rest would be lost in a power cut.");
    if (upto > state_->hard.commit)
      return fail(FaultKind::refused, what + "only entries up to " +
                                          std::to_string(state_->hard.commit.value) +
                                          " are known to be committed on disk.");
  }
  const auto boundary = read(upto, upto);
  if (!boundary) return std::unexpected(boundary.error());
  const CutRecord cut{record_format, upto, boundary->front().term};
  rocksdb::WriteBatch batch;
  ENSURE(cut_prefix_in(batch, cut));
  if (auto done = state_->write(batch, false, "Cannot cut"); !done) return done;
  const std::lock_guard lock(state_->mutex);
  state_->first = next(upto);
  return {};
}

LogIndex LogStore::first() const {
  const std::lock_guard lock(state_->mutex);
  return state_->first;
}
LogIndex LogStore::last() const {
  const std::lock_guard lock(state_->mutex);
  return state_->last;
}
std::uint64_t LogStore::syncs() const { return state_->syncs.load(std::memory_order_relaxed); }

}  // namespace runink::storage
