#include "storage/state_store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <mutex>
#include <ranges>
#include <shared_mutex>
#include <unordered_set>

#include "storage/record.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::storage {
namespace {

constexpr std::string_view applied_key("\x00\x01", 2);
constexpr std::string_view flushed_key("\x00\x02", 2);
constexpr std::string_view hash_prefix("\x01", 1);
constexpr std::string_view row_prefix("\x02", 1);

constexpr std::string_view advice =
    "The rows cannot be trusted. Stop the node and move the folder 'state' of its data folder "
    "away: "
    "at the next start the rows are made again from the log. If the log does not reach back far "
    "enough the node says so; then move the whole data folder away and let it join as a new node.";

struct AppliedRecord {
  LogIndex index;
  std::uint64_t hash = 0;
  static auto fields(auto& self) { return std::tie(self.index, self.hash); }
};
struct NumberRecord {
  std::uint64_t number = 0;
  static auto fields(auto& self) { return std::tie(self.number); }
};

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

/// Without RocksDB's own log: ours is the log of these rows. Tables are written in the order of the
/// changes, so what a crash leaves is the state of one moment. Several write-ahead logs that were not
/// synced are not: of an older one the end may be missing where a newer one is whole.
rocksdb::WriteOptions in_memory() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return options;
}

std::string row_key(std::uint8_t table, std::string_view key) {
  std::string whole(row_prefix);
  whole += static_cast<char>(table);
  whole += key;
  return whole;
}

Result<std::string_view> checked(std::string_view key, std::string_view sealed,
                                 std::string_view what) {
  auto value = unseal(key, sealed, what);
  if (!value) value.error().what += " " + std::string(advice);
  return value;
}

/// Collects one batch; that a part cannot be added would be a defect of ours.
class Changes {
 public:
  void put(std::string_view key, std::string value) {
    ENSURE(batch_.Put(slice(key), slice(seal(key, std::move(value)))).ok());
  }
  void remove(std::string_view key) { ENSURE(batch_.Delete(slice(key)).ok()); }
  /// Both ends included.
  void remove_hashes(std::uint64_t from, std::uint64_t to) {
    const std::string begin = numbered_key(hash_prefix, from);
    if (from == to) return remove(begin);
    ENSURE(batch_.DeleteRange(slice(begin), slice(numbered_key(hash_prefix, to + 1))).ok());
  }
  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  rocksdb::WriteBatch batch_;
};

/// What leaves the history when the applied index goes from `before` to `now`: everything that
/// became too old, except multiples of the step.
void prune_hashes(Changes& changes, LogIndex before, LogIndex now) {
  if (now.value <= hash_history) return;
  const std::uint64_t last = now.value - hash_history;
  std::uint64_t from = before.value > hash_history ? before.value - hash_history + 1 : 1;
  while (from <= last) {
    const std::uint64_t step = from / hash_history_step * hash_history_step;
    if (from == step) {
      ++from;
      continue;
    }
    const std::uint64_t to = std::min(last, step + hash_history_step - 1);
    changes.remove_hashes(from, to);
    from = to + 1;
  }
}

}  // namespace

struct StateStore::State {
  std::string path;
  DatabaseSpec spec;
  mutable std::shared_mutex open;  // held while `db` is used; alone, while it is another
  Database db;                     ///< nothing after a replacement that failed
  mutable std::mutex mutex;        // guards the two below
  AppliedRecord applied;
  LogIndex flushed;

  static Result<std::unique_ptr<State>> load(const DatabaseSpec& spec);

  /// For reads: they do not wait until the database is another.
  Result<std::shared_lock<std::shared_mutex>> reading() const {
    std::shared_lock lock(open, std::try_to_lock);
    if (lock && db) return lock;
    return fail(FaultKind::out_of_date,
                "The state of this node is being replaced by a newer one that came from another "
                "node. Ask again in a moment.");
  }
  /// For everything else.
  Result<std::shared_lock<std::shared_mutex>> using_it() const {
    std::shared_lock lock(open);
    if (db) return lock;
    return fail(FaultKind::outside_failed, "'" + path + "' is closed.");
  }

  std::string name(std::string_view part) const { return std::string(part) + " in '" + path + "'"; }

