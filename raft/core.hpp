// The Raft core: one input in, one value of effects out. No clock, disk, socket or thread.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <set>

#include "raft/config.hpp"
#include "raft/configuration_history.hpp"
#include "raft/effects.hpp"
#include "raft/follower_progress.hpp"
#include "raft/inputs.hpp"
#include "raft/log.hpp"
#include "raft/ports.hpp"
#include "raft/quorum.hpp"
#include "raft/read_rounds.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::raft {

/// One member of one group. Sources by theme: core.cpp (dispatch, time, writes), core_election.cpp,
/// core_replication.cpp, core_reads.cpp, core_transfer.cpp, core_membership.cpp, core_snapshot.cpp,
/// core_version.cpp. Raft paper (Ongaro, Ousterhout 2014); pre-vote and check-quorum as in Ongaro's
/// thesis, 9.6 and 6.2.
class Core {
 public:
  /// `recovered` must have passed `check` and `check_versions`. `applied`: the last index the state machine holds.
  Core(Config config, Recovered recovered, LogIndex applied);

  /// Whatever order, duplicate or delay the inputs come in, no invariant breaks. Writes must be
  /// acknowledged in the order of their sequence.
  Effects step(Input input);

  const Config& config() const { return config_; }
  Role role() const { return role_; }
  Term term() const { return hard_.term; }
  NodeId vote() const { return hard_.vote; }
  NodeId leader() const { return leader_; }
  const Log& log() const { return log_; }
  /// In force: the newest in the log.
  const Configuration& configuration() const { return history_.newest(); }
  const Voters& voters() const { return configuration().voters; }
  const ConfigurationHistory& configurations() const { return history_; }
  /// The term and vote that are known to be on disk.
  const HardState& durable_hard_state() const { return durable_hard_; }
  const Followers& followers() const { return followers_; }
  /// Who has answered our newest question for votes, and how.
  const std::map<NodeId, bool>& votes() const { return votes_; }
  /// The core's own time, in which followers were heard: a pause of the process counts little.
  Instant time() const { return time_; }
  LogIndex applied() const { return log_.applied(); }
  bool stopped() const { return stopped_; }
  /// How long the oldest write that is not known to be durable has taken so far; 0 = there is none.
  Duration persist_age() const;
  /// Whom the leadership is being handed to; 0 = nobody.
  NodeId transferee() const { return transfer_ ? transfer_->to : NodeId{}; }
  /// The newest round of reads of this leadership, and the index that its reads must see.
  ReadSeq newest_read() const { return rounds_.newest(); }
  LogIndex newest_read_index() const { return rounds_.newest_index(); }
  /// What the group speaks: the newest that is known to be committed.
  Version version() const { return version_; }
  /// The newest snapshot that is on disk here.
  const std::optional<SnapshotMeta>& snapshot() const { return snapshot_; }
  /// Is the state machine being replaced by a snapshot?
  bool installing() const { return installing_.has_value(); }
  /// The newest snapshot and those that followers may still fetch from here: the others may go.
  std::set<SnapshotId> snapshots_in_use() const;
  /// What must be written into a snapshot of the state machine at `index`, but for id and size.
  /// `index` is applied and not below the last snapshot's. Nothing when there can be none there yet: nothing is
  /// applied, or this node joins and the entry that says who its group is comes later.
  std::optional<SnapshotMeta> describe(LogIndex index) const;
  /// Reads that have no answer yet.
  std::size_t waiting_reads() const {
    return rounds_.size() + forwarded_.size() + confirmed_.size();
  }

 private:
  // One overload per input.
  void on(const Tick& tick);
  void on(Receive& receive);
  void on(Propose& propose);
  void on(const LogPersisted& persisted);
  void on(const PersistFailed& failed);
  void on(const Applied& applied);
  void on(const PeerUnreachable& unreachable);
  void on(const DiskSpaceChanged& changed);
  void on(const ForgetLeader& forget);
  void on(const Campaign& campaign);
  void on(const SetElectionTimeout& set);
  void on(const Read& read);
  void on(const TransferLeader& transfer);
  void on(const ChangeMembers& change);
  void on(const SnapshotTaken& taken);
  void on(const SnapshotFetched& fetched);
  void on(const SnapshotInstalled& installed);

  // One overload per message of the current term (or, for pre-votes, of any).
  void on(NodeId from, Term term, const PreVoteRequest& request);
  void on(NodeId from, Term term, const PreVoteResponse& response);
  void on(NodeId from, Term term, const VoteRequest& request);
  void on(NodeId from, Term term, const VoteResponse& response);
  void on(NodeId from, Term term, Append& append);
  void on(NodeId from, Term term, const AppendResponse& response);
  void on(NodeId from, Term term, const Heartbeat& heartbeat);
  void on(NodeId from, Term term, const HeartbeatResponse& response);
  void on(NodeId from, Term term, const TimeoutNow& now);
  void on(NodeId from, Term term, const ReadIndexRequest& request);
  void on(NodeId from, Term term, const ReadIndexResponse& response);
  void on(NodeId from, Term term, const SnapshotOffer& offer);
  void on(NodeId from, Term term, const SnapshotResponse& response);
  /// Settles a difference of terms; false when the message is done with.
  bool settle_term(const Envelope& envelope);
  void answer_old_term(const Envelope& envelope);

