#include "simulated_node.hpp"

#include <utility>

namespace runink::raft::simulation {

bool SimulatedNode::start(Instant local_now) {
  if (disk_.is_corrupt() || (disk_.lies() && disk_.is_lost())) return false;
  ++life_;
  config_.seed += 1000;
  if (const auto good = check(disk_.image()); !good)
    throw Violation{Property::acknowledged_survives, good.error().what};
  if (const auto good = check_versions(disk_.image(), config_.versions); !good)
    throw Violation{Property::versions, good.error().what};
  driver_ = std::make_unique<Driver>(config_, disk_.image(), machine_.applied(),
                                     Ports{*this, *this, *this, *this, this, this});
  driver_->start(local_now);
  return true;
}

Machine SimulatedNode::newest_content() const {
  const StoredSnapshot* newest = disk_.newest();
  return newest ? newest->content : Machine(real_);
}

void SimulatedNode::crash(std::size_t kept, bool machine_was_flushed) {
  driver_.reset();
  for (std::size_t i = 0; i < kept; ++i) disk_.write(in_sync_[i]);
  in_sync_.clear();
  queued_.clear();
  to_apply_.clear();
  acknowledged_ = {};
  fetching_.reset();
  staged_.reset();
  installs_ = false;
  if (switch_is_unsynced_) {
    disk_.set_newest(unsynced_over_);
    switch_is_unsynced_ = false;
    machine_was_flushed = false;
  }
  if (!machine_was_flushed) machine_ = newest_content();
}

void SimulatedNode::submit(Persist write) {
  queued_.push_back(std::move(write));
  if (in_sync_.empty()) begin_sync();
}

// As the real log writer: everything that waits goes into one sync.
void SimulatedNode::begin_sync() {
  in_sync_.swap(queued_);
  world_.begins(config_.self, Chore::sync);
}

void SimulatedNode::sync_ends(bool repeats) {
  for (const Persist& one : in_sync_) disk_.write(one);
  const Acknowledgement now{in_sync_.back().seq, in_sync_.back().last_term(),
                            in_sync_.back().last_index()};
  in_sync_.clear();
  if (!queued_.empty()) begin_sync();
  const Acknowledgement before = std::exchange(acknowledged_, now);
  driver_->persisted(now.seq, now.term, now.index);
  if (repeats && before.seq != PersistSeq{})
    driver_->persisted(before.seq, before.term, before.index);
}

void SimulatedNode::sync_fails() { driver_->persist_failed(in_sync_.front().seq); }

void SimulatedNode::apply(std::vector<Entry> entries) {
  if (!lags_) return apply_now(entries);
  to_apply_.push_back(std::move(entries));
  if (to_apply_.size() == 1) world_.begins(config_.self, Chore::apply);
}

void SimulatedNode::apply_ends() {
  if (to_apply_.empty()) return;  // an install has done it meanwhile
  const std::vector<Entry> entries = std::move(to_apply_.front());
  to_apply_.pop_front();
  if (!to_apply_.empty()) world_.begins(config_.self, Chore::apply);
  apply_now(entries);
}

void SimulatedNode::apply_now(const std::vector<Entry>& entries) {
  constexpr std::uint64_t hash_every = 16;
  StateHash state;
  for (const Entry& entry : entries) {
    const auto outcome = machine_.apply(entry);
    if (entry.index.value % hash_every == 0) state = {entry.index, machine_.state_hash()};
    world_.applies(config_.self, entry, machine_, outcome);
  }
  driver_->applied(machine_.applied(), state);
}

// ---- snapshots

void SimulatedNode::take_ends(bool good) {
  const LogIndex index = machine_.applied();
  const auto& newest = core().snapshot();
  if (!good || core().installing() || index > core().applied() ||
      (newest && index <= newest->index))
    return driver_->snapshot_taken(std::nullopt);
  const auto meta = core().describe(index);
  if (!meta) return driver_->snapshot_taken(std::nullopt);
  StoredSnapshot snapshot{*meta, machine_};
  snapshot.meta.id = world_.new_snapshot_id();
  snapshot.meta.size = Bytes{index.value};
  if (config_.has(Mutant::forget_answers)) snapshot.content.forget_answers();
  disk_.keep(snapshot);
  driver_->snapshot_taken(snapshot.meta);
  disk_.forget_snapshots_but(core().snapshots_in_use());
}

void SimulatedNode::fetch(const SnapshotFetch& fetch) {
  if (fetching_ && fetching_->offer == fetch.offer) return;
  fetching_ = fetch;
  staged_.reset();
  resumed_ = partial_.id == fetch.offer.id && partial_.parts > 0;
  if (partial_.id != fetch.offer.id) partial_ = {fetch.offer.id, 0};
  world_.begins(config_.self, Chore::fetch);
}

bool SimulatedNode::part_comes(const StoredSnapshot& source) {
  constexpr std::size_t entries_in_a_part = 8;
  return ++partial_.parts * entries_in_a_part >= source.meta.size.value;
}

void SimulatedNode::fetch_ends(const StoredSnapshot* source) {
  const SnapshotId id = fetching_->offer.id;
  fetching_.reset();
  if (!source) return driver_->snapshot_fetched(id, std::nullopt);
  partial_ = {};
  staged_ = *source;
  driver_->snapshot_fetched(id, source->meta);
}

void SimulatedNode::install(const SnapshotMeta& snapshot) {
  if (!staged_ || staged_->meta != snapshot)
    throw Violation{Property::snapshots, "installs what it has not fetched"};
  installs_ = true;
  world_.begins(config_.self, Chore::install);
}

// The applier does first what it was given before; the core hands out nothing new meanwhile.
void SimulatedNode::install_switches() {
  while (!to_apply_.empty()) {
    const std::vector<Entry> entries = std::move(to_apply_.front());
    to_apply_.pop_front();
    apply_now(entries);
  }
  if (config_.has(Mutant::snapshot_without_directory_sync)) {
    unsynced_over_ = disk_.image().snapshot;
    switch_is_unsynced_ = true;
  }
  world_.installed(config_.self, staged_->meta, staged_->content);
  machine_ = staged_->content;
  disk_.keep(std::move(*staged_));
  staged_.reset();
}

void SimulatedNode::install_ends(bool good) {
  if (!good) staged_.reset();
  installs_ = false;
  driver_->snapshot_installed(good);
}

}  // namespace runink::raft::simulation
