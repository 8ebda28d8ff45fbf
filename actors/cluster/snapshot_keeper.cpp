#include "actors/cluster/snapshot_keeper.hpp"

#include <utility>

#include "actors/cluster/snapshot_record.hpp"
#include "actors/cluster/stored_state.hpp"
#include "actors/doors/log.hpp"
#include "storage/state_writer.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

SnapshotKeeper::SnapshotKeeper(KeeperGround ground) : ground_(std::move(ground)), thread_(1) {}
SnapshotKeeper::~SnapshotKeeper() { stop(); }
void SnapshotKeeper::stop() { thread_.stop(); }

template <class T, class F>
void SnapshotKeeper::run(Done<T> done, F job) {
  const auto shared = std::make_shared<Done<T>>(std::move(done));
  auto taken = thread_.submit([job = std::move(job), shared]() mutable { (*shared)(job()); });
  if (!taken) (*shared)(std::unexpected(std::move(taken.error())));
}

void SnapshotKeeper::draft(Done<LogIndex> done) {
  run<LogIndex>(std::move(done), [this] { return draft_now(); });
}

Result<LogIndex> SnapshotKeeper::draft_now() {
  draft_.reset();
  auto draft = ground_.snapshots.begin(ground_.state);
  if (!draft) return std::unexpected(draft.error());
  const LogIndex index = draft->manifest.index;
  // The snapshot could be lost; what is cut off the log must not be needed then.
  if (!ground_.state_writer.flush_to(index, limits::state_written))
    return fail(FaultKind::out_of_time, "state.db does not become durable. Its disk is slow.");
  draft_ = std::move(*draft);
  return index;
}

void SnapshotKeeper::finish(raft::SnapshotMeta meta, Done<raft::SnapshotMeta> done) {
  run<raft::SnapshotMeta>(std::move(done),
                          [this, meta = std::move(meta)] { return finish_now(meta); });
}

Result<raft::SnapshotMeta> SnapshotKeeper::finish_now(const raft::SnapshotMeta& meta) {
  if (!draft_ || draft_->manifest.index != meta.index)
    return fail(FaultKind::out_of_date, "The copy of the state was given up.");
  // First what can be repeated: a snapshot that Raft never hears of would only take room.
  if (auto sealed = ground_.archive.seal(ground_.log, meta.index); !sealed)
    return std::unexpected(sealed.error());
  auto stored = ground_.snapshots.finish(*std::exchange(draft_, {}), origin_of(meta));
  if (!stored) return std::unexpected(stored.error());
  const auto expired = ground_.archive.expire(ground_.policy, ground_.clock.wall());
  if (!expired)
    ground_.words.warn("old segments of the archive are not removed", {expired.error()});
  else if (*expired > 0)
    ground_.words.info("old segments of the archive were removed",
                       {{"segments", static_cast<std::int64_t>(*expired)}});
  return meta_of(*stored);
}

void SnapshotKeeper::install(raft::SnapshotId id, LogIndex committed, LogIndex applied,
                             Done<NewState> done) {
  run<NewState>(std::move(done),
                [this, id, committed, applied] { return install_now(id, committed, applied); });
}

Result<SnapshotKeeper::NewState> SnapshotKeeper::look_into(
    const storage::StoredSnapshot& snapshot) const {
  const auto rows = ground_.snapshots.look_into(snapshot.name);
  if (!rows) return std::unexpected(rows.error());
  auto cluster = stored_state(**rows);
  if (!cluster) return std::unexpected(cluster.error());
  if (cluster->applied != snapshot.manifest.index || cluster->hash != snapshot.manifest.state_hash)
    return fail(FaultKind::corrupt, "The snapshot at entry " +
                                        std::to_string(snapshot.manifest.index.value) +
                                        " holds another state than its manifest says.");
  return std::make_shared<state::ClusterState>(std::move(*cluster));
}

Result<SnapshotKeeper::NewState> SnapshotKeeper::install_now(raft::SnapshotId id,
                                                             LogIndex committed, LogIndex applied) {
  std::optional<storage::StoredSnapshot> found;
  for (storage::StoredSnapshot& one : ground_.snapshots.snapshots())
    if (id_of(one.name) == id) found = std::move(one);
  if (!found) return fail(FaultKind::no_such_thing, "The snapshot is not on this node any more.");
  // Everything that can be wrong with it shows before the state that is here goes.
  auto state = look_into(*found);
  if (!state) {
    remove(*found);
    return state;
  }
  if (!ground_.state_writer.wait_written(applied, limits::state_written))
    return fail(FaultKind::out_of_time, "state.db is far behind the log. Its disk is slow.");
  if (auto sealed = ground_.archive.seal(ground_.log, committed); !sealed)
    ground_.words.warn("what the log held before a snapshot from another node is not archived here",
                       {sealed.error()});
  auto replaced = ground_.state.replace([&] { return ground_.snapshots.install(found->name); });
  if (!replaced) {
    ground_.fatal(replaced.error());
    return std::unexpected(replaced.error());
  }
  return state;
}

void SnapshotKeeper::keep(LogIndex newest, std::set<raft::SnapshotId> used) {
  (void)thread_.submit([this, newest, used = std::move(used)] {
    for (const storage::StoredSnapshot& one : ground_.snapshots.snapshots())
      if (one.manifest.index < newest && !used.contains(id_of(one.name))) remove(one);
  });
}

void SnapshotKeeper::discard(raft::SnapshotId id) {
  (void)thread_.submit([this, id] {
    for (const storage::StoredSnapshot& one : ground_.snapshots.snapshots())
      if (id_of(one.name) == id) remove(one);
  });
}

void SnapshotKeeper::remove(const storage::StoredSnapshot& snapshot) {
  if (auto gone = ground_.snapshots.remove(snapshot.name); !gone)
    ground_.words.warn("an old snapshot is not removed", {gone.error()});
}

}  // namespace runink::actors
