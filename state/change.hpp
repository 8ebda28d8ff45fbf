// How every apply_one touches the tables: the row is written where the value changes, and what is
// derived from it follows at once. Internal to state/.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "state/apply.hpp"

namespace runink::state {

/// Why something is refused; the sentence is whole.
struct Problem {
  Refusal refusal = Refusal::none;
  std::string what;
};

class Change {
 public:
  Change(ClusterState& cluster, LogIndex index, WallTime now, const Caller& caller)
      : cluster(cluster), index(index), now(now), caller(caller) {}

  ClusterState& cluster;
  const LogIndex index;
  const WallTime now;
  const Caller& caller;
  std::vector<Event> events;

  // The value in the table is already changed; these write its row.
  void put(const Node& node);
  void put(const Member& member);
  void put(const RemovedMember& removed);
  void put(const Herd& herd);
  void put(const BundleRow& bundle);
  void put(const PipelineRow& pipeline);
  void put(const RequestRow& request);
  void put(const DatasetVersion& version);
  void put(const SinkTarget& target);
  void put(const ContractVersion& version);
  void put(const KvEntry& entry);
  void put(const KvChanges& changes);
  void put(const KvAnswered& answered);
  void put(const KvHead& head);
  void put(const KvSession& session);
  void put(const KvSessionResult& result);
  void put_head(const Run& run);
  void put_plan(const Run& run);
  void put_stage(const Run& run, std::size_t step);
  void put_partition(const Run& run, std::size_t step, std::size_t partition);
  void put_history(const Run& run);
  void put_history(const DatasetVersion& version);
  void put_history(const PipelineKey& pipeline, const PipelineVersion& version);
  void put_history(const ContractVersion& version);
  void remove(Table table, std::string key);

  /// All rows in the order of table and key, then `meta`; advances applied index, clock and hash.
  std::vector<Row> finish(std::string_view encoded);

 private:
  void write(Table table, std::string key, std::string value);
  std::map<std::pair<Table, std::string>, std::optional<std::string>> rows_;
};

/// Brings what is derived from one partition (live attempts, placeable) up to date.
void derive(ClusterState& cluster, const Run& run, std::size_t step, std::size_t partition);
/// The same for everything, from nothing.
void derive_all(ClusterState& cluster);

VersionKey version_key(const Run& run, const DatasetName& dataset, LogIndex index);
/// The exact versions that a step reads; all its producers are true.
std::vector<VersionKey> versions_read(const Run& run, std::size_t step);
PartitionKey partition_key(const Run& run, std::size_t step, std::size_t partition);

// ---- what follows from a change, run_walk.cpp
/// The last partition is committed: versions, lineage, publication, the next stages.
void make_stage_true(Change& change, Run& run, std::size_t step);
void succeed_stage(Change& change, Run& run, std::size_t step);
/// The stage fails, and its run with it.
void fail_stage(Change& change, Run& run, std::size_t step);
/// Nothing new is placed; live attempts are to be ended.
void end_run(Change& change, Run& run, RunStatus status);
/// Ends the run when all succeeded, and archives it when nothing of it lives; `run` may be gone
/// afterwards.
void settle(Change& change, Run& run);
/// A live attempt is over without a commit: counts it, sets the retry time or fails the stage.
void end_attempt(Change& change, Run& run, std::size_t step, std::size_t partition,
                 const EndedAttempt& ended);
void ready_stage(Change& change, Run& run, std::size_t step);

/// The live attempts of a node are lost, and placed again.
void lose_attempts(Change& change, const NodeName& node);

/// The herd is gone: its contracts become history.
void remove_contracts(Change& change, const HerdName& herd);
/// Ends the sessions that are over by the cluster's time, some of them if there are many.
void end_idle_sessions(Change& change);
/// The herd is gone: so are its keys and values, and whoever watches them has to begin again.
void remove_keys(Change& change, const HerdName& herd);

// ---- versions of contracts, apply_contract.cpp
/// A document that may become a version, and the number that it has then.
struct NumberedContract {
  const ContractApplied* applied = nullptr;
  std::uint32_t number = 0;
  bool known = false;  ///< it is the latest version already
};
/// What these would be, or why one of them cannot be a version. They outlive the answer.
std::expected<std::vector<NumberedContract>, Problem> number_contracts(
    const ClusterState& cluster, std::span<const ContractApplied> contracts);
/// Makes versions of those that are none yet.
void put_contracts(Change& change, const std::vector<NumberedContract>& contracts);
/// The contracts that a plan or a pipeline goes by are registered, and not long ago, or are among
/// those that come with it.
std::optional<Problem> check_contracts(const ClusterState& cluster, const HerdName& herd,
                                       const std::vector<pipeline::ContractUse>& uses,
                                       const std::vector<NumberedContract>& brought);

// ---- checks, checks.cpp
std::optional<Problem> check_plan(const pipeline::Plan& plan);
/// Relative, without "..", empty parts or NUL.
bool is_inner_path(std::string_view path);

Outcome refuse(Refusal refusal, std::string what);
inline Outcome refuse(Problem problem) { return refuse(problem.refusal, std::move(problem.what)); }
Outcome no_such_herd(const HerdName& herd);
inline Outcome accept() { return {}; }
inline Outcome repeat() { return {Verdict::repeated, Refusal::none, {}, {}, false, 0, {}}; }

// ---- one overload for each command
Outcome apply_one(Change& change, const NodeJoined& joined);
Outcome apply_one(Change& change, const NodeLost& lost);
Outcome apply_one(Change& change, const HerdApplied& applied);
Outcome apply_one(Change& change, const HerdRemoved& removed);
Outcome apply_one(Change& change, const BundleStored& stored);
Outcome apply_one(Change& change, const PipelineApplied& applied);
Outcome apply_one(Change& change, const RunSubmitted& submitted);
Outcome apply_one(Change& change, const SlicesPlaced& placed);
Outcome apply_one(Change& change, const PartitionCommitted& committed);
Outcome apply_one(Change& change, const AttemptFailed& failed);
Outcome apply_one(Change& change, const SinkPublished& published);
Outcome apply_one(Change& change, const SinkRefused& refused);
Outcome apply_one(Change& change, const RunCancelled& cancelled);
Outcome apply_one(Change& change, const ContractApplied& applied);
Outcome apply_one(Change& change, const ContractsBrought& brought);
Outcome apply_one(Change& change, const KvTransaction& asked);
Outcome apply_one(Change& change, const MembersFounded& founded);
Outcome apply_one(Change& change, const MemberAdded& added);
Outcome apply_one(Change& change, const MemberPromoted& promoted);
Outcome apply_one(Change& change, const MemberRemoved& removed);
Outcome apply_one(Change& change, const LeaderAsked& asked);
Outcome apply_one(Change& change, const ClusterRecovered& recovered);
Outcome apply_one(Change& change, const KvSessionOpened& opened);
Outcome apply_one(Change& change, const KvInSession& asked);
/// With the contracts that it brings, all or nothing.
Outcome apply_with(Change& change, const PipelineApplied& applied,
                   const std::vector<ContractApplied>& contracts);
Outcome apply_with(Change& change, const RunSubmitted& submitted,
                   const std::vector<ContractApplied>& contracts);

}  // namespace runink::state
