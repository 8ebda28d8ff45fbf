// Strong types for every identity: a Term and a LogIndex never mix.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <utility>

namespace runink {

/// A value of `Rep` that only compares with its own kind. `Tag` is never defined.
template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep value{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(std::move(v)) {}
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
  friend constexpr bool operator==(const Strong&, const Strong&) = default;
};

/// Raft term, 0 = before the first election. Raft paper, section 5.1.
using Term = Strong<struct TermTag, std::uint64_t>;
/// Position in the replicated log, the first entry is 1, 0 = none. Raft paper, section 5.3.
using LogIndex = Strong<struct LogIndexTag, std::uint64_t>;
/// A Raft member. Unique for ever: a wiped disk comes back under a new id. 0 = nobody.
using NodeId = Strong<struct NodeIdTag, std::uint64_t>;

/// The name a node has in the cluster file ("n1").
using NodeName = Strong<struct NodeNameTag, std::string>;
using HerdName = Strong<struct HerdNameTag, std::string>;
using VolumeName = Strong<struct VolumeNameTag, std::string>;
using PipelineName = Strong<struct PipelineNameTag, std::string>;
using StepName = Strong<struct StepNameTag, std::string>;
using DatasetName = Strong<struct DatasetNameTag, std::string>;
using ContractName = Strong<struct ContractNameTag, std::string>;

/// 32 lower-case hex digits, derived from herd + request id, so that a repeated submit is the same run.
using RunId = Strong<struct RunIdTag, std::string>;
/// Made once by the client for one intention; at most `limits::request_id_bytes`.
using RequestId = Strong<struct RequestIdTag, std::string>;
/// A client's session over keys and values: the log index of the entry that opened it, 0 = none.
using SessionId = Strong<struct SessionIdTag, std::uint64_t>;
/// Which part of a stage, 0-based.
using Partition = Strong<struct PartitionTag, std::uint32_t>;
/// The number of an attempt is the log index of its `SlicesPlaced`: the fencing token of the slice.
using Attempt = Strong<struct AttemptTag, std::uint64_t>;

constexpr LogIndex next(LogIndex i) { return LogIndex{i.value + 1}; }
constexpr LogIndex previous(LogIndex i) { return LogIndex{i.value - 1}; }
constexpr Term next(Term t) { return Term{t.value + 1}; }

/// One partition of one stage of one run: what at most one commit ever belongs to.
struct PartitionKey {
  RunId run;
  StepName step;
  Partition partition;
  friend auto operator<=>(const PartitionKey&, const PartitionKey&) = default;
  friend bool operator==(const PartitionKey&, const PartitionKey&) = default;
  static auto fields(auto& self) { return std::tie(self.run, self.step, self.partition); }
};

/// One slice: the natural key that makes a repeated report of it harmless.
struct AttemptKey {
  PartitionKey partition;
  Attempt attempt;
  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
  friend bool operator==(const AttemptKey&, const AttemptKey&) = default;
  static auto fields(auto& self) { return std::tie(self.partition, self.attempt); }
};

}  // namespace runink

template <class Tag, class Rep>
struct std::hash<runink::Strong<Tag, Rep>> {
  std::size_t operator()(const runink::Strong<Tag, Rep>& x) const {
    return std::hash<Rep>{}(x.value);
  }
};
