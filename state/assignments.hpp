// What a node has to do, as a level: its attempts and its publications, derived from the tables.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "state/cluster_state.hpp"

namespace runink::state {

/// One dataset that a slice reads.
struct InputDataset {
  DatasetName dataset;
  VersionKey version;
  /// Name below the dataset's folder, and the file. With several partitions the name begins with
  /// "p<partition>-", so that no two are the same.
  std::vector<std::pair<std::string, OutputFile>> files;
  std::vector<NodeName> holders;  ///< nodes that hold all of it
  friend bool operator==(const InputDataset&, const InputDataset&) = default;
  static auto fields(auto& self) {
    return std::tie(self.dataset, self.version, self.files, self.holders);
  }
};

/// One attempt with everything that its node needs to run it.
struct Assignment {
  AttemptKey attempt;
  NodeName node;
  HerdName herd;
  PipelineName pipeline;
  Digest bundle;
  pipeline::Step step;
  std::vector<InputDataset> inputs;
  WallTime placed_at;
  bool ending = false;  ///< kill it, and report its end
  friend bool operator==(const Assignment&, const Assignment&) = default;
  static auto fields(auto& self) {
    return std::tie(self.attempt, self.node, self.herd, self.pipeline, self.bundle, self.step,
                    self.inputs, self.placed_at, self.ending);
  }
};
/// The complete set of live attempts of a node, in the order of their keys.
std::vector<Assignment> assignments_of(const ClusterState& cluster, const NodeName& node);
/// One live attempt, or nothing.
std::optional<Assignment> assignment_of(const ClusterState& cluster, const AttemptKey& attempt);

/// One committed sink file that has to reach its target.
struct Publication {
  RunId run;
  StepName step;
  HerdName herd;
  NodeName node;   ///< who publishes: the one that wrote it
  LogIndex index;  ///< of the stage's commit: stored beside the target
  TargetKey target;
  OutputFile file;
  std::vector<NodeName> holders;
  friend bool operator==(const Publication&, const Publication&) = default;
  static auto fields(auto& self) {
    return std::tie(self.run, self.step, self.herd, self.node, self.index, self.target, self.file,
                    self.holders);
  }
};
std::vector<Publication> publications_of(const ClusterState& cluster, const NodeName& node);

/// The inputs of a step of a run, each from its committed producer; empty where one is not
/// committed.
std::vector<InputDataset> inputs_of(const Run& run, const pipeline::Step& step);

}  // namespace runink::state
