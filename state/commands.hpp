// What the log says: every command of the replicated state machine, as typed values. Numbers are
// for ever: a body's place in `Body` is its number on disk, new ones go to the end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "governance/contract.hpp"
#include "governance/policy.hpp"
#include "pipeline/plan.hpp"
#include "state/kv_commands.hpp"
#include "state/member_commands.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/report.hpp"
#include "vocabulary/units.hpp"

namespace runink::state {

/// Who asked, as the door knew it. Never a secret.
struct Caller {
  std::uint32_t uid = 0;
  std::string name;  ///< the account's name, or "node:<name>" for the platform itself
  friend bool operator==(const Caller&, const Caller&) = default;
  static auto fields(auto& self) { return std::tie(self.uid, self.name); }
};

enum class Access : std::uint8_t { read = 1, write = 2 };  ///< write includes read
constexpr bool known(Access a) { return a == Access::read || a == Access::write; }

/// A volume as one node offers it. The path on disk stays with the node.
struct VolumeOffer {
  VolumeName volume;
  std::map<HerdName, Access> grants;
  friend bool operator==(const VolumeOffer&, const VolumeOffer&) = default;
  static auto fields(auto& self) { return std::tie(self.volume, self.grants); }
};

struct Capacity {
  MilliCpu cpu;
  Bytes memory;
  Bytes disk;
  friend bool operator==(const Capacity&, const Capacity&) = default;
  static auto fields(auto& self) { return std::tie(self.cpu, self.memory, self.disk); }
};

/// A node came, or came back with another inventory. `incarnation` grows with each start.
struct NodeJoined {
  NodeName node;
  NodeId id;
  std::uint64_t incarnation = 0;
  bool voter = false;
  bool worker = false;
  Capacity capacity;
  std::map<std::string, std::string> labels;
  std::vector<VolumeOffer> volumes;
  friend bool operator==(const NodeJoined&, const NodeJoined&) = default;
  static auto fields(auto& self) {
    return std::tie(self.node, self.id, self.incarnation, self.voter, self.worker, self.capacity,
                    self.labels, self.volumes);
  }
};

/// The leader's view of a lease that passed. Its live attempts are lost and placed again.
struct NodeLost {
  NodeName node;
  std::uint64_t incarnation = 0;
  friend bool operator==(const NodeLost&, const NodeLost&) = default;
  static auto fields(auto& self) { return std::tie(self.node, self.incarnation); }
};

/// What a herd may use; 0 = no limit of its own.
struct Quota {
  MilliCpu cpu;
  Bytes memory;
  std::uint32_t slices = 0;
  std::uint32_t runs = 0;
  friend bool operator==(const Quota&, const Quota&) = default;
  static auto fields(auto& self) { return std::tie(self.cpu, self.memory, self.slices, self.runs); }
};

/// A herd is made, or its policy replaced as a whole.
struct HerdApplied {
  HerdName herd;
  std::string description;
  Quota quota;
  governance::HerdPolicy policy = {};
  friend bool operator==(const HerdApplied&, const HerdApplied&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.description, self.quota, self.policy);
  }
};

/// Refused while runs of the herd are live.
struct HerdRemoved {
  HerdName herd;
  friend bool operator==(const HerdRemoved&, const HerdRemoved&) = default;
  static auto fields(auto& self) { return std::tie(self.herd); }
};

/// A bundle lies in the artifact store of `holders`.
struct BundleStored {
  Digest bundle;
  Bytes size;
  std::vector<NodeName> holders;
  friend bool operator==(const BundleStored&, const BundleStored&) = default;
  static auto fields(auto& self) { return std::tie(self.bundle, self.size, self.holders); }
};

/// `pipeline` of `herd` is this bundle from now on; the same bundle again changes nothing.
struct PipelineApplied {
  HerdName herd;
  PipelineName pipeline;
  Digest bundle;
  /// What its plan goes by: it is a consumer of these contracts from now on. Sorted by name and
  /// object, without repeats.
  std::vector<pipeline::ContractUse> contracts = {};
  friend bool operator==(const PipelineApplied&, const PipelineApplied&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.pipeline, self.bundle, self.contracts);
  }
};

/// Repeated with the same request id and the same plan it is the same run; with another plan it is
/// refused as a conflict.
struct RunSubmitted {
  RequestId request;
  RunId run;  ///< run_id_of(plan.herd, request)
  pipeline::Plan plan;
  /// `governance::digest_of` the herd's policy that the plan was compiled under: masks follow from it.
  Digest policy;
  friend bool operator==(const RunSubmitted&, const RunSubmitted&) = default;
  static auto fields(auto& self) {
    return std::tie(self.request, self.run, self.plan, self.policy);
  }
};

