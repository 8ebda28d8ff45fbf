// What the actors of one node say to each other. Values or shared immutable data; each has a
// constructor (see the rule about aggregates in coroutines/errors.hpp). What will cross the network
// with three nodes (the node stream) is marked; it is made of encodable values only.
#pragma once

#include <caf/all.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/coroutines/errors.hpp"
#include "isolation/exit_report.hpp"
#include "pipeline/sql_reader.hpp"
#include "pipeline/step_file.hpp"
#include "raft/effects.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/view.hpp"
#include "state/apply.hpp"
#include "state/assignments.hpp"
#include "state/cluster_state.hpp"

namespace runink::actors {

struct WantedMembers;  // cluster/membership.hpp

// ---- raft_actor
/// From the log writer's thread: everything up to `seq` is durable.
struct WritePersisted {
  WritePersisted(raft::PersistSeq s, Term t, LogIndex i) : seq(s), term(t), index(i) {}
  raft::PersistSeq seq;
  Term term;
  LogIndex index;
};
/// state_actor -> raft_actor: append these in order, all or none.
struct ProposeEntries {
  ProposeEntries(raft::ProposalTag t, std::shared_ptr<std::vector<std::string>> p)
      : tag(t), payloads(std::move(p)) {}
  raft::ProposalTag tag;
  std::shared_ptr<std::vector<std::string>> payloads;
};
/// state_actor -> raft_actor: it has taken effect.
struct AppliedUpTo {
  explicit AppliedUpTo(LogIndex i, raft::StateHash s = {}) : index(i), state(s) {}
  LogIndex index;
  raft::StateHash state;  ///< the newest of those that members compare; 0, 0 = none among these
};

/// links -> raft_actor: what one node sent, in order. Moved from.
struct PeerSaid {
  explicit PeerSaid(std::shared_ptr<std::vector<raft::Envelope>> m) : messages(std::move(m)) {}
  std::shared_ptr<std::vector<raft::Envelope>> messages;
};
/// links -> raft_actor: what was sent to this node lately may be lost.
struct PeerUnreachable {
  explicit PeerUnreachable(NodeId n) : node(n) {}
  NodeId node;
};
/// links -> raft_actor: the process of this node has ended, as far as its connections tell.
struct PeerGone {
  explicit PeerGone(NodeId n) : node(n) {}
  NodeId node;
};
/// state_actor -> raft_actor: from when on may this be read? Answered by ReadDone.
struct AskRead {
  explicit AskRead(raft::ReadTag t) : tag(t) {}
  raft::ReadTag tag;
};
/// node -> raft_actor: this node stops; if it leads, another one should. Answer: unit, when it does not lead
/// any more, or goes on because nobody takes over.
struct HandOver {};
/// gauge -> raft_actor: the room on the disk of the data folder is another.
struct DiskLevelChanged {
  explicit DiskLevelChanged(DiskLevel l) : level(l) {}
  DiskLevel level;
};
/// snapshots -> raft_actor: state.db was copied as it was after this entry.
struct SnapshotDrafted {
  explicit SnapshotDrafted(Result<LogIndex> i) : index(std::move(i)) {}
  Result<LogIndex> index;
};
/// snapshots -> raft_actor: the copy is a snapshot, and the log up to there is archived.
struct SnapshotTaken {
  explicit SnapshotTaken(Result<raft::SnapshotMeta> m) : meta(std::move(m)) {}
  Result<raft::SnapshotMeta> meta;
};
/// snapshots -> raft_actor: one of another node is here.
struct SnapshotArrived {
  SnapshotArrived(std::uint64_t n, raft::SnapshotId i, Result<raft::SnapshotMeta> m)
      : number(n), id(i), meta(std::move(m)) {}
  std::uint64_t number;  ///< of the fetching
  raft::SnapshotId id;
  Result<raft::SnapshotMeta> meta;
};
/// raft_actor -> state_actor: behind all entries that came before, this snapshot becomes the state. Answer:
/// SnapshotInstalled.
struct InstallSnapshot {
  InstallSnapshot(raft::SnapshotId i, LogIndex c) : id(i), committed(c) {}
  raft::SnapshotId id;
  LogIndex committed;  ///< in the log
};
/// state_actor -> raft_actor: it is so; or nothing was changed.
struct SnapshotInstalled {
  explicit SnapshotInstalled(std::optional<Fault> f = {}) : fault(std::move(f)) {}
  std::optional<Fault> fault;
};
/// snapshots -> state_actor: state.db is another, and this is what it says.
struct StateReplaced {
  explicit StateReplaced(Result<std::shared_ptr<state::ClusterState>> s) : state(std::move(s)) {}
  Result<std::shared_ptr<state::ClusterState>> state;
};
/// Door -> raft_actor: another node should lead, `to` (0: whoever has most of the log). Answer:
/// Result<NodeId>, who leads now; `out_of_time` when nobody took over, `not_leader` when this node leads not.
struct TransferLeadership {
  explicit TransferLeadership(NodeId t) : to(t) {}
  NodeId to;
};
/// state_actor -> raft_actor: what Raft's group is to be. While this node leads it brings it there.
struct MembersWanted {
  explicit MembersWanted(std::shared_ptr<const WantedMembers> w) : wanted(std::move(w)) {}
  std::shared_ptr<const WantedMembers> wanted;
};
/// Anyone -> raft_actor. Answer: RaftStatus.
struct AskRaft {};
/// What this node's Raft knows at the moment.
struct RaftStatus {
  struct Follower {
    NodeId node;
    LogIndex match;    ///< known to be durable there
    LogIndex applied;  ///< as it said last
    Duration silent;   ///< since something of it came
  };
  raft::RoleChange role;
  LogIndex first;
  LogIndex last;
  LogIndex durable;
  LogIndex committed;
  LogIndex applied;
  LogIndex snapshot;                ///< the newest on this node; 0: none
  std::vector<Follower> followers;  ///< of a leader
  raft::Configuration configuration;
  LogIndex configuration_index;  ///< of its entry; 0 = as this node was started
  bool configuration_committed = false;
  Duration persist_age;              ///< of the oldest write that is not durable yet
  std::uint64_t leader_changes = 0;  ///< since the start of this daemon
};

// ---- state_actor
/// raft_actor -> state_actor
struct EntriesCommitted {
  explicit EntriesCommitted(std::shared_ptr<const std::vector<raft::Entry>> e)
      : entries(std::move(e)) {}
  std::shared_ptr<const std::vector<raft::Entry>> entries;
};
/// raft_actor -> state_actor; `last` is the end of the log when it happened.
struct RoleChanged {
  RoleChanged(raft::RoleChange c, LogIndex l) : change(c), last(l) {}
  raft::RoleChange change;
  LogIndex last;
};
/// raft_actor -> state_actor
struct ProposalDone {
  explicit ProposalDone(raft::ProposalOutcome o) : outcome(o) {}
  raft::ProposalOutcome outcome;
};
/// raft_actor -> state_actor
struct ReadDone {
  explicit ReadDone(raft::ReadOutcome o) : outcome(o) {}
  raft::ReadOutcome outcome;
};
/// Anyone -> state_actor: make this true. Answer: Result<Submitted>, after it was applied.
struct Submit {
  Submit(state::Caller c, state::Body b)
      : caller(std::move(c)), body(std::make_shared<state::Body>(std::move(b))) {}
  state::Caller caller;
  std::shared_ptr<state::Body> body;
};
struct Submitted {
  LogIndex index;
  state::Outcome outcome;
};
/// run_actor -> state_actor: time has passed that partitions waited for.
struct Reschedule {};
/// Anyone -> state_actor: run `look` on the applied state. Must be short: it holds up the cluster.
/// Answer: Result<LogIndex>, the entry up to which it was applied, after `look` ran. It sees every write
/// that was acknowledged anywhere before it was asked, on whatever node; when `stale`, it runs at once on
/// what this node has.
struct Look {
  explicit Look(std::function<void(const state::ClusterState&)> f, bool s = false)
      : look(std::make_shared<const std::function<void(const state::ClusterState&)>>(std::move(f))),
        stale(s) {}
  std::shared_ptr<const std::function<void(const state::ClusterState&)>> look;
  bool stale;
};
/// Anyone -> state_actor. Answer: Result<caf::actor>.
struct FindRun {
  explicit FindRun(RunId r) : run(std::move(r)) {}
  RunId run;
};
/// Anyone -> state_actor. Answer: Result<caf::actor>.
struct FindHerd {
  explicit FindHerd(HerdName h) : herd(std::move(h)) {}
  HerdName herd;
};

// ---- scheduler_actor
/// state_actor -> scheduler_actor. Answer: Decided.
struct Decide {
  Decide(std::shared_ptr<const scheduler::View> v, WallTime n) : view(std::move(v)), now(n) {}
  std::shared_ptr<const scheduler::View> view;
  WallTime now;
};
struct Decided {
  explicit Decided(std::shared_ptr<const std::vector<scheduler::Decision>> d)
      : decisions(std::move(d)) {}
  std::shared_ptr<const std::vector<scheduler::Decision>> decisions;
};

// ---- herd_actor and run_actor
/// Door -> state_actor -> herd_actor: admit and submit a run. The state_actor knows the herd's actor
/// and passes the request on, so that a door need not ask for it first. Answer: Result<Submitted>.
struct SubmitRun {
  /// `b` is a RunSubmitted, or a ContractsBrought by one.
  SubmitRun(state::Caller c, state::Body b)
      : caller(std::move(c)), body(std::make_shared<state::Body>(std::move(b))) {}
  const state::RunSubmitted& run() const {
    if (const auto* brought = std::get_if<state::ContractsBrought>(&*body))
      return std::get<state::RunSubmitted>(brought->by);
    return std::get<state::RunSubmitted>(*body);
  }
  state::Caller caller;
  std::shared_ptr<state::Body> body;
};
/// Door -> herd_actor: register a pipeline version. Answer: Result<Submitted>.
struct ApplyPipeline {
  /// `b` is a PipelineApplied, or a ContractsBrought by one.
  ApplyPipeline(state::Caller c, state::Body b)
      : caller(std::move(c)), body(std::make_shared<state::Body>(std::move(b))) {}
  state::Caller caller;
  std::shared_ptr<state::Body> body;
};
/// state_actor -> herd_actor: its policy, or its number of running runs, is another.
struct HerdChanged {
  HerdChanged(state::Quota q, std::uint32_t r) : quota(q), running(r) {}
  state::Quota quota;
  std::uint32_t running;
};
/// state_actor -> herd_actor: keys of the herd are others since this entry; and what a watcher is
/// answered: the newest such entry, 0 when there was none.
struct KeysChanged {
  explicit KeysChanged(LogIndex i = {}) : index(i) {}
  LogIndex index;
};
/// Door -> herd_actor: wait until a key of the herd changed behind the entry `after`, at most
/// `at_most`. Answer: Result<KeysChanged>, also when nothing changed in time.
struct NextKeysChange {
  NextKeysChange(LogIndex a, Duration d) : after(a), at_most(d) {}
  LogIndex after;
  Duration at_most;
};
/// Door -> run_actor. Answer: Result<Submitted>.
struct CancelRun {
  explicit CancelRun(state::Caller c) : caller(std::move(c)) {}
  state::Caller caller;
};
/// state_actor -> run_actor: what became true of its run, in order.
struct RunEvents {
  RunEvents(std::shared_ptr<const std::vector<state::Event>> e, WallTime t)
      : events(std::move(e)), at(t) {}
  std::shared_ptr<const std::vector<state::Event>> events;
  WallTime at;
};
/// One line of a run's story as watchers see it.
struct FeedItem {
  std::uint64_t number = 0;  ///< only grows, also over lives of the run's actor
  WallTime at;
  std::optional<state::Event> event;  ///< or progress:
  AttemptKey attempt;
  std::uint16_t permille = 0;
  std::uint64_t rows = 0;
  bool waits_for_room = false;    ///< it has ended; its outputs wait for room on the disk
  bool waits_for_inputs = false;  ///< it has not begun; no node that can be reached has its inputs
};
/// Door -> run_actor: what came after item `after`; waits until there is something, at most
/// `at_most`. Answer: Feed.
struct NextItems {
  NextItems(std::uint64_t a, Duration d) : after(a), at_most(d) {}
  std::uint64_t after;
  Duration at_most;
};
struct Feed {
  std::vector<FeedItem> items;  ///< empty: nothing came in time
  bool ended = false;           ///< the run is over and archived; nothing will follow
};

// ---- the node stream: between the leader and every worker
/// Down: the complete set of a node's live attempts and publications as of an index. A level, not
/// an event: a lost one costs nothing, a repeated one repeats nothing.
struct Assignments {
  LogIndex as_of;
  std::vector<std::shared_ptr<const state::Assignment>> attempts;
  std::vector<std::shared_ptr<const state::Publication>> publications;
};
/// Up: this worker serves `node`; answer: unit. Its assignments follow.
struct OpenStream {
  OpenStream(NodeName n, caf::actor w) : node(std::move(n)), worker(std::move(w)) {}
  NodeName node;
  caf::actor worker;
};
/// Up: a renewal of the lease, of use when it is answered within `at_most`. Answer: Result<LeaseGranted>;
/// `not_leader`: the node has to join again. After another fault it may ask again.
struct RenewLease {
  RenewLease(NodeName n, Duration d) : node(std::move(n)), at_most(d) {}
  NodeName node;
  Duration at_most;
};
/// The node may run slices for so long, from when it asked: the leader's own time, whatever the node's file says.
struct LeaseGranted {
  Duration lease;
};
/// Up: how far a slice is.
struct Progress {
  Progress(AttemptKey a, std::uint16_t p, std::uint64_t r, bool w = false, bool i = false)
      : attempt(std::move(a)), permille(p), rows(r), waits_for_room(w), waits_for_inputs(i) {}
  AttemptKey attempt;
  std::uint16_t permille;
  std::uint64_t rows;
  bool waits_for_room;    ///< it has ended; its outputs wait for room on the node's disk
  bool waits_for_inputs;  ///< it has not begun; no node that can be reached has its inputs
};

// ---- worker, slices, spawner
/// spawner_link -> worker_actor: what the spawner has. Exit reports wait in the link.
struct SpawnerHas {
  struct Entry {
    isolation::SliceId slice;
    bool exited = false;
  };
  SpawnerHas(std::uint64_t i, std::vector<Entry> s) : incarnation(i), slices(std::move(s)) {}
  std::uint64_t incarnation;
  std::vector<Entry> slices;
};
/// spawner_link -> whoever watches the slice
struct SliceLaunched {
  SliceLaunched(isolation::SliceId s, std::int64_t ns) : slice(std::move(s)), exec_boot_ns(ns) {}
  isolation::SliceId slice;
  std::int64_t exec_boot_ns;
};
/// spawner_link -> whoever watches the slice
struct SliceExited {
  explicit SliceExited(isolation::ExitReport r) : report(std::move(r)) {}
  isolation::ExitReport report;
};
/// spawner_link -> whoever watches the slice: nothing was started.
struct SliceRefused {
  SliceRefused(isolation::SliceId s, Fault f) : slice(std::move(s)), fault(std::move(f)) {}
  isolation::SliceId slice;
  Fault fault;
};
/// worker_actor -> slice_actor: its run is over; kill it and report.
struct EndSlice {};
/// slice_actor -> worker_actor: resolved in applied state, nothing of it is left.
struct SliceDone {
  explicit SliceDone(AttemptKey a) : attempt(std::move(a)) {}
  AttemptKey attempt;
};
/// publisher_actor <- worker_actor: the complete set of what is to be published here.
struct PublishAll {
  explicit PublishAll(std::vector<std::shared_ptr<const state::Publication>> p)
      : publications(std::move(p)) {}
  std::vector<std::shared_ptr<const state::Publication>> publications;
};
/// Door -> analyst_actor. Answer: Result<std::vector<pipeline::SqlReading>>.
struct Analyse {
  explicit Analyse(std::vector<pipeline::SqlQuestion> q)
      : questions(std::make_shared<const std::vector<pipeline::SqlQuestion>>(std::move(q))) {}
  std::shared_ptr<const std::vector<pipeline::SqlQuestion>> questions;
};

/// Door -> trial actor (analyst_actor.hpp): run a built-in step over one file, outside every run. Answer:
/// Result<TrialEnd>.
struct Trial {
  Trial(pipeline::StepFile s, std::string n, std::string b)
      : step(std::make_shared<const pipeline::StepFile>(std::move(s))),
        name(std::move(n)),
        bytes(std::make_shared<const std::string>(std::move(b))) {}
  std::shared_ptr<const pipeline::StepFile> step;  ///< it reads one dataset
  std::string name;                                ///< of the file in it
  std::shared_ptr<const std::string> bytes;
};
struct TrialEnd {
  bool succeeded = false;
  bool timed_out = false;
  std::string what;  ///< how it ended, a sentence, when it did not succeed
  SliceReport report;
  std::string log;  ///< what the step wrote; it may quote the file, and belongs to its owner alone
};

}  // namespace runink::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::WritePersisted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::ProposeEntries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::AppliedUpTo)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::PeerSaid)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::PeerUnreachable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::PeerGone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::DiskLevelChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SnapshotDrafted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SnapshotTaken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SnapshotArrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::InstallSnapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SnapshotInstalled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::StateReplaced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::AskRead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::ReadDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::HandOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::TransferLeadership)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::MembersWanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::AskRaft)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::RaftStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::EntriesCommitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::RoleChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::ProposalDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Reschedule)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::FindRun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::FindHerd)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Decide)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Decided)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SubmitRun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::ApplyPipeline)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::HerdChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::KeysChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::NextKeysChange)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::CancelRun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::RunEvents)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::NextItems)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Feed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Assignments)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::OpenStream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::RenewLease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::LeaseGranted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SpawnerHas)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SliceLaunched)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SliceExited)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SliceRefused)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::EndSlice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::SliceDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::PublishAll)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Analyse)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(runink::actors::Trial)
