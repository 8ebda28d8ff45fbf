// A bundle compiled with what the cluster has, for every verb that needs a plan.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/service/parts.hpp"
#include "pipeline/compile.hpp"

namespace runink::actors {

/// What is compiled, and with what.
struct CompileAsk {
  Digest bundle;
  std::map<std::string, std::string> parameters;
  WallTime logical_date;
  std::optional<RequestId> request;  ///< of the run that it is compiled for
  bool without_run = false;
  bool test = false;  ///< volumes are not looked at: a test reads and writes none
};

using SharedPlan = std::shared_ptr<const pipeline::Compiled>;

/// What the pipeline means for the herds, volumes and contracts of now. When a run is submitted `apply`
/// checks again that the volumes and contracts are there and that the herd's policy is the same.
Async<Result<SharedPlan>> compile(ServiceParts& parts, CompileAsk ask, AdminStream& stream);

}  // namespace runink::actors
