// The plan of a test run: a pipeline as far as a test looks at it, on fixtures, without its sinks.
#pragma once

#include <cstddef>
#include <expected>

#include "pipeline/plan.hpp"
#include "pipeline/test_file.hpp"
#include "vocabulary/diagnostic.hpp"

namespace runink::pipeline {

/// `plan`, compiled of the whole pipeline, as `test` runs it:
/// - the steps that the expected datasets come from, and no others; no sinks;
/// - each of its sources reads the fixture, a file of the bundle in the source's own format;
/// - at the end one SQL step for each expectation, in their order, which writes the rows as text;
/// - the name of the pipeline ends in `test_ending`, and `test_parameter` names the test.
/// Sources without a fixture, names that the pipeline does not have, golden files that are its data and
/// a plan beyond the limits of one are mistakes, all told at once.
std::expected<Plan, Diagnostics> test_plan(const Plan& plan, const TestFile& test);

/// The step of a test run's plan that writes the rows of expectation `k` of `all`, or null when the
/// plan is not of such a test.
const Step* expectation_step(const Plan& plan, std::size_t k, std::size_t all);

}  // namespace runink::pipeline
