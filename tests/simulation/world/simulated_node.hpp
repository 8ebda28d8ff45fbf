// One node of the simulation: a real driver on a simulated disk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "disk.hpp"
#include "machine.hpp"
#include "properties.hpp"
#include "raft/raft.hpp"

namespace runink::raft::simulation {

/// What a node does that takes time. Each ends by a call of the same name with `_ends`.
enum class Chore : std::uint8_t { sync = 1, take = 2, fetch = 3, install = 4, apply = 5 };

/// What a node asks of the world around it.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual void begins(NodeId node, Chore chore) = 0;
  virtual void message(Envelope envelope) = 0;
  virtual void looks_before(NodeId node, const Core& core, const Input& input) = 0;
  virtual void looks_after(NodeId node, const Core& core, const Effects& effects) = 0;
  virtual void applies(NodeId node, const Entry& entry, const Machine& after,
                       const std::optional<state::Outcome>& outcome) = 0;
  virtual void installed(NodeId node, const SnapshotMeta& meta, const Machine& content) = 0;
  virtual void proposal_done(NodeId node, const ProposalOutcome& outcome) = 0;
  virtual void read_done(NodeId node, const ReadOutcome& outcome) = 0;
  virtual void transfer_done(NodeId node, const TransferOutcome& outcome) = 0;
  virtual SnapshotId new_snapshot_id() = 0;
  virtual void differs(const StateDiffers& what) = 0;
  /// The core has stopped; the process must end.
  virtual void must_end(NodeId node, const Fault& why) = 0;
};

class SimulatedNode : LogStorePort, TransportPort, ApplierPort, OwnerPort, StepWatch, SnapshotPort {
 public:
  /// `real`: its state machine is that of state/. `lags`: it applies when the world says so.
  SimulatedNode(Config config, Surroundings& world, bool real, bool lags)
      : config_(std::move(config)), world_(world), real_(real), lags_(lags), machine_(real) {}

  bool is_up() const { return driver_ != nullptr; }
  /// Counts starts, so that an event meant for an earlier life is known as such.
  std::uint64_t life() const { return life_; }
  Driver& driver() { return *driver_; }
  const Driver& driver() const { return *driver_; }
  const Core& core() const { return driver_->core(); }
  const Machine& machine() const { return machine_; }
  const Config& config() const { return config_; }
  Disk& disk() { return disk_; }
  const Disk& disk() const { return disk_; }
  bool disk_lost() const { return disk_.is_lost(); }

  /// The program that is started next.
  void upgrade(Version most) { config_.versions.most = std::max(config_.versions.most, most); }
  /// False when what lies on the disk cannot be trusted: the node refuses to start.
  bool start(Instant local_now);
  /// What was not synced is gone, but for the first `kept` of the writes that were being synced.
  /// The state machine keeps what it had flushed: everything, or no more than its newest snapshot.
  void crash(std::size_t kept, bool machine_was_flushed);
  const std::deque<Persist>& in_sync() const { return in_sync_; }
  std::size_t writes_waiting() const { return queued_.size() + in_sync_.size(); }
  bool syncs() const { return !in_sync_.empty(); }
  /// `repeats`: the disk says once more what it has said before.
  void sync_ends(bool repeats);
  /// The write fails; how much of it is on disk shows after a crash.
  void sync_fails();
  /// The oldest of what waits to be applied.
  void apply_ends();
  void damage_machine() { machine_.damage(); }

  // ---- snapshots
  void take_ends(bool good);
  /// Whom it fetches from; nothing when it fetches nothing.
  const std::optional<SnapshotFetch>& fetching() const { return fetching_; }
  /// One more part of `source` has come. True when that was the last.
  bool part_comes(const StoredSnapshot& source);
  bool resumed() const { return resumed_; }
  void fetch_ends(const StoredSnapshot* source);
  /// The snapshot becomes the state, synced; the core is told by install_ends.
  void install_switches();
  void install_ends(bool good);
  bool installs() const { return installs_; }

 private:
  struct Acknowledgement {
    PersistSeq seq;
    Term term;
    LogIndex index;
  };

  void submit(Persist write) override;
  void send(Envelope envelope) override { world_.message(std::move(envelope)); }
  void apply(std::vector<Entry> entries) override;
  void role_changed(const RoleChange&) override {}
  void proposal_done(const ProposalOutcome& outcome) override {
    world_.proposal_done(config_.self, outcome);
  }
  void must_end(const Fault& why) override { world_.must_end(config_.self, why); }
  void state_differs(const StateDiffers& what) override { world_.differs(what); }
  void read_done(const ReadOutcome& outcome) override { world_.read_done(config_.self, outcome); }
  void transfer_done(const TransferOutcome& outcome) override {
    world_.transfer_done(config_.self, outcome);
  }
  void before_step(const Core& core, const Input& input) override {
    world_.looks_before(config_.self, core, input);
  }
  void after_step(const Core& core, const Effects& effects) override {
    world_.looks_after(config_.self, core, effects);
  }
  void take() override { world_.begins(config_.self, Chore::take); }
  void fetch(const SnapshotFetch& fetch) override;
  void install(const SnapshotMeta& snapshot) override;
  void discard(SnapshotId) override { staged_.reset(); }

  void begin_sync();
  void apply_now(const std::vector<Entry>& entries);
  Machine newest_content() const;

  Config config_;
  Surroundings& world_;
  const bool real_;
  const bool lags_;
  Disk disk_;
  struct Partial {
    SnapshotId id;
    std::size_t parts = 0;
  } partial_;                                  // of what was fetched; on disk, too
  std::optional<SnapshotMeta> unsynced_over_;  // mutant: what a crash brings back
  bool switch_is_unsynced_ = false;
  Machine machine_;
  std::deque<std::vector<Entry>> to_apply_;
  std::deque<Persist> queued_;
  std::deque<Persist> in_sync_;
  Acknowledgement acknowledged_;  // the last of this life
  std::optional<SnapshotFetch> fetching_;
  bool resumed_ = false;
  std::optional<StoredSnapshot> staged_;
  bool installs_ = false;
  std::unique_ptr<Driver> driver_;
  std::uint64_t life_ = 0;
};

}  // namespace runink::raft::simulation
