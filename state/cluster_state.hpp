// The tables of the replicated state machine, all ordered. A value: copy it to have a projection.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "state/catalog.hpp"
#include "state/commands.hpp"
#include "state/kv.hpp"
#include "state/kv_sessions.hpp"
#include "state/members.hpp"
#include "state/run.hpp"

namespace runink::state {

struct Node {
  NodeJoined joined;  ///< as it last came: id, incarnation, roles, capacity, labels, volumes
  bool alive = true;
  LogIndex changed;
  WallTime changed_at;
  friend bool operator==(const Node&, const Node&) = default;
  static auto fields(auto& self) {
    return std::tie(self.joined, self.alive, self.changed, self.changed_at);
  }
};

struct Herd {
  HerdName name;
  std::string description;
  Quota quota;
  governance::HerdPolicy policy;
  LogIndex changed;
  WallTime changed_at;
  friend bool operator==(const Herd&, const Herd&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.description, self.quota, self.policy, self.changed,
                    self.changed_at);
  }
};

struct BundleRow {
  Digest bundle;
  Bytes size;
  std::set<NodeName> holders;
  LogIndex stored;
  WallTime stored_at;
  friend bool operator==(const BundleRow&, const BundleRow&) = default;
  static auto fields(auto& self) {
    return std::tie(self.bundle, self.size, self.holders, self.stored, self.stored_at);
  }
};

struct PipelineVersion {
  Digest bundle;
  LogIndex applied;
  WallTime at;
  Caller caller;
  std::vector<pipeline::ContractUse> contracts;
  friend bool operator==(const PipelineVersion&, const PipelineVersion&) = default;
  static auto fields(auto& self) {
    return std::tie(self.bundle, self.applied, self.at, self.caller, self.contracts);
  }
};

using PipelineKey = std::pair<HerdName, PipelineName>;
struct PipelineRow {
  PipelineKey key;
  /// Oldest first, the last one is current; older ones than `limits::pipeline_versions` are
  /// history.
  std::vector<PipelineVersion> versions;
  friend bool operator==(const PipelineRow&, const PipelineRow&) = default;
  static auto fields(auto& self) { return std::tie(self.key, self.versions); }
};

using ContractKey = std::pair<HerdName, ContractName>;
/// One version of a contract; the greatest number is the latest.
struct ContractVersion {
  ContractKey key;
  std::uint32_t number = 0;  ///< from 1
  Digest document;           ///< the ODCS text, an artifact
  Bytes size;
  std::vector<NodeName> holders;  ///< sorted, without repeats
  governance::Contract contract;
  LogIndex applied;
  WallTime at;
  Caller caller;
  LogIndex restored_from;  ///< the entry of the version whose content this is; 0 = a new one
  bool accepted_breaking = false;
  friend bool operator==(const ContractVersion&, const ContractVersion&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.number, self.document, self.size, self.holders, self.contract,
                    self.applied, self.at, self.caller, self.restored_from, self.accepted_breaking);
  }
};

using RequestKey = std::pair<HerdName, RequestId>;
/// Which run a request is; kept for `limits::finished_requests` runs after they ended.
struct RequestRow {
  RequestKey key;
  RunId run;
  Digest plan;  ///< SHA-256 of the encoded plan
  LogIndex submitted;
  LogIndex archived;                      ///< the entry that moved the run to history; 0 = live
  RunStatus status = RunStatus::running;  ///< final once archived
  friend bool operator==(const RequestRow&, const RequestRow&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.run, self.plan, self.submitted, self.archived, self.status);
  }
};

/// herd, pipeline, dataset.
using DatasetKey = std::tuple<HerdName, PipelineName, DatasetName>;

struct ClusterState {
  LogIndex applied;
  /// Rolling: xxh64 over the index, the command's bytes and the changed rows, seeded with the one
  /// before.
  std::uint64_t hash = 0;
  /// The greatest `Command::at` so far: cluster time never goes back.
  WallTime clock;

  std::map<NodeName, Node> nodes;
  /// Empty until the first leader of a cluster of several has written down the founders.
  std::map<NodeName, Member> members;
  std::map<NodeId, RemovedMember> removed_members;
  std::map<HerdName, Herd> herds;
  std::map<Digest, BundleRow> bundles;
  std::map<PipelineKey, PipelineRow> pipelines;
  /// Runs that run, or whose last slices are still being ended.
  std::map<RunId, Run> runs;
  std::map<RequestKey, RequestRow> requests;
  /// Versions of live runs and the newest `limits::dataset_versions` of each dataset, by index.
  std::map<DatasetKey, std::map<LogIndex, DatasetVersion>> datasets;
  std::map<TargetKey, SinkTarget> targets;
  /// The newest `limits::contract_versions` of each contract, by number; older ones are history.
  std::map<ContractKey, std::map<std::uint32_t, ContractVersion>> contracts;
  KvTables kv;
  KvSessions kv_sessions;

  // Derived from the tables above, never stored; `load` makes them again.
  std::set<AttemptKey> live_attempts;
  /// Partitions that wait for a placement (their retry time may still be ahead).
  std::set<PartitionKey> placeable;
  std::set<std::pair<LogIndex, RequestKey>> archived_requests;
  std::map<RunId, RequestKey> archived_runs;

  friend bool operator==(const ClusterState&, const ClusterState&) = default;

  const Run* run(const RunId& id) const;
  const DatasetVersion* version(const VersionKey& key) const;
  /// The latest version, or null.
  const ContractVersion* contract(const ContractKey& key) const;
};

/// What live attempts use together: always counted from them, never beside them.
struct Use {
  MilliCpu cpu;
  Bytes memory;
  Bytes disk;
  std::uint32_t slices = 0;
  friend bool operator==(const Use&, const Use&) = default;
  static auto fields(auto& self) { return std::tie(self.cpu, self.memory, self.disk, self.slices); }
};
struct Uses {
  std::map<NodeName, Use> of_nodes;
  std::map<HerdName, Use> of_herds;
};
Uses uses_of(const ClusterState& cluster);

/// Whether a volume exists anywhere, and whether some node grants it to the herd in this way.
enum class VolumeAnswer : std::uint8_t { granted = 1, not_granted = 2, missing = 3 };
VolumeAnswer ask_volume(const Node& node, const HerdName& herd, const VolumeNeed& need);
VolumeAnswer ask_volume(const ClusterState& cluster, const HerdName& herd, const VolumeNeed& need);

/// Runs of the herd whose status is `running`.
std::uint32_t running_runs(const ClusterState& cluster, const HerdName& herd);
/// Why `herd` may have no further run beside its running ones and `coming` others: a whole sentence;
/// nothing when it may, or when there is no such herd.
std::optional<std::string> quota_of_runs_reached(const ClusterState& cluster, const HerdName& herd,
                                                 std::uint32_t coming = 0);

}  // namespace runink::state
