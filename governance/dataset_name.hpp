// A dataset's name across herds and pipelines, and as OpenLineage 2-0-2 spells it.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <tuple>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::governance {

/// What a step of a pipeline makes.
struct DatasetAddress {
  HerdName herd;
  PipelineName pipeline;
  DatasetName dataset;
  friend auto operator<=>(const DatasetAddress&, const DatasetAddress&) = default;
  friend bool operator==(const DatasetAddress&, const DatasetAddress&) = default;
  static auto fields(auto& self) { return std::tie(self.herd, self.pipeline, self.dataset); }
};

/// "finance/settlement/netted", as the CLI takes and shows it.
std::string to_string(const DatasetAddress& address);
/// The address of such a text; otherwise `bad_input`.
Result<DatasetAddress> parse_address(std::string_view text);

/// What OpenLineage calls a Dataset (or a Job): together the two are unique.
struct OpenLineageName {
  std::string name_space;
  std::string name;
  friend auto operator<=>(const OpenLineageName&, const OpenLineageName&) = default;
  friend bool operator==(const OpenLineageName&, const OpenLineageName&) = default;
};

/// namespace = herd, name = pipeline.dataset. A pipeline's name has no '.', so it can be read back.
OpenLineageName open_lineage_name(const DatasetAddress& address);
/// A job: namespace = herd, name = pipeline.step.
OpenLineageName open_lineage_job(const HerdName& herd, const PipelineName& pipeline,
                                 const StepName& step);
/// A file outside: namespace = "runink-volume://lake", name = the path beneath the volume.
OpenLineageName open_lineage_name(const VolumeName& volume, std::string_view path);
/// The dataset behind a name that `open_lineage_name` made; otherwise `bad_input`.
Result<DatasetAddress> dataset_of(const OpenLineageName& name);

}  // namespace runink::governance
