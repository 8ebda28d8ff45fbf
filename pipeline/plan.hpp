// The typed plan: what a pipeline means, after every template is rendered, every name resolved and
// every limit checked. It enters the log inside `RunSubmitted`; `apply` parses no text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "vocabulary/digest.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/report.hpp"
#include "vocabulary/units.hpp"

namespace runink::pipeline {

enum class Format : std::uint8_t { csv = 1, jsonl = 2, parquet = 3 };
constexpr bool known(Format f) { return f >= Format::csv && f <= Format::parquet; }
constexpr std::string_view to_string(Format f) {
  return f == Format::csv ? "csv" : f == Format::jsonl ? "jsonl" : "parquet";
}

/// A file, or (in sources) a glob of files: in a volume, or in the bundle when there is none.
/// `path` is relative and has no "..".
struct Location {
  std::optional<VolumeName> volume;
  std::string path;
  friend bool operator==(const Location&, const Location&) = default;
  static auto fields(auto& self) { return std::tie(self.volume, self.path); }
};
/// As the pipeline writes it: "lake:/trades/a.csv", or "data/a.csv" for the bundle.
std::string to_string(const Location& location);

/// Imports files; its commit fixes the digest of what was read.
struct SourceWork {
  Format format = Format::csv;
  Location location;
  friend bool operator==(const SourceWork&, const SourceWork&) = default;
  static auto fields(auto& self) { return std::tie(self.format, self.location); }
};
/// One SELECT over the inputs; the result is the step's dataset, one file of this format.
struct SqlWork {
  std::string text;
  Format format = Format::parquet;  ///< CSV or JSON lines for programs that read no Parquet
  friend bool operator==(const SqlWork&, const SqlWork&) = default;
  static auto fields(auto& self) { return std::tie(self.text, self.format); }
};
/// A program, run with the bundle as its working folder.
struct ExecWork {
  std::vector<std::string> arguments;  ///< arguments[0] is the program
  friend bool operator==(const ExecWork&, const ExecWork&) = default;
  static auto fields(auto& self) { return std::tie(self.arguments); }
};
/// Writes its one input as one file, which the publisher moves to `location` in a volume.
struct SinkWork {
  Format format = Format::parquet;
  Location location;
  friend bool operator==(const SinkWork&, const SinkWork&) = default;
  static auto fields(auto& self) { return std::tie(self.format, self.location); }
};
using Work = std::variant<SourceWork, SqlWork, ExecWork, SinkWork>;
/// "source", "sql", "exec" or "sink".
std::string_view kind_of(const Work& work);

/// What a slice may use; also what the scheduler counts with.
struct Requires {
  MilliCpu cpu{1000};
  Bytes memory = MiB(512);
  Bytes disk{0};
  friend bool operator==(const Requires&, const Requires&) = default;
  static auto fields(auto& self) { return std::tie(self.cpu, self.memory, self.disk); }
};

/// `attempts` counts all tries, the first one too. The n-th retry waits backoff * 2^(n-1), at most
/// an hour.
struct Retry {
  std::uint32_t attempts = 1;
  Duration backoff = seconds(1);
  friend bool operator==(const Retry&, const Retry&) = default;
  static auto fields(auto& self) { return std::tie(self.attempts, self.backoff); }
};

struct Step {
  StepName name;
  Work work;
  /// Datasets it reads, sorted, without repeats; each is the output of an earlier step of the plan.
  std::vector<DatasetName> inputs;
  /// Datasets it makes; by default one that bears the step's name. A sink makes none.
  std::vector<DatasetName> outputs;
  Requires needs;
  Retry retry;
  Duration timeout = seconds(3600);
  std::uint32_t partitions = 1;
  friend bool operator==(const Step&, const Step&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.work, self.inputs, self.outputs, self.needs, self.retry,
                    self.timeout, self.partitions);
  }
};

struct Plan {
  std::uint16_t version = 1;
  PipelineName pipeline;
  HerdName herd;
  /// Digest of the bundle artifact: the version of the pipeline.
  Digest bundle;
  std::map<std::string, std::string> parameters;
  WallTime logical_date;
  /// In an order in which every step comes after those it reads from; ties by place in the file.
  std::vector<Step> steps;
  friend bool operator==(const Plan&, const Plan&) = default;
  static auto fields(auto& self) {
    return std::tie(self.version, self.pipeline, self.herd, self.bundle, self.parameters,
                    self.logical_date, self.steps);
  }
  /// The step of that name, or nothing.
  const Step* find(const StepName& name) const {
    for (const Step& one : steps)
      if (one.name == name) return &one;
    return nullptr;
  }
  /// The step that makes `dataset`, or nothing.
  const Step* producer(const DatasetName& dataset) const {
    for (const Step& one : steps)
      for (const DatasetName& made : one.outputs)
        if (made == dataset) return &one;
    return nullptr;
  }
};

}  // namespace runink::pipeline
