#include "actors/cluster/snapshot_port.hpp"

#include <utility>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/cluster/snapshot_exchange.hpp"
#include "actors/cluster/snapshot_keeper.hpp"
#include "actors/doors/log.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

LogField told_number(const char* name, std::uint64_t value) {
  return {name, static_cast<std::int64_t>(value)};
}

}  // namespace

// ---- taking them

void SnapshotPort::take() {
  took_since_ = services_.clock.now();
  services_.snapshots->draft([raft = me()](Result<LogIndex> index) {
    caf::anon_send(raft, SnapshotDrafted(std::move(index)));
  });
}

void SnapshotPort::drafted(const SnapshotDrafted& news) {
  if (!news.index) {
    services_.log.warn("no snapshot was taken; the log is not cut", {news.index.error()});
    return driver_->snapshot_taken(std::nullopt);
  }
  drafted_ = *news.index;
  describe_when_applied();
}

// state.db may have what Raft has not heard of: the state_actor tells both.
void SnapshotPort::describe_when_applied() {
  const raft::Core& core = driver_->core();
  if (!drafted_ || core.applied() < *drafted_ || core.stopped()) return;
  const LogIndex index = *std::exchange(drafted_, {});
  // One that came from another node meanwhile is newer.
  if (core.snapshot() && index <= core.snapshot()->index)
    return driver_->snapshot_taken(std::nullopt);
  const auto meta = core.describe(index);
  if (!meta) return driver_->snapshot_taken(std::nullopt);
  services_.snapshots->finish(*meta, [raft = me()](Result<raft::SnapshotMeta> meta) {
    caf::anon_send(raft, SnapshotTaken(std::move(meta)));
  });
}

void SnapshotPort::taken(const SnapshotTaken& news) {
  if (!news.meta) {
    services_.log.warn("no snapshot was taken; the log is not cut", {news.meta.error()});
    return driver_->snapshot_taken(std::nullopt);
  }
  driver_->snapshot_taken(*news.meta);
  const LogIndex first = driver_->core().log().first();
  services_.log.info("a snapshot was taken",
                     {news.meta->index, told_number("bytes", news.meta->size.value),
                      told_number("ms", static_cast<std::uint64_t>(
                                            (services_.clock.now() - took_since_).ns / 1'000'000)),
                      told_number("log_first", first.value)});
  tidy();
}

// ---- getting them

void SnapshotPort::fetch(const raft::SnapshotFetch& fetch) {
  const raft::SnapshotId id = fetch.offer.id;
  if (installing_ == id) return;
  if (fetching_ && fetching_->id == id && fetching_->from == fetch.from) return;
  const bool room =
      services_.disk_gauge == nullptr || services_.disk_gauge->level() == DiskLevel::plain;
  if (services_.snapshot_exchange == nullptr || !room || services_.clock.now() < fetch_again_at_)
    return driver_->snapshot_fetched(id, std::nullopt);
  const std::uint64_t number = ++fetches_;
  fetching_ = Fetching{number, fetch.from, id};
  services_.snapshot_exchange->fetch(
      fetch, [raft = me(), number, id](Result<raft::SnapshotMeta> meta) {
        caf::anon_send(raft, SnapshotArrived(number, id, std::move(meta)));
      });
}

void SnapshotPort::arrived(const SnapshotArrived& news) {
  if (!fetching_ || fetching_->number != news.number) return;  // it was given up
  fetching_.reset();
  if (!news.meta) {
    services_.log.warn(
        "a snapshot of the leader has not arrived; it goes on when it is offered again",
        {news.meta.error()});
    fetch_again_at_ = services_.clock.now() + limits::snapshot_pause;
    return driver_->snapshot_fetched(news.id, std::nullopt);
  }
  driver_->snapshot_fetched(news.id, *news.meta);
}

void SnapshotPort::leader_changed(NodeId leader) {
  if (!fetching_ || leader == NodeId{} || fetching_->from == leader) return;
  fetching_.reset();
  services_.snapshot_exchange->give_up();
}

void SnapshotPort::install(const raft::SnapshotMeta& snapshot) {
  installing_ = snapshot.id;
  services_.log.info("a snapshot of the leader becomes the state of this node", {snapshot.index});
  self_->send(applier_, InstallSnapshot(snapshot.id, driver_->core().log().committed()));
}

void SnapshotPort::installed(const SnapshotInstalled& news) {
  installing_.reset();
  if (news.fault)
    services_.log.error("a snapshot of the leader did not become the state of this node",
                        {*news.fault});
  driver_->snapshot_installed(!news.fault);
  if (news.fault) return;
  services_.log.info("the state of this node is that of the snapshot", {driver_->core().applied()});
  tidy();
}

void SnapshotPort::discard(raft::SnapshotId id) {
  const auto& newest = driver_->core().snapshot();
  if (installing_ == id || (newest && newest->id == id)) return;
  services_.snapshots->discard(id);
}

// ---- letting them go

void SnapshotPort::tidy() {
  const raft::Core& core = driver_->core();
  if (core.snapshot()) services_.snapshots->keep(core.snapshot()->index, core.snapshots_in_use());
}

void SnapshotPort::let_time_pass(Instant now) {
  if (now < tidy_at_) return;
  tidy_at_ = now + limits::snapshots_tidied;
  tidy();
}

}  // namespace runink::actors
