// One node of the simulation: a real driver on a simulated disk.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "raft/raft.hpp"

namespace runink::raft::simulation {

/// Thrown where the checker finds something that must never be.
struct Violation {
  std::string what;
};

/// What a node asks of the world around it.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual void sync_begins(NodeId node) = 0;  ///< call SimulatedNode::sync_ends later
  virtual void message(Envelope envelope) = 0;
  virtual void looks_before(NodeId node, const Core& core, const Input& input) = 0;
  virtual void looks_after(NodeId node, const Core& core, const Effects& effects) = 0;
  virtual void applies(NodeId node, const std::vector<Entry>& entries) = 0;
  virtual void read_done(NodeId node, const ReadOutcome& outcome) = 0;
};

class SimulatedNode : LogStorePort, TransportPort, ApplierPort, OwnerPort, StepWatch {
 public:
  SimulatedNode(Config config, Surroundings& world) : config_(std::move(config)), world_(world) {}

  bool is_up() const { return driver_ != nullptr; }
  /// Counts starts, so that an event meant for an earlier life is known as such.
  std::uint64_t life() const { return life_; }
  Driver& driver() { return *driver_; }
  const Core& core() const { return driver_->core(); }
  const std::vector<Entry>& disk_entries() const { return disk_.entries; }
  const std::vector<Entry>& machine() const { return machine_; }
  const Config& config() const { return config_; }

  void start(Instant local_now);
  /// What was not synced is gone, but for the first `kept` of the writes that were being synced.
  /// The state machine keeps what it had flushed: everything, or nothing.
  void crash(std::size_t kept, bool machine_was_flushed);
  std::size_t writes_in_sync() const { return in_sync_.size(); }
  /// `repeats`: the disk says once more what it has said before.
  void sync_ends(bool repeats);
  /// The write fails; how much of it is on disk shows after a crash.
  void sync_fails();
  /// The disk is lost for good.
  void lose_disk() {
    disk_ = {};
    disk_lost_ = true;
  }
  bool disk_lost() const { return disk_lost_; }

 private:
  struct Disk {
    HardState hard_state;
    std::vector<Entry> entries;
  };

  struct Acknowledgement {
    PersistSeq seq;
    Term term;
    LogIndex index;
  };

  void submit(Persist write) override;
  void send(Envelope envelope) override { world_.message(std::move(envelope)); }
  void apply(std::vector<Entry> entries) override;
  void role_changed(const RoleChange&) override {}
  void proposal_done(const ProposalOutcome&) override {}
  void must_end(const Fault& why) override { throw Violation{why.what}; }
  void read_done(const ReadOutcome& outcome) override { world_.read_done(config_.self, outcome); }
  void before_step(const Core& core, const Input& input) override {
    world_.looks_before(config_.self, core, input);
  }
  void after_step(const Core& core, const Effects& effects) override {
    world_.looks_after(config_.self, core, effects);
  }
  void write(const Persist& write);
  void begin_sync();

  Config config_;
  Surroundings& world_;
  Disk disk_;
  std::vector<Entry> machine_;
  std::deque<Persist> queued_;
  std::deque<Persist> in_sync_;
  Acknowledgement acknowledged_;  // the last of this life
  std::unique_ptr<Driver> driver_;
  std::uint64_t life_ = 0;
  bool disk_lost_ = false;
};

}  // namespace runink::raft::simulation
