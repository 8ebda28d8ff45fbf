#include "governance/dataset_name.hpp"

#include "vocabulary/names.hpp"

namespace runink::governance {
namespace {

Result<DatasetAddress> checked(std::string_view herd, std::string_view pipeline,
                               std::string_view dataset) {
  if (auto fine = check_name("herd", herd); !fine) return std::unexpected(fine.error());
  if (auto fine = check_name("pipeline", pipeline); !fine) return std::unexpected(fine.error());
  if (auto fine = check_dataset_name(dataset); !fine) return std::unexpected(fine.error());
  return DatasetAddress{HerdName{std::string(herd)}, PipelineName{std::string(pipeline)},
                        DatasetName{std::string(dataset)}};
}

}  // namespace

std::string to_string(const DatasetAddress& address) {
  return address.herd.value + "/" + address.pipeline.value + "/" + address.dataset.value;
}

Result<DatasetAddress> parse_address(std::string_view text) {
  const std::size_t first = text.find('/');
  const std::size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (second == std::string_view::npos)
    return fail(FaultKind::bad_input,
                "A dataset is named HERD/PIPELINE/DATASET, as in finance/settlement/netted.");
  return checked(text.substr(0, first), text.substr(first + 1, second - first - 1),
                 text.substr(second + 1));
}

OpenLineageName open_lineage_name(const DatasetAddress& address) {
  return {address.herd.value, address.pipeline.value + "." + address.dataset.value};
}

OpenLineageName open_lineage_job(const HerdName& herd, const PipelineName& pipeline,
                                 const StepName& step) {
  return {herd.value, pipeline.value + "." + step.value};
}

OpenLineageName open_lineage_name(const VolumeName& volume, std::string_view path) {
  return {"runink-volume://" + volume.value, std::string(path)};
}

Result<DatasetAddress> dataset_of(const OpenLineageName& name) {
  const std::size_t dot = name.name.find('.');
  if (dot == std::string::npos)
    return fail(FaultKind::bad_input,
                "The OpenLineage name has no '.', so it names no dataset of a pipeline.");
  const std::string_view both = name.name;
  return checked(name.name_space, both.substr(0, dot), both.substr(dot + 1));
}

}  // namespace runink::governance
