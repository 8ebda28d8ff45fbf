#include "simulated_node.hpp"

#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::raft::simulation {

void SimulatedNode::start(Instant local_now) {
  ++life_;
  config_.seed += 1000;
  if (const auto good = check(disk_); !good) throw Violation{good.error().what};
  if (const auto good = check_versions(disk_, config_.versions); !good)
    throw Violation{good.error().what};
  driver_ = std::make_unique<Driver>(config_, disk_, LogIndex{machine_.size()},
                                     Ports{*this, *this, *this, *this, this, this});
  driver_->start(local_now);
}

bool SimulatedNode::holds(const Entry& entry) const {
  if (disk_.snapshot && entry.index <= disk_.snapshot->index)
    return newest_content()[entry.index.value - 1] == entry;
  return entry.index >= disk_.first && entry.index <= last_of(disk_) &&
         disk_.entries[entry.index.value - disk_.first.value] == entry;
}

const std::vector<Entry>& SimulatedNode::newest_content() const {
  static const std::vector<Entry> nothing;
  return disk_.snapshot ? snapshots_.at(disk_.snapshot->id).content : nothing;
}

void SimulatedNode::crash(std::size_t kept, bool machine_was_flushed) {
  driver_.reset();
  for (std::size_t i = 0; i < kept; ++i) write(in_sync_[i]);
  in_sync_.clear();
  queued_.clear();
  acknowledged_ = {};
  fetching_.reset();
  staged_.reset();
  if (switch_is_unsynced_) {
    disk_.snapshot = unsynced_over_;
    switch_is_unsynced_ = false;
    machine_was_flushed = false;
  }
  if (!machine_was_flushed) {
    machine_ = newest_content();
    hash_anew();
  }
}

void SimulatedNode::hash_anew() {
  machine_hash_ = 0;
  for (const Entry& entry : machine_) machine_hash_ = xxh64(encode(entry), machine_hash_);
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
  for (const Persist& one : in_sync_) write(one);
  const Persist last = std::move(in_sync_.back());
  in_sync_.clear();
  if (!queued_.empty()) begin_sync();
  const Acknowledgement now{last.seq, last.last_term(), last.last_index()};
  const Acknowledgement before = std::exchange(acknowledged_, now);
  driver_->persisted(now.seq, now.term, now.index);
  if (repeats && before.seq != PersistSeq{})
    driver_->persisted(before.seq, before.term, before.index);
}

void SimulatedNode::sync_fails() { driver_->persist_failed(in_sync_.front().seq); }

void SimulatedNode::write(const Persist& write) {
  try {
    write_to(disk_, write);
  } catch (const std::logic_error& error) {
    throw Violation{error.what()};
  }
}

void SimulatedNode::apply(std::vector<Entry> entries) {
  world_.applies(config_.self, entries);
  constexpr std::uint64_t hash_every = 16;
  const LogIndex last = entries.back().index;
  StateHash state;
  for (Entry& entry : entries) {
    if (entry.index.value != machine_.size() + 1)
      throw Violation{"the state machine got an entry out of order"};
    machine_hash_ = xxh64(encode(entry), machine_hash_);
    if (entry.index.value % hash_every == 0) state = {entry.index, machine_hash_};
    machine_.push_back(std::move(entry));
  }
  driver_->applied(last, state);
}

// ---- snapshots

void SimulatedNode::keep(Stored snapshot) {
  disk_.snapshot = snapshot.meta;
  snapshots_[snapshot.meta.id] = std::move(snapshot);
}

void SimulatedNode::take_ends(bool good) {
  const LogIndex index{machine_.size()};
  const auto& newest = core().snapshot();
  if (!good || core().installing() || index > core().applied() ||
      (newest && index <= newest->index))
    return driver_->snapshot_taken(std::nullopt);
  Stored snapshot{core().describe(index), machine_};
  snapshot.meta.id = world_.new_snapshot_id();
  snapshot.meta.size = Bytes{machine_.size()};
  keep(snapshot);
  driver_->snapshot_taken(snapshot.meta);
  const auto used = core().snapshots_in_use();
  std::erase_if(snapshots_, [&](const auto& one) { return !used.contains(one.first); });
}

void SimulatedNode::fetch(const SnapshotFetch& fetch) {
  if (fetching_ && fetching_->offer == fetch.offer) return;
  fetching_ = fetch;
  staged_.reset();
  resumed_ = partial_.id == fetch.offer.id && partial_.parts > 0;
  if (partial_.id != fetch.offer.id) partial_ = {fetch.offer.id, 0};
  world_.begins(config_.self, Chore::fetch);
}

const SimulatedNode::Stored* SimulatedNode::stored(SnapshotId id) const {
  const auto found = snapshots_.find(id);
  return found == snapshots_.end() ? nullptr : &found->second;
}

bool SimulatedNode::part_comes(const Stored& source) {
  constexpr std::size_t entries_in_a_part = 8;
  return ++partial_.parts * entries_in_a_part >= source.content.size();
}

void SimulatedNode::fetch_ends(const Stored* source) {
  const SnapshotId id = fetching_->offer.id;
  fetching_.reset();
  if (!source) return driver_->snapshot_fetched(id, std::nullopt);
  partial_ = {};
  staged_ = *source;
  driver_->snapshot_fetched(id, source->meta);
}

void SimulatedNode::install(const SnapshotMeta& snapshot) {
  if (!staged_ || staged_->meta != snapshot) throw Violation{"installs what it has not fetched"};
  world_.begins(config_.self, Chore::install);
}

void SimulatedNode::install_switches() {
  if (config_.mutant == Mutant::snapshot_without_directory_sync) {
    unsynced_over_ = disk_.snapshot;
    switch_is_unsynced_ = true;
  }
  world_.applies(config_.self, staged_->content);
  keep(*staged_);
  machine_ = std::move(staged_->content);
  hash_anew();
  staged_.reset();
}

void SimulatedNode::install_ends(bool good) {
  if (!good) staged_.reset();
  driver_->snapshot_installed(good);
}

}  // namespace runink::raft::simulation