  template <class T>
  Result<std::optional<T>> single(std::string_view key, std::string_view part) const {
    const auto sealed = value(key, part);
    if (!sealed) return std::unexpected(sealed.error());
    if (!*sealed) return std::optional<T>{};
    auto record = decode<T>(**sealed, name(part));
    if (!record) return std::unexpected(record.error());
    return std::optional<T>(*record);
  }

  Result<std::optional<std::string>> value(std::string_view key, std::string_view part) const {
    std::string sealed;
    const auto status = db->Get(rocksdb::ReadOptions{}, slice(key), &sealed);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok())
      return std::unexpected(database_fault("Cannot read " + name(part), status, advice));
    const auto bytes = checked(key, sealed, name(part));
    if (!bytes) return std::unexpected(bytes.error());
    sealed.resize(bytes->size());
    return std::optional<std::string>(std::move(sealed));
  }
};

StateStore::StateStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& folder,
                                                     const DatabaseGround& ground) {
  auto state = State::load(
      {.folder = folder, .name = "state.db", .advice = std::string(advice), .ground = ground});
  if (!state) return std::unexpected(state.error());
  return std::unique_ptr<StateStore>(new StateStore(std::move(*state)));
}

Result<std::unique_ptr<StateStore>> StateStore::open_read_only(const std::string& folder,
                                                               const std::string& name) {
  auto state = State::load(
      {.folder = folder, .name = name, .advice = std::string(advice), .read_only = true});
  if (!state) return std::unexpected(state.error());
  return std::unique_ptr<StateStore>(new StateStore(std::move(*state)));
}

Result<std::unique_ptr<StateStore::State>> StateStore::State::load(const DatabaseSpec& spec) {
  auto db = open_database(spec);
  if (!db) return std::unexpected(db.error());
  auto state = std::make_unique<State>();
  state->path = spec.folder + "/" + spec.name;
  state->spec = spec;
  state->db = std::move(*db);
  const auto applied = state->single<AppliedRecord>(applied_key, "The applied index");
  if (!applied) return std::unexpected(applied.error());
  if (*applied) state->applied = **applied;
  const auto flushed = state->single<NumberRecord>(flushed_key, "The flushed index");
  if (!flushed) return std::unexpected(flushed.error());
  state->flushed = state->applied.index;
  if (*flushed && state->applied.index.value < (*flushed)->number)
    return fail(FaultKind::corrupt, "'" + state->path + "' holds the state after entry " +
                                        std::to_string(state->applied.index.value) +
                                        " but had flushed entry " +
                                        std::to_string((*flushed)->number) +
                                        ": the disk lost what it had kept. " + std::string(advice));
  return state;
}

Result<void> StateStore::write(std::span<const StateChange> changes) {
  if (changes.empty()) return {};
  const LogIndex before = applied();
  LogIndex last = before;
  for (const StateChange& change : changes) {
    if (change.applied <= last)
      return fail(FaultKind::out_of_date, "Entry " + std::to_string(change.applied.value) +
                                              " is applied already: '" + state_->path +
                                              "' holds entry " + std::to_string(last.value) + ".");
    last = change.applied;
  }
  Changes batch;
  // Newest first: of a row that changes more than once only the last value is written.
  std::unordered_set<std::string> written;
  for (const StateChange& change : std::views::reverse(changes)) {
    for (const Row& row : std::views::reverse(change.rows)) {
      const auto [key, first] = written.insert(row_key(row.table, row.key));
      if (!first) continue;
      if (row.value)
        batch.put(*key, *row.value);
      else
        batch.remove(*key);
    }
    batch.put(numbered_key(hash_prefix, change.applied.value), encode(NumberRecord{change.hash}));
  }
  prune_hashes(batch, before, last);
  const AppliedRecord applied{last, changes.back().hash};
  batch.put(applied_key, encode(applied));
  const auto used = state_->using_it();
  if (!used) return std::unexpected(used.error());
  const auto status = state_->db->Write(in_memory(), &batch.batch());
  if (!status.ok())
    return std::unexpected(database_fault("Cannot write '" + state_->path + "'", status, advice));
  const std::lock_guard lock(state_->mutex);
  state_->applied = applied;
  return {};
}

LogIndex StateStore::applied() const {
  const std::lock_guard lock(state_->mutex);
  return state_->applied.index;
}

