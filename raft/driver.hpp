// The one object that carries effects out, the same in simulation and in production.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "raft/core.hpp"
#include "raft/ports.hpp"

namespace runink::raft {

/// Owns the core and the messages that wait for the disk. Has no thread and no lock: one owner
/// calls it. A port may call back into it; such calls are done after the step in progress, in
/// order.
class Driver {
 public:
  /// `recovered` must have passed `check`; `applied` is the last index the state machine holds.
  Driver(Config config, Recovered recovered, LogIndex applied, Ports ports);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Call once. The only voter of a group elects itself here, without waiting.
  void start(Instant now) { tick(now); }
  /// Every 10 ms.
  void tick(Instant now) { put(Tick{now}); }
  void receive(Envelope envelope) { put(Receive{std::move(envelope)}); }
  /// The write is submitted before this returns; `OwnerPort::proposal_done` gets the outcome.
  void propose(ProposalTag tag, std::vector<std::string> payloads) {
    put(Propose{tag, std::move(payloads)});
  }
  /// All writes up to `seq` are durable; `term` and `index` are those of write `seq`. What waited
  /// for them leaves, and what they commit is applied, before this returns.
  void persisted(PersistSeq seq, Term term, LogIndex index) { put(LogPersisted{seq, term, index}); }
  /// Nothing leaves any more, ever. The owner must end the process: what is on disk is not known.
  void persist_failed(PersistSeq seq) { put(PersistFailed{seq}); }
  void applied(LogIndex index, StateHash state = {}) { put(Applied{index, state}); }
  void peer_unreachable(NodeId id) { put(PeerUnreachable{id}); }
  void disk_space(DiskSpace space) { put(DiskSpaceChanged{space}); }
  void forget_leader() { put(ForgetLeader{}); }
  void campaign() { put(Campaign{}); }
  /// `OwnerPort::read_done` gets the outcome, when the state machine has what
  /// the read must see.
  void read(ReadTag tag, ReadKind kind = ReadKind::linearizable, LogIndex min_index = {}) {
    put(Read{tag, kind, min_index});
  }
  /// `OwnerPort::transfer_done` hears whether it began, and when it is given
  /// up.
  void transfer_leader(NodeId to = {}) { put(TransferLeader{to}); }

  /// `OwnerPort::proposal_done` gets the outcome; the entry at its index tells when it is committed.
  void change_members(ChangeMembers change) { put(std::move(change)); }

  /// A snapshot that SnapshotPort::take asked for; nothing when it failed.
  void snapshot_taken(std::optional<SnapshotMeta> meta) { put(SnapshotTaken{std::move(meta)}); }
  /// One that SnapshotPort::fetch asked for is here; without `meta` it failed.
  void snapshot_fetched(SnapshotId id, std::optional<SnapshotMeta> meta) {
    put(SnapshotFetched{id, std::move(meta)});
  }
  /// What SnapshotPort::install asked for is done, or has failed and changed nothing.
  void snapshot_installed(bool done) { put(SnapshotInstalled{done}); }

  const Core& core() const { return core_; }
  /// Writes submitted and not yet acknowledged hold this many messages back.
  std::size_t waiting_messages() const { return waiting_.size(); }

 private:
  struct Waiting {
    PersistSeq seq;
    Envelope envelope;
  };

  void put(Input input);
  void release(PersistSeq seq);
  void carry_out(Effects effects);
  void carry_out_snapshots(const Effects& effects);

  Core core_;
  Ports ports_;
  std::deque<Input> inputs_;
  std::deque<Waiting> waiting_;
  bool busy_ = false;
};

}  // namespace runink::raft
