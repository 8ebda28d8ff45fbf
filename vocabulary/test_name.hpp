// The name under which a test runs (`runi test`, docs/adr/0013-tests-of-pipelines.md).
#pragma once

#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink {

/// What the plan of a test run adds to the name of the pipeline that it tests. No file can name a
/// pipeline so: datasets, lineage and history of tests stand apart from the real ones.
inline constexpr std::string_view test_ending = ".test";
/// The parameter of a test run's plan that names the test.
inline constexpr std::string_view test_parameter = "runink.test";

/// True for the pipeline of a test run: its sources read files of the bundle, it has no sinks, and
/// masks are keyed with a key that everybody knows.
bool is_test(const PipelineName& pipeline);

/// The pipeline name of a plan: that of a pipeline, or one followed by `test_ending`.
Result<void> check_plan_name(std::string_view name);

}  // namespace runink
