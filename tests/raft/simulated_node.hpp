// One node of the simulation: a real driver on a simulated disk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "disk_image.hpp"
#include "raft/raft.hpp"

namespace runink::raft::simulation {

/// Thrown where the checker finds something that must never be.
struct Violation {
  std::string what;
};

/// What a node does that takes time. Each ends by a call of the same name with `_ends`.
enum class Chore : std::uint8_t { sync = 1, take = 2, fetch = 3, install = 4 };

/// What a node asks of the world around it.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual void begins(NodeId node, Chore chore) = 0;
  virtual void message(Envelope envelope) = 0;
  virtual void looks_before(NodeId node, const Core& core, const Input& input) = 0;
  virtual void looks_after(NodeId node, const Core& core, const Effects& effects) = 0;
  virtual void applies(NodeId node, const std::vector<Entry>& entries) = 0;
  virtual void read_done(NodeId node, const ReadOutcome& outcome) = 0;
  virtual SnapshotId new_snapshot_id() = 0;
  virtual void differs(const StateDiffers& what) = 0;
};

class SimulatedNode : LogStorePort, TransportPort, ApplierPort, OwnerPort, StepWatch, SnapshotPort {
 public:
  SimulatedNode(Config config, Surroundings& world) : config_(std::move(config)), world_(world) {}

  bool is_up() const { return driver_ != nullptr; }
  /// Counts starts, so that an event meant for an earlier life is known as such.
  std::uint64_t life() const { return life_; }
  Driver& driver() { return *driver_; }
  const Core& core() const { return driver_->core(); }
  const std::vector<Entry>& machine() const { return machine_; }
  const Config& config() const { return config_; }
  /// Is this entry on its disk, in the log or in a snapshot?
  bool holds(const Entry& entry) const;

  /// The program that is started next.
  void upgrade(Version most) { config_.versions.most = std::max(config_.versions.most, most); }
  void start(Instant local_now);
  /// What was not synced is gone, but for the first `kept` of the writes that were being synced.
  /// The state machine keeps what it had flushed: everything, or no more than its newest snapshot.
  void crash(std::size_t kept, bool machine_was_flushed);
  std::size_t writes_in_sync() const { return in_sync_.size(); }
  /// `repeats`: the disk says once more what it has said before.
  void sync_ends(bool repeats);
  /// The write fails; how much of it is on disk shows after a crash.
  void sync_fails();
  /// The disk is lost for good.
  void lose_disk() {
    disk_ = {};
    snapshots_.clear();
    partial_ = {};
    disk_lost_ = true;
  }
  bool disk_lost() const { return disk_lost_; }
  /// Something in its state machine is not as it should be, and nobody notices.
  void damage_machine() { machine_hash_ ^= 1; }

  // ---- snapshots; the state machine's whole content is its entries
  struct Stored {
    SnapshotMeta meta;
    std::vector<Entry> content;
  };
  void take_ends(bool good);
  /// Whom it fetches from; nothing when it fetches nothing.
  const std::optional<SnapshotFetch>& fetching() const { return fetching_; }
  /// The snapshot, when it is still kept here.
  const Stored* stored(SnapshotId id) const;
  /// One more part of `source` has come. True when that was the last.
  bool part_comes(const Stored& source);
  bool resumed() const { return resumed_; }
  void fetch_ends(const Stored* source);
  /// The snapshot becomes the state, synced; the core is told by install_ends.
  void install_switches();
  void install_ends(bool good);

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
  void proposal_done(const ProposalOutcome&) override {}
  void must_end(const Fault& why) override { throw Violation{why.what}; }
  void state_differs(const StateDiffers& what) override { world_.differs(what); }
  void read_done(const ReadOutcome& outcome) override { world_.read_done(config_.self, outcome); }
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

  void write(const Persist& write);
  void begin_sync();
  void keep(Stored snapshot);
  const std::vector<Entry>& newest_content() const;
  void hash_anew();

  Config config_;
  Surroundings& world_;
  Recovered disk_;  // its `snapshot` names the newest of those below
  std::map<SnapshotId, Stored> snapshots_;
  struct Partial {
    SnapshotId id;
    std::size_t parts = 0;
  } partial_;                                  // of what was fetched; on disk, too
  std::optional<SnapshotMeta> unsynced_over_;  // mutant: what a crash brings back
  bool switch_is_unsynced_ = false;
  std::vector<Entry> machine_;
  std::uint64_t machine_hash_ = 0;  // over all of it
  std::deque<Persist> queued_;
  std::deque<Persist> in_sync_;
  Acknowledgement acknowledged_;  // the last of this life
  std::optional<SnapshotFetch> fetching_;
  bool resumed_ = false;
  std::optional<Stored> staged_;
  std::unique_ptr<Driver> driver_;
  std::uint64_t life_ = 0;
  bool disk_lost_ = false;
};

}  // namespace runink::raft::simulation
