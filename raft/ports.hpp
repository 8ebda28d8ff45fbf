// What the driver needs from the outside. storage/ and actors/ implement these; so does the
// simulation.
#pragma once

#include <optional>
#include <vector>

#include "raft/effects.hpp"
#include "raft/snapshot.hpp"
#include "raft/types.hpp"
#include "vocabulary/fault.hpp"

namespace runink::raft {

/// What a log store found at start.
struct Recovered {
  HardState hard_state;
  LogIndex first{1};  ///< index of the first entry the store holds (or would hold)
  std::vector<Entry> entries;
  Term base_term;  ///< of the entry before `first`
  /// The newest snapshot of this node; whoever keeps snapshots fills it in. The state machine holds
  /// at least what it holds.
  std::optional<SnapshotMeta> snapshot;
};

/// A log that cannot be ours is refused: gaps, falling terms, an entry above the term, a commit
/// index beyond the end (the disk lost what it had acknowledged), a beginning that no snapshot
/// reaches. A snapshot beyond the end is good: it was installed just before the node died.
Result<void> check(const Recovered& recovered);

/// The version that the group speaks for all this node knows; 1 when nothing says otherwise.
Version version_of(const Recovered& recovered);
/// A log of a version that this program cannot speak, or with an entry that only another can, is
/// `refused`: entries are never skipped.
Result<void> check_versions(const Recovered& recovered, VersionRange ours);

/// Reads the log back at start. Implemented by storage/.
class LogRecovery {
 public:
  virtual ~LogRecovery() = default;
  virtual Result<Recovered> recover() = 0;
};

/// Takes writes. `submit` returns at once; when the write is durable the owner calls
/// `Driver::persisted`, when it failed `Driver::persist_failed`. Writes that wait may be made
/// together; only the last of them must be reported.
class LogStorePort {
 public:
  virtual ~LogStorePort() = default;
  virtual void submit(Persist write) = 0;
};

/// Sends, or drops. It may lose, double and reorder messages; it may not alter them.
class TransportPort {
 public:
  virtual ~TransportPort() = default;
  virtual void send(Envelope envelope) = 0;
};

/// The state machine. Gets every committed entry (no-ops too) exactly once per start, in order,
/// without gaps. The owner calls `Driver::applied` when it has taken effect.
class ApplierPort {
 public:
  virtual ~ApplierPort() = default;
  virtual void apply(std::vector<Entry> entries) = 0;
};

/// Makes, fetches and installs snapshots; each takes its time, while the core goes on. Whoever
/// implements it keeps the newest snapshot and those that Core::snapshots_in_use names, and sends them
/// to whom fetches them.
class SnapshotPort {
 public:
  virtual ~SnapshotPort() = default;
  /// Of the state machine as it will be between two entries; then Driver::snapshot_taken.
  virtual void take() = 0;
  /// From `fetch.from`; then Driver::snapshot_fetched. Asked again for the same one while it is on its
  /// way: that changes nothing. Asked for another, the first is given up. Goes on where an earlier
  /// attempt ended.
  virtual void fetch(const SnapshotFetch& fetch) = 0;
  /// Once the applier has done all that it was given before; then Driver::snapshot_installed.
  virtual void install(const SnapshotMeta& snapshot) = 0;
  /// A fetched snapshot is not needed any more.
  virtual void discard(SnapshotId id) = 0;
};

/// Who runs the driver. Of one step it hears first the change of role, then the outcomes; the
/// applier comes after both.
class OwnerPort {
 public:
  virtual ~OwnerPort() = default;
  virtual void role_changed(const RoleChange& change) = 0;
  virtual void proposal_done(const ProposalOutcome& outcome) = 0;
  // Who never asks for these never hears of them.
  virtual void read_done(const ReadOutcome&) {}
  virtual void transfer_done(const TransferOutcome&) {}
  /// The newest configuration in the log is another; it holds, and may still be taken back.
  virtual void configuration_changed(const Configuration&) {}
  virtual void gave_up_joining(NodeId) {}
  /// The group speaks another version from now on.
  virtual void version_changed(Version) {}
  /// Two state machines that should be equal are not.
  virtual void state_differs(const StateDiffers& what) = 0;
  /// The core has stopped for good. Nothing leaves any more; the process must end.
  virtual void must_end(const Fault& why) = 0;
};

class Core;

/// Looks on before and after every step. For invariants and metrics; it may change nothing.
class StepWatch {
 public:
  virtual ~StepWatch() = default;
  virtual void before_step(const Core& core, const Input& input) = 0;
  virtual void after_step(const Core& core, const Effects& effects) = 0;
};

/// All borrowed; they must outlive the driver.
struct Ports {
  LogStorePort& log;
  TransportPort& transport;
  ApplierPort& applier;
  OwnerPort& owner;
  StepWatch* watch = nullptr;
  /// Without it no snapshot is ever made, and every one that is offered fails.
  SnapshotPort* snapshots = nullptr;
};

}  // namespace runink::raft