  // core_election.cpp
  bool may_campaign() const;
  bool hears_a_leader() const;
  void pre_campaign();
  void campaign(bool force);
  void count_votes();
  void become_follower(Term term, NodeId leader);
  void become_leader();
  void follow(NodeId leader);
  void reset_election_timer();
  void check_quorum();
  /// Ourselves and the followers heard within one check-quorum window.
  std::map<NodeId, bool> alive() const;

  // core_replication.cpp
  Answer admit(const Propose& propose) const;
  void replicate_to(NodeId id, FollowerProgress& follower);
  void send_append(NodeId id, FollowerProgress& follower);
  void replicate_to_all();
  void beat();
  void send_heartbeat(NodeId id, FollowerProgress& follower);
  /// What every answer of ours tells besides.
  FollowerStatus status() const;
  bool applier_is_behind() const;
  void hear(NodeId id, FollowerProgress& follower, const FollowerStatus& status);
  void compare_state(NodeId id, FollowerProgress& follower);
  void advance_commit();
  void acknowledge_append(NodeId to, LogIndex match);

  // core_reads.cpp
  bool own_term_committed() const;
  void ask_for_reads();
  void open_round();
  void confirm_reads();
  void answer_read(const ReadRounds::Asker& asker, LogIndex index);
  void forward_reads();
  void fail_reads();
  void serve_applied_reads();

  // core_membership.cpp
  std::optional<Answer> may_change_members() const;
  std::expected<Configuration, Answer> plan(const ChangeMembers& change);
  std::vector<MemberChange> learners_first(const std::vector<MemberChange>& asked) const;
  bool keeps_up(NodeId id) const;
  void append_configuration(Configuration to);
  void take_configurations(LogIndex from);
  void configuration_changed();
  void lead_members();
  void catches_up(NodeId id, LogIndex match);
  void promote_learners();
  void configuration_committed();

  // core_snapshot.cpp
  void offer_snapshot(NodeId id, FollowerProgress& follower);
  void take_snapshot_when_due();
  LogIndex index_with_trailing(LogIndex index) const;
  void compact();

  // core_version.cpp
  std::optional<Fault> beyond_us(const std::vector<Entry>& entries) const;
  std::optional<Version> what_all_speak() const;
  void raise_version();
  void take_committed_versions();
  void take_version_of(const SnapshotMeta& snapshot);
  Version version_at(LogIndex index) const;

  // core_transfer.cpp
  NodeId most_complete_voter() const;
  void go_on_with_transfer();
  void give_up_late_transfer();
  bool begin_to_give_way();
  void give_way_to_a_living_disk();
  void hand_over_and_go();

  // core.cpp
  void read_message(Envelope& envelope);
  void let_time_pass(Instant now);
  bool disk_stalls() const;
  /// Nothing leaves any more, ever; `fault` tells the owner why.
  void stop(std::optional<Fault> fault);
  void send(NodeId to, Message message);
  void send_after_durable(NodeId to, Message message);
  Effects finish();

  /// A write that is not yet known to be durable.
  struct Outstanding {
    PersistSeq seq;
    Term last_term;
    LogIndex last_index;
    std::optional<HardState> hard_state;
    Instant since;
  };

  Config config_;
  Randomness random_;
  HardState hard_;                        // commit is filled in when written
  HardState durable_hard_;                // what the disk is known to hold
  HardState written_hard_;                // what the newest write holds
  std::optional<SnapshotMeta> snapshot_;  // the newest on disk
  Log log_;
  ConfigurationHistory history_;
  Role role_ = Role::follower;
  NodeId leader_;
  bool stopped_ = false;

  std::optional<Instant> last_tick_;
  Instant time_;  // ours: a pause counts as one heartbeat
  Instant election_since_;
  Instant election_at_;
  std::optional<Duration> fixed_election_timeout_;
  Instant heard_leader_until_;
  Instant heartbeat_at_;
  Instant check_quorum_at_;

  std::map<NodeId, bool> votes_;
  PersistSeq own_vote_seq_;  // our own vote counts when this write is durable
  Followers followers_;      // a leader's

  struct CatchUp {
    LogIndex target;
    Instant began;
    std::uint32_t slow = 0;  // rounds that took too long
    bool done = false;
  };
  std::map<NodeId, CatchUp> catching_up_;  // a leader's; of `joining`

  struct Transfer {
    NodeId to;
    Instant until;
    bool asked = false;
  };
  std::optional<Transfer> transfer_;  // a leader's

  std::optional<SnapshotMeta> installing_;  // meanwhile nothing is handed out
  bool taking_ = false;
  Instant take_again_at_;
  Bytes since_snapshot_;  // of the entries handed out since
  LogIndex compactable_;  // what is not needed for anybody who keeps up

  std::map<LogIndex, std::uint64_t> state_hashes_;  // our newest
  Version version_{1};
  LogIndex version_looked_at_;            // up to there, committed entries are in `version_`
  std::optional<Version> version_asked_;  // a leader's: in its log, not known to be committed

  ReadRounds rounds_;                           // a leader's
  ForwardedReads forwarded_;                    // a follower's
  std::multimap<LogIndex, ReadTag> confirmed_;  // wait for the state machine

  PersistSeq last_seq_;
  PersistSeq durable_seq_;
  std::deque<Outstanding> outstanding_;
  DiskSpace disk_space_ = DiskSpace::enough;
  RoleChange told_;  // the last reported
  Effects effects_;  // of the step in progress
};

}  // namespace runink::raft
