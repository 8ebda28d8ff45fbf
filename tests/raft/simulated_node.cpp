#include "simulated_node.hpp"

#include <utility>

namespace runink::raft::simulation {

void SimulatedNode::start(Instant local_now) {
  ++life_;
  config_.seed += 1000;
  Recovered recovered{disk_.hard_state, LogIndex{1}, disk_.entries};
  if (const auto good = check(recovered); !good) throw Violation{good.error().what};
  driver_ = std::make_unique<Driver>(config_, std::move(recovered), LogIndex{machine_.size()},
                                     Ports{*this, *this, *this, *this, this});
  driver_->start(local_now);
}

void SimulatedNode::crash(std::size_t kept, bool machine_was_flushed) {
  driver_.reset();
  for (std::size_t i = 0; i < kept; ++i) write(in_sync_[i]);
  in_sync_.clear();
  queued_.clear();
  acknowledged_ = {};
  if (!machine_was_flushed) machine_.clear();
}

void SimulatedNode::submit(Persist write) {
  queued_.push_back(std::move(write));
  if (in_sync_.empty()) begin_sync();
}

// As the real log writer: everything that waits goes into one sync.
void SimulatedNode::begin_sync() {
  in_sync_.swap(queued_);
  world_.sync_begins(config_.self);
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
  if (write.hard_state) disk_.hard_state = *write.hard_state;
  if (write.truncate_from) {
    if (write.truncate_from->value > disk_.entries.size())
      throw Violation{"a write cuts where the disk has nothing"};
    disk_.entries.resize(write.truncate_from->value - 1);
  }
  for (const Entry& entry : write.entries) {
    if (entry.index.value != disk_.entries.size() + 1)
      throw Violation{"a write leaves a gap or doubles an entry on disk"};
    disk_.entries.push_back(entry);
  }
}

void SimulatedNode::apply(std::vector<Entry> entries) {
  world_.applies(config_.self, entries);
  const LogIndex last = entries.back().index;
  for (Entry& entry : entries) {
    if (entry.index.value != machine_.size() + 1)
      throw Violation{"the state machine got an entry out of order"};
    machine_.push_back(std::move(entry));
  }
  driver_->applied(last);
}

}  // namespace runink::raft::simulation
