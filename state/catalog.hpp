// What outlives runs: versions of datasets with their lineage, and where sinks were published.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "state/commands.hpp"

namespace runink::state {

/// One version of one dataset: `index` is the entry that made its stage true.
struct VersionKey {
  HerdName herd;
  PipelineName pipeline;
  DatasetName dataset;
  LogIndex index;
  friend auto operator<=>(const VersionKey&, const VersionKey&) = default;
  friend bool operator==(const VersionKey&, const VersionKey&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.pipeline, self.dataset, self.index);
  }
};

/// What one partition gave to a version.
struct VersionPart {
  Attempt attempt;
  std::vector<std::pair<std::string, OutputFile>> files;
  std::vector<NodeName> holders;
  friend bool operator==(const VersionPart&, const VersionPart&) = default;
  static auto fields(auto& self) { return std::tie(self.attempt, self.files, self.holders); }
};

struct DatasetVersion {
  VersionKey key;
  RunId run;
  StepName step;
  Digest bundle;
  WallTime at;
  std::vector<VersionPart> parts;  ///< in the order of the partitions
  std::uint64_t rows = 0;
  bool rows_known = false;  ///< every partition knew its rows
  /// Sum modulo 2^64 of the partitions' hashes; that of the one partition where there is one.
  std::uint64_t content_hash = 0;
  std::vector<Column> columns;
  /// The exact versions that were read: the edges of lineage.
  std::vector<VersionKey> inputs;
  /// Outside files that were read (sources).
  std::vector<FileRead> read;
  friend bool operator==(const DatasetVersion&, const DatasetVersion&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.run, self.step, self.bundle, self.at, self.parts, self.rows,
                    self.rows_known, self.content_hash, self.columns, self.inputs, self.read);
  }
};

struct TargetKey {
  VolumeName volume;
  std::string path;
  friend auto operator<=>(const TargetKey&, const TargetKey&) = default;
  friend bool operator==(const TargetKey&, const TargetKey&) = default;
  static auto fields(auto& self) { return std::tie(self.volume, self.path); }
};

/// The newest publication at a target.
struct SinkTarget {
  TargetKey key;
  LogIndex index;  ///< of the sink stage's commit
  RunId run;
  StepName step;
  HerdName herd;
  PipelineName pipeline;
  NodeName node;
  WallTime at;
  OutputFile file;
  std::vector<VersionKey> inputs;
  friend bool operator==(const SinkTarget&, const SinkTarget&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.index, self.run, self.step, self.herd, self.pipeline, self.node,
                    self.at, self.file, self.inputs);
  }
};

}  // namespace runink::state