struct Placement {
  PartitionKey partition;
  NodeName node;
  friend bool operator==(const Placement&, const Placement&) = default;
  static auto fields(auto& self) { return std::tie(self.partition, self.node); }
};

/// What `decide` chose at `basis`. The attempt of each placement is this entry's own index. `apply`
/// checks each one again and refuses those that are no longer possible.
struct SlicesPlaced {
  LogIndex basis;
  std::uint32_t scheduler_version = 0;
  std::vector<Placement> placements;
  friend bool operator==(const SlicesPlaced&, const SlicesPlaced&) = default;
  static auto fields(auto& self) {
    return std::tie(self.basis, self.scheduler_version, self.placements);
  }
};

/// One file of an output, an artifact.
struct OutputFile {
  Digest digest;
  Bytes size;
  friend bool operator==(const OutputFile&, const OutputFile&) = default;
  static auto fields(auto& self) { return std::tie(self.digest, self.size); }
};

/// One dataset as one partition made it. `files` are in the order of their names, and named
/// `<name>` below the dataset's folder when they are given to a reader.
struct Output {
  DatasetName dataset;
  std::vector<std::pair<std::string, OutputFile>> files;
  std::uint64_t rows = 0;
  bool rows_known = false;
  /// Over rows (order-insensitive) where a built-in step wrote it, else over names and bytes.
  std::uint64_t content_hash = 0;
  std::vector<Column> columns;
  friend bool operator==(const Output&, const Output&) = default;
  static auto fields(auto& self) {
    return std::tie(self.dataset, self.files, self.rows, self.rows_known, self.content_hash,
                    self.columns);
  }
};

/// What the kernel counted.
struct Usage {
  Duration cpu;
  Bytes memory_peak;
  WallTime started;  ///< exec'd, by the node's clock, for people only
  WallTime ended;
  friend bool operator==(const Usage&, const Usage&) = default;
  static auto fields(auto& self) {
    return std::tie(self.cpu, self.memory_peak, self.started, self.ended);
  }
};

/// What was counted for one rule of a validate step's contract; `rule` is its number in
/// `governance::rules_of`.
struct QualityCount {
  std::uint16_t rule = 0;
  std::uint64_t counted = 0;
  std::uint64_t of = 0;
  friend bool operator==(const QualityCount&, const QualityCount&) = default;
  static auto fields(auto& self) { return std::tie(self.rule, self.counted, self.of); }
};

/// One partition is done. The last one of a stage makes the stage true in this same entry.
struct PartitionCommitted {
  AttemptKey attempt;
  std::vector<Output> outputs;
  std::vector<NodeName> holders;
  std::vector<FileRead> read;
  std::map<std::string, std::uint64_t> counters;
  Usage usage;
  /// The slice's log as an artifact; empty when it wrote nothing.
  Digest log;
  /// Of a validate step: one for each rule of its contract, in their order.
  std::vector<QualityCount> quality = {};
  friend bool operator==(const PartitionCommitted&, const PartitionCommitted&) = default;
  static auto fields(auto& self) {
    return std::tie(self.attempt, self.outputs, self.holders, self.read, self.counters, self.usage,
                    self.log, self.quality);
  }
};

/// How an attempt ended that did not commit.
enum class AttemptEnd : std::uint8_t {
  exited = 1,         ///< a non-zero exit code
  signalled = 2,      ///< killed by a signal that we did not send
  out_of_memory = 3,  ///< the cgroup's limit
  timed_out = 4,      ///< past the step's timeout
  setup_failed = 5,   ///< the sandbox could not be built; `setup_step` says where
  bad_output = 6,     ///< ended well, but its outputs cannot be taken
  cancelled = 7,      ///< killed because its run was cancelled or ended
  lost = 8,           ///< the node or the spawner is gone; does not count against `retry`
};
constexpr bool known(AttemptEnd e) { return e >= AttemptEnd::exited && e <= AttemptEnd::lost; }
std::string_view to_string(AttemptEnd end);

struct AttemptFailed {
  AttemptKey attempt;
  AttemptEnd end = AttemptEnd::exited;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  SliceReason reason = SliceReason::none;
  /// Number of the sandbox step that failed (isolation/step.hpp); 0 = none.
  std::uint16_t setup_step = 0;
  std::int32_t setup_errno = 0;
  Usage usage;
  Digest log;
  friend bool operator==(const AttemptFailed&, const AttemptFailed&) = default;
  static auto fields(auto& self) {
    return std::tie(self.attempt, self.end, self.exit_code, self.signal, self.reason,
                    self.setup_step, self.setup_errno, self.usage, self.log);
  }
};

