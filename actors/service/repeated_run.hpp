// A request that comes again is the same run, whatever happened to policies, contracts and versions
// of the pipeline in between.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "actors/service/parts.hpp"
#include "vocabulary/digest.hpp"

namespace runink::actors {

/// What a request for a run says.
struct RunIntent {
  RequestId request;
  Digest bundle;         ///< given, or the newest version of the pipeline
  bool by_name = false;  ///< the pipeline was named, so that its version may be another by now
  std::map<std::string, std::string> parameters;
  std::optional<WallTime> logical_date;  ///< nothing: the day of the request
};

/// The run that this request made earlier; nothing when there is none, or when it was another request
/// under the same id.
Async<Result<std::optional<state::RunView>>> repeated_run(ServiceParts& parts, RunIntent intent);

}  // namespace runink::actors
