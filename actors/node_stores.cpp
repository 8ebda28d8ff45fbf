#include "actors/node_stores.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "actors/cluster/snapshot_record.hpp"
#include "actors/cluster/stored_state.hpp"
#include "raft/config.hpp"

namespace runink::actors {
namespace {

/// Opens `into` with T::open(where).
template <class T>
Result<void> open_into(std::unique_ptr<T>& into, const std::string& where) {
  auto opened = T::open(where);
  if (!opened) return std::unexpected(opened.error());
  into = std::move(*opened);
  return {};
}

/// state.db is only derived: when it was moved away, or its disk lost it, and the log does not reach back to
/// where it stands, the newest snapshot takes its place.
Result<void> reach_the_log(NodeStores& stores) {
  const LogIndex base = previous(stores.log->first());
  const auto newest = stores.snapshots->newest();
  if (stores.state->applied() >= base || !newest || newest->manifest.index < base) return {};
  return stores.state->replace([&] { return stores.snapshots->install(newest->name); });
}

/// The newest snapshot that the state holds. One that came from another node and was not made the state yet
/// is none of ours.
Result<std::optional<raft::SnapshotMeta>> own_snapshot(const NodeStores& stores) {
  std::optional<raft::SnapshotMeta> own;
  for (const storage::StoredSnapshot& one : stores.snapshots->snapshots()) {
    if (stores.state->applied() < one.manifest.index) continue;
    auto meta = meta_of(one);
    if (!meta) return std::unexpected(meta.error());
    own = std::move(*meta);
  }
  return own;
}

Result<void> fits_together(const raft::Recovered& log, const state::ClusterState& cluster) {
  LogIndex last{previous(log.first).value + log.entries.size()};
  // It was installed just before the node died: the log is to follow.
  if (log.snapshot) last = std::max(last, log.snapshot->index);
  if (last < cluster.applied)
    return fail(
        FaultKind::corrupt,
        "state.db has applied entry " + std::to_string(cluster.applied.value) +
            ", but the log ends at " + std::to_string(last.value) +
            ": the log lost what it had acknowledged. Restore the data folder from a copy.");
  if (cluster.applied < previous(log.first))
    return fail(
        FaultKind::corrupt,
        "state.db has applied entry " + std::to_string(cluster.applied.value) +
            ", the log begins at entry " + std::to_string(log.first.value) +
            ", and no snapshot on this node reaches up to there. Move the whole data folder "
            "away and let the node join as a new one, or restore it from a copy.");
  return {};
}

}  // namespace

bool is_new(const raft::Recovered& log) {
  return log.entries.empty() && log.first == LogIndex{1} && !log.snapshot;
}

Result<NodeStores> open_stores(const storage::DataFolder& folder) {
  NodeStores stores;
  // Snapshots first: one of them may be about to become state.db.
  auto opened = open_into(stores.snapshots, folder.path());
  if (opened) opened = open_into(stores.archive, folder.path());
  if (opened) opened = open_into(stores.log, folder.raft());
  if (opened) opened = open_into(stores.state, folder.state());
  if (opened) opened = open_into(stores.artifacts, folder.path());
  if (!opened) return std::unexpected(opened.error());
  return stores;
}

Result<Remembered> remember(NodeStores& stores) {
  Remembered all;
  auto log = stores.log->recover();
  if (!log) return std::unexpected(log.error());
  all.log = std::move(*log);
  if (auto reached = reach_the_log(stores); !reached) return std::unexpected(reached.error());
  auto snapshot = own_snapshot(stores);
  if (!snapshot) return std::unexpected(snapshot.error());
  all.log.snapshot = std::move(*snapshot);
  auto cluster = stored_state(*stores.state);
  if (!cluster) return std::unexpected(cluster.error());
  all.cluster = std::move(*cluster);
  if (auto fits = fits_together(all.log, all.cluster); !fits) return std::unexpected(fits.error());
  if (auto sound = raft::check(all.log); !sound) return std::unexpected(sound.error());
  if (auto spoken = raft::check_versions(all.log, raft::Config{}.versions); !spoken)
    return std::unexpected(spoken.error());
  return all;
}

}  // namespace runink::actors