/// A sink's file stands at its target. `index` is the log index of the sink stage's commit, which
/// the publisher stores beside the target: a publisher that was asleep finds a newer one.
struct SinkPublished {
  RunId run;
  StepName step;
  NodeName node;
  LogIndex index;
  /// True when a newer publication was found there and this one was given up.
  bool superseded = false;
  friend bool operator==(const SinkPublished&, const SinkPublished&) = default;
  static auto fields(auto& self) {
    return std::tie(self.run, self.step, self.node, self.index, self.superseded);
  }
};

enum class PublishRefusal : std::uint8_t {
  volume_missing = 1,
  not_granted = 2,
  leaves_volume = 3,
  disk_full = 4,
  outside_failed = 5
};
constexpr bool known(PublishRefusal r) {
  return r >= PublishRefusal::volume_missing && r <= PublishRefusal::outside_failed;
}
std::string_view to_string(PublishRefusal refusal);

/// A sink that cannot be published: its stage fails, its run fails.
struct SinkRefused {
  RunId run;
  StepName step;
  NodeName node;
  PublishRefusal reason = PublishRefusal::outside_failed;
  std::int32_t error = 0;  ///< errno, 0 = none
  friend bool operator==(const SinkRefused&, const SinkRefused&) = default;
  static auto fields(auto& self) {
    return std::tie(self.run, self.step, self.node, self.reason, self.error);
  }
};

/// Asked for by a person; live attempts are ended, nothing new is placed.
struct RunCancelled {
  RunId run;
  friend bool operator==(const RunCancelled&, const RunCancelled&) = default;
  static auto fields(auto& self) { return std::tie(self.run); }
};

/// A contract of a herd has a new version: 1 + the one before. The same document as the latest
/// version changes nothing. Who may be broken by it was judged before, against `expected_latest`.
struct ContractApplied {
  HerdName herd;
  ContractName name;
  Digest document;  ///< the ODCS text, an artifact
  Bytes size;
  std::vector<NodeName> holders;
  governance::Contract contract;
  /// The entry of the latest version when this one was compared with it; 0 = there was none.
  LogIndex expected_latest;
  LogIndex restored_from;        ///< the entry of the version whose content this is; 0 = a new one
  bool accept_breaking = false;  ///< somebody said that it may break consumers
  friend bool operator==(const ContractApplied&, const ContractApplied&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.name, self.document, self.size, self.holders, self.contract,
                    self.expected_latest, self.restored_from, self.accept_breaking);
  }
};

/// Documents of a bundle, and the pipeline or the run that goes by them. In this one entry every
/// document becomes a version and the pipeline or the run is taken, or nothing of it: what is refused
/// leaves no version behind.
struct ContractsBrought {
  /// Of the herd of `by`, sorted by name, without repeats; at least one.
  std::vector<ContractApplied> contracts;
  /// The place in this list is its number on disk. Its plan names the versions that will be made.
  std::variant<PipelineApplied, RunSubmitted> by;
  friend bool operator==(const ContractsBrought&, const ContractsBrought&) = default;
  static auto fields(auto& self) { return std::tie(self.contracts, self.by); }
};

using Body =
    std::variant<NodeJoined, NodeLost, HerdApplied, HerdRemoved, BundleStored, PipelineApplied,
                 RunSubmitted, SlicesPlaced, PartitionCommitted, AttemptFailed, SinkPublished,
                 SinkRefused, RunCancelled, ContractApplied, ContractsBrought, KvTransaction,
                 MembersFounded, MemberAdded, MemberPromoted, MemberRemoved, LeaderAsked,
                 ClusterRecovered, KvSessionOpened, KvInSession>;

/// One entry of the log.
struct Command {
  std::uint16_t version = 1;
  /// Cluster time: the leader's, never going back. For people, backoff and ages; never for order.
  WallTime at;
  Caller caller;
  Body body;
  friend bool operator==(const Command&, const Command&) = default;
  static auto fields(auto& self) { return std::tie(self.version, self.at, self.caller, self.body); }
};

/// The run of a request: the first 32 hex digits of SHA-256(herd, NUL, request).
RunId run_id_of(const HerdName& herd, const RequestId& request);

}  // namespace runink::state
