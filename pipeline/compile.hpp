// From a bundle to a checked plan. Pure: SQL is read outside (sql_reader.hpp), so compiling has two
// phases with the questions between them.
//
//   Draft draft = parse(request);                 // TOML, templates, names, shapes
//   ... answer draft.questions() in the sandbox ...
//   finish(std::move(draft), readings);           // references, cycles, order -> Compiled
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "governance/policy.hpp"
#include "pipeline/bundle.hpp"
#include "pipeline/plan.hpp"
#include "pipeline/sql_reader.hpp"
#include "vocabulary/diagnostic.hpp"

namespace runink::pipeline {

/// What the herd may do with one volume.
struct VolumeAccess {
  bool read = false;
  bool write = false;
};

/// A contract of the herd, its latest version.
struct RegisteredContract {
  std::uint32_t version = 0;
  Digest document;
  governance::Contract contract;
  /// Versions before that a plan may still go by: a bundle that holds one of these documents goes by
  /// that version, and nothing new is registered.
  std::map<Digest, std::uint32_t> earlier = {};
};
/// What a herd demands of its pipelines, and what they may go by.
struct HerdView {
  governance::HerdPolicy policy;
  std::map<ContractName, RegisteredContract> contracts;
};

struct CompileRequest {
  Bundle bundle;
  /// SHA-256 of the encoded bundle: the version of the pipeline.
  Digest digest;
  /// The pipeline file in the bundle; empty = `pipeline.toml`, or else the only `*.pipeline.toml`.
  std::string entry;
  /// `-p name=value`, over the defaults of [parameters].
  std::map<std::string, std::string> parameters;
  WallTime logical_date;
  /// What `data_interval_start` and `_end` render; by default the UTC day of the logical date.
  std::optional<std::pair<WallTime, WallTime>> data_interval;
  /// What `{{ run_id }}` renders; 32 zeros when there is no run.
  RunId run;
  /// True for `apply`: a required parameter without a value is no mistake, it renders as its name,
  /// and a path that holds it is not looked up in the bundle.
  bool without_run = false;
  /// The volumes that somebody offers, and what the pipeline's herd may do there; asked with the
  /// herd's name after the file is read. Nothing = volumes are not checked here.
  std::optional<std::map<HerdName, std::map<VolumeName, VolumeAccess>>> volumes;
  /// The herds that exist. Nothing = not checked here.
  std::optional<std::vector<HerdName>> herds;
  /// At least that of the pipeline's herd. Nothing = no policy, no registered contracts.
  std::optional<std::map<HerdName, HerdView>> herd_views = {};
};

/// A contract out of the bundle.
struct BundledContract {
  ContractName name;
  std::string path;
  Digest document;
  Bytes size;
  /// Its number when it is a version of the herd's; 0 = it must be registered before the plan is
  /// submitted.
  std::uint32_t version = 0;
  governance::Contract contract;
};

struct Compiled {
  Plan plan;
  std::string description;
  Diagnostics warnings;
  /// All of [contracts], by name.
  std::vector<BundledContract> contracts = {};
  /// `governance::digest_of` the policy that it was compiled under.
  Digest policy = {};
};

/// Writes the numbers of registered contracts into the plan; names that are not there stay.
void set_versions(Plan& plan, const std::map<ContractName, std::uint32_t>& versions);

/// A pipeline that was read and not yet resolved. It holds every mistake found so far.
class Draft {
 public:
  ~Draft();
  Draft(Draft&&) noexcept;
  Draft& operator=(Draft&&) noexcept;

  /// The SQL texts, in the order of the steps. Empty when the file is too broken to ask.
  const std::vector<SqlQuestion>& questions() const;
  /// The values of [parameters], defaults included, as a plan would hold them.
  const std::map<std::string, std::string>& parameters() const;
  /// That of the request, or what a parameter says instead.
  WallTime logical_date() const;

  struct State;
  explicit Draft(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
  friend std::expected<Compiled, Diagnostics> finish(Draft, const std::vector<SqlReading>&);
};

/// Reads the pipeline file and everything that can be judged without knowing SQL.
Draft parse(CompileRequest request);

/// `readings` answers `draft.questions()`, one each, in their order; otherwise every SQL step gets
/// a diagnostic. Warnings alone do not fail.
std::expected<Compiled, Diagnostics> finish(Draft draft, const std::vector<SqlReading>& readings);

/// Both phases, with a reader that answers at once. The reader's own fault becomes a diagnostic.
std::expected<Compiled, Diagnostics> compile(CompileRequest request, SqlReader& reader);

/// For a caller who must know whom the bundle belongs to before it asks for more: the values of the
/// keys `pipeline` and `herd`, checked as names, and the contracts that are named.
struct Heading {
  PipelineName pipeline;
  HerdName herd;
  /// Every contract that the file names, sorted, without repeats; not checked.
  std::vector<ContractName> contracts = {};
};
std::expected<Heading, Diagnostics> heading_of(const Bundle& bundle, const std::string& entry);

}  // namespace runink::pipeline
