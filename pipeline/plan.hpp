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

#include "governance/contract.hpp"
#include "governance/masking.hpp"
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

/// Which version of which contract a step goes by.
struct ContractUse {
  ContractName name;
  std::string object;         ///< the schema object of the contract
  std::uint32_t version = 0;  ///< as the herd counts; 0 = the document is not registered yet
  Digest document;            ///< SHA-256 of the ODCS document
  friend bool operator==(const ContractUse&, const ContractUse&) = default;
  static auto fields(auto& self) {
    return std::tie(self.name, self.object, self.version, self.document);
  }
};
/// As people see it: "trades@3", or "trades" before it is registered.
std::string to_string(const ContractUse& use);

/// What the columns of a source's files must be.
struct SourceContract {
  ContractUse contract;
  /// Names and types; without descriptions, quality rules and references, which a validate step
  /// checks.
  governance::SchemaObject schema;
  /// True: other columns than these fail the step (schema_drift). False: the kinds of drift are
  /// counted, and the file is imported as it is.
  bool block_on_drift = true;
  friend bool operator==(const SourceContract&, const SourceContract&) = default;
  static auto fields(auto& self) {
    return std::tie(self.contract, self.schema, self.block_on_drift);
  }
};

/// Imports files; its commit fixes the digest of what was read. With a contract the dataset is the
/// files themselves, byte for byte in their own format, so that a validate step sees every record
/// as it came; without one it is Parquet, as DuckDB reads the files.
struct SourceWork {
  Format format = Format::csv;
  Location location;
  std::optional<SourceContract> contract = {};
  friend bool operator==(const SourceWork&, const SourceWork&) = default;
  static auto fields(auto& self) { return std::tie(self.format, self.location, self.contract); }
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

/// What becomes of a row or a dataset that breaks a rule of severity error.
enum class OnViolation : std::uint8_t {
  reject = 1,  ///< rows are set apart; a dataset that breaks a rule fails the stage
  fail = 2,    ///< one row is enough to fail the stage
  warn = 3     ///< rows that fit their types stay, and are counted; nothing fails the stage
};
constexpr bool known(OnViolation o) { return o >= OnViolation::reject && o <= OnViolation::warn; }
constexpr std::string_view to_string(OnViolation o) {
  return o == OnViolation::reject ? "reject" : o == OnViolation::fail ? "fail" : "warn";
}

/// Checks every record of `input` against a contract. It makes two datasets, both Parquet: the rows
/// that hold, with the contract's types, and `<step>.rejected`, the others with their reasons.
struct ValidateWork {
  DatasetName input;
  ContractUse contract;
  /// All that is checked, without descriptions; `governance::rules_of` numbers its rules.
  governance::SchemaObject rules;
  OnViolation on_violation = OnViolation::reject;
  /// The datasets that foreign keys point at: one for each of `rules.references`.
  std::vector<DatasetName> references;
  /// How columns are masked in the rejected rows, which hold text as it was read. Where it is not
  /// empty they show no record as a whole, and nothing of one whose structure is broken; so it also
  /// names columns that the contract does not have and a record may hold.
  std::vector<governance::ColumnMask> rejected_masks;
  /// True: the rows that hold are masked by the same list. Rules see values as they were read.
  bool masks_accepted = false;
  friend bool operator==(const ValidateWork&, const ValidateWork&) = default;
  static auto fields(auto& self) {
    return std::tie(self.input, self.contract, self.rules, self.on_violation, self.references,
                    self.rejected_masks, self.masks_accepted);
  }
};

/// Copies `input` as Parquet with some columns made unreadable. Columns compare without regard to
/// the case of ASCII letters.
struct MaskWork {
  DatasetName input;
  std::vector<governance::ColumnMask> masks;  ///< none is `keep`
  /// Columns without which the step fails (unknown_column): those that the contract of the input or
  /// the step itself names. A mask of any other column applies where the column exists.
  std::vector<std::string> required;
  /// What is copied; empty = every column. Imported files may hold more than their contract says, and
  /// nobody knows what that is.
  std::vector<std::string> only = {};
  friend bool operator==(const MaskWork&, const MaskWork&) = default;
  static auto fields(auto& self) {
    return std::tie(self.input, self.masks, self.required, self.only);
  }
};

/// What a source compares its files with: names and types of `object`, without descriptions,
/// quality rules and references.
governance::SchemaObject columns_of(const governance::SchemaObject& object);

/// The place of a work in this list is its number on disk.
using Work = std::variant<SourceWork, SqlWork, ExecWork, SinkWork, ValidateWork, MaskWork>;
/// "source", "sql", "exec", "sink", "validate" or "mask".
std::string_view kind_of(const Work& work);
/// The masks of a validate or mask step; of others none.
const std::vector<governance::ColumnMask>& masks_of(const Work& work);
/// How the columns of the rows that hold are masked: nothing unless `masks_accepted`.
std::vector<governance::ColumnMask> accepted_masks(const ValidateWork& work);
/// True when a mask of the step is keyed: its slice is given the herd's key (step_file.hpp).
bool needs_key(const Work& work);
/// The contract that a source or validate step goes by, or null.
const ContractUse* contract_of(const Work& work);

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
  /// Datasets it makes; by default one that bears the step's name. A sink makes none, a validate
  /// step `<step>` and `<step>.rejected`, in this order.
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

/// The version of `Plan` that this build writes and reads.
inline constexpr std::uint16_t plan_version = 3;

struct Plan {
  std::uint16_t version = plan_version;
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

/// The contracts that the steps of a plan go by, sorted by name and object, without repeats.
std::vector<ContractUse> contracts_of(const Plan& plan);

}  // namespace runink::pipeline