std::uint64_t StateStore::hash_at_applied() const {
  const std::lock_guard lock(state_->mutex);
  return state_->applied.hash;
}

Result<std::uint64_t> StateStore::hash_at(LogIndex index) const {
  const auto lock = state_->reading();
  if (!lock) return std::unexpected(lock.error());
  const auto record =
      state_->single<NumberRecord>(numbered_key(hash_prefix, index.value), "A state hash");
  if (!record) return std::unexpected(record.error());
  if (!*record)
    return fail(FaultKind::no_such_thing,
                "The state hash after entry " + std::to_string(index.value) +
                    " is not here: kept are the last " + std::to_string(hash_history) +
                    " applied entries and every " + std::to_string(hash_history_step) + "th.");
  return (*record)->number;
}

Result<std::optional<std::string>> StateStore::get(std::uint8_t table, std::string_view key) const {
  const auto lock = state_->reading();
  if (!lock) return std::unexpected(lock.error());
  return state_->value(row_key(table, key), "A row of table " + std::to_string(table));
}

Result<std::vector<StoredRow>> StateStore::scan(std::uint8_t table, std::string_view prefix,
                                                std::size_t limit, std::string_view from) const {
  const std::string start = row_key(table, prefix);
  const std::size_t key_at = row_prefix.size() + 1;
  const std::string what = state_->name("A row of table " + std::to_string(table));
  const auto lock = state_->reading();
  if (!lock) return std::unexpected(lock.error());
  std::vector<StoredRow> rows;
  const std::unique_ptr<rocksdb::Iterator> at(state_->db->NewIterator(rocksdb::ReadOptions{}));
  for (at->Seek(slice(std::max(start, row_key(table, from))));
       rows.size() < limit && at->Valid() && view(at->key()).starts_with(start); at->Next()) {
    const auto value = checked(view(at->key()), view(at->value()), what);
    if (!value) return std::unexpected(value.error());
    rows.push_back({std::string(view(at->key()).substr(key_at)), std::string(*value)});
  }
  if (!at->status().ok())
    return std::unexpected(database_fault("Cannot read " + what, at->status(), advice));
  return rows;
}

Result<void> StateStore::flush() {
  const auto used = state_->using_it();
  if (!used) return std::unexpected(used.error());
  // The note goes the way of the rows before it: it is never ahead of the truth.
  const NumberRecord flushed{applied().value};
  auto status =
      state_->db->Put(in_memory(), slice(flushed_key), slice(seal(flushed_key, encode(flushed))));
  if (status.ok()) status = state_->db->Flush(rocksdb::FlushOptions{});
  if (!status.ok())
    return std::unexpected(database_fault("Cannot flush '" + state_->path + "'", status, advice));
  const std::lock_guard lock(state_->mutex);
  state_->flushed = LogIndex{flushed.number};
  return {};
}

Result<StateMoment> StateStore::checkpoint(const std::string& path) const {
  const std::string what = "Cannot make a checkpoint of '" + state_->path + "'";
  const auto used = state_->using_it();
  if (!used) return std::unexpected(used.error());
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(state_->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> owner(made);
  if (status.ok()) status = owner->CreateCheckpoint(path);
  if (!status.ok()) return std::unexpected(database_fault(what, status, advice));
  // Changes go on meanwhile: only the copy knows which of them it has.
  const std::size_t slash = path.rfind('/');
  const auto loaded = State::load({.folder = path.substr(0, slash),
                                   .name = path.substr(slash + 1),
                                   .advice = std::string(advice),
                                   .read_only = true});
  if (!loaded) return std::unexpected(loaded.error());
  return StateMoment{(*loaded)->applied.index, (*loaded)->applied.hash};
}

LogIndex StateStore::flushed_index() const {
  const std::lock_guard lock(state_->mutex);
  return state_->flushed;
}

Result<void> StateStore::replace(const std::function<Result<void>()>& other) {
  const std::unique_lock alone(state_->open);
  state_->db.reset();
  if (auto done = other(); !done) return done;
  auto loaded = State::load(state_->spec);
  if (!loaded) return std::unexpected(loaded.error());
  const std::lock_guard lock(state_->mutex);
  state_->db = std::move((*loaded)->db);
  state_->applied = (*loaded)->applied;
  state_->flushed = (*loaded)->flushed;
  return {};
}

}  // namespace runink::storage
