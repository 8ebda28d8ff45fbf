// A small group whose logs are drawn: "1114" is a log of four entries with these terms. Messages
// move only when a test says so, disks write at once unless held.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "raft/raft.hpp"

namespace runink::raft {

class Group {
 public:
  /// Nodes 1..n with the logs drawn; each starts in the term of its last entry. All are voters, or
  /// those that `base` names; the others are in no configuration that they know of.
  explicit Group(const std::vector<std::string>& logs, Config base = {});

  Driver& at(unsigned n) { return *members_.at(n - 1)->driver; }
  const Core& core(unsigned n) const { return members_.at(n - 1)->driver->core(); }
  Role role(unsigned n) const { return core(n).role(); }
  std::uint64_t term(unsigned n) const { return core(n).term().value; }
  std::uint64_t commit(unsigned n) const { return core(n).log().committed().value; }
  /// The terms of its log as drawn.
  std::string log(unsigned n) const;
  std::uint64_t first(unsigned n) const { return core(n).log().first().value; }
  /// Payloads of the commands its state machine got.
  const std::vector<std::string>& applied(unsigned n) const { return members_.at(n - 1)->applied; }
  const std::vector<ProposalOutcome>& outcomes(unsigned n) const {
    return members_.at(n - 1)->outcomes;
  }
  const std::vector<ReadOutcome>& reads(unsigned n) const { return members_.at(n - 1)->reads; }
  const std::vector<TransferOutcome>& transfers(unsigned n) const {
    return members_.at(n - 1)->transfers;
  }
  const std::vector<NodeId>& gave_up_joining(unsigned n) const {
    return members_.at(n - 1)->gave_up;
  }
  /// Why its core has stopped; empty while it runs.
  const std::string& fault(unsigned n) const { return members_.at(n - 1)->fault; }
  const std::vector<StateDiffers>& differs(unsigned n) const { return members_.at(n - 1)->differs; }
  std::size_t writes_waiting(unsigned n) const { return members_.at(n - 1)->writes.size(); }
  /// Everything that was ever sent.
  const std::vector<Envelope>& sent() const { return sent_; }

  /// No message reaches or leaves it.
  void cut(unsigned n) { cut_.insert(NodeId{n}); }
  void join(unsigned n) { cut_.erase(NodeId{n}); }
  /// Messages for which it is true are lost.
  void lose(std::function<bool(const Envelope&)> which) { lost_ = std::move(which); }
  void hold_disk(unsigned n) { members_.at(n - 1)->disk_held = true; }
  void release_disk(unsigned n);
  /// As a log writer that makes all waiting writes together and reports the last.
  void release_disk_in_one_sync(unsigned n);
  /// Its state machine takes entries, but says nothing of having applied them.
  void hold_applier(unsigned n) { members_.at(n - 1)->applier_held = true; }
  void release_applier(unsigned n);
  /// Has it made a snapshot of what its state machine holds, as if it had asked for it.
  void take_snapshot(unsigned n);
  /// Its fetches and installs end only when a test says so.
  void hold_snapshots(unsigned n) { members_.at(n - 1)->snapshots_held = true; }
  void end_fetch(unsigned n, bool good = true);
  /// Restarts it as a program that speaks these versions.
  void restart_as(unsigned n, unsigned least, unsigned most) {
    members_.at(n - 1)->config.versions = {Version(static_cast<std::uint16_t>(least)),
                                           Version(static_cast<std::uint16_t>(most))};
    restart(n);
  }
  unsigned version(unsigned n) const { return core(n).version().value; }
  /// Restarts it as one that knows no snapshots.
  void without_snapshots(unsigned n) {
    members_.at(n - 1)->knows_snapshots = false;
    restart(n);
  }
  void end_install(unsigned n, bool good = true);
  /// What it asked its snapshot port for, in order: "take", "fetch 7 from 1", "install 7", "discard 7".
  const std::vector<std::string>& asked(unsigned n) const { return members_.at(n - 1)->asked; }
  /// Loses what was not written and starts again.
  void restart(unsigned n);

  /// Delivers until nothing is on its way.
  void settle();
  /// Ticks everybody every 10 ms.
  void pass(Duration time);
  /// Everybody forgets the leader, `n` campaigns.
  void campaign(unsigned n);
  /// Asks and returns the tag; nothing is delivered yet.
  ReadTag read(unsigned n, ReadKind kind = ReadKind::linearizable, LogIndex min_index = {}) {
    at(n).read(ReadTag{++tags_}, kind, min_index);
    return ReadTag{tags_};
  }
  /// The messages on their way, in order; a test may take them away or bring
  /// them back.
  std::deque<Envelope>& on_the_way() { return on_the_way_; }
  /// "v4 j5 r1": voter, learner (l), join, remove.
  ProposalOutcome change(unsigned n, const std::string& changes, bool force = false);
  /// "1 2 3|1 2 4 learners 5 joining 5": the voters, after a bar the outgoing ones, and the others.
  std::string members(unsigned n) const;
  void propose(unsigned n, std::string payload) {
    at(n).propose(ProposalTag{++tags_}, {std::move(payload)});
  }

 private:
  struct Stored {
    SnapshotMeta meta;
    std::vector<std::string> applied;
  };
  struct Member : LogStorePort, TransportPort, ApplierPort, OwnerPort, SnapshotPort {
    explicit Member(Group& in) : group(in) {}
    void submit(Persist write) override;
    void send(Envelope envelope) override;
    void apply(std::vector<Entry> entries) override;
    void role_changed(const RoleChange&) override {}
    void proposal_done(const ProposalOutcome& outcome) override { outcomes.push_back(outcome); }
    void read_done(const ReadOutcome& outcome) override { reads.push_back(outcome); }
    void transfer_done(const TransferOutcome& outcome) override { transfers.push_back(outcome); }
    void gave_up_joining(NodeId id) override { gave_up.push_back(id); }
    void must_end(const Fault& why) override { fault = why.what; }
    void state_differs(const StateDiffers& what) override { differs.push_back(what); }
    void take() override { asked.push_back("take"); }
    void fetch(const SnapshotFetch& fetch) override;
    void install(const SnapshotMeta& snapshot) override;
    void discard(SnapshotId id) override { asked.push_back("discard " + std::to_string(id.value)); }
    void start();
    void write_one();
    Persist to_disk();

    Group& group;
    Config config;
    Recovered disk;
    std::deque<Persist> writes;
    bool disk_held = false;
    bool applier_held = false;
    LogIndex taken;  // by the state machine
    bool snapshots_held = false;
    bool knows_snapshots = true;
    std::vector<std::string> asked;
    SnapshotId fetched;
    SnapshotId to_install;
    std::string fault;
    std::vector<StateDiffers> differs;
    std::vector<std::string> applied;
    std::vector<ProposalOutcome> outcomes;
    std::vector<ReadOutcome> reads;
    std::vector<TransferOutcome> transfers;
    std::vector<NodeId> gave_up;
    std::unique_ptr<Driver> driver;
  };

  std::vector<std::unique_ptr<Member>> members_;
  std::map<SnapshotId, Stored> snapshots_;
  std::deque<Envelope> on_the_way_;
  std::vector<Envelope> sent_;
  std::set<NodeId> cut_;
  std::function<bool(const Envelope&)> lost_;
  Instant now_{seconds(100).ns};
  std::uint64_t tags_ = 0;
};

}  // namespace runink::raft
