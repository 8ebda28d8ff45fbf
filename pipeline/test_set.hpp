// The tests of a bundle together: which files belong to which of them.
#pragma once

#include <string>
#include <vector>

#include "pipeline/test_file.hpp"

namespace runink::pipeline {

/// The tests that were asked for, or every mistake in them.
struct TestSet {
  std::vector<TestFile> tests;
  Diagnostics mistakes;  ///< without an error when `tests` are all that were asked for
};

/// Reads the tests `wanted`, by their names; empty = all. `--update` writes golden files, so each
/// must belong to one expectation alone and be no fixture, of any test of the bundle. Therefore the
/// others are read as well: what is wrong within them is not told, but that one of them is not
/// legible is. A name without a test gives nothing.
TestSet read_tests(const Bundle& bundle, const std::vector<std::string>& wanted);

}  // namespace runink::pipeline
