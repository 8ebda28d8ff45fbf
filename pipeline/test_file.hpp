// A test of a pipeline: tests/NAME.toml of its bundle, on what fixtures it runs and what must come
// out (`runi test`, docs/GUIDE.md).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/bundle.hpp"
#include "pipeline/plan.hpp"
#include "vocabulary/diagnostic.hpp"
#include "vocabulary/source_text.hpp"

namespace runink::pipeline {

/// Tests of a bundle, expectations of a test, and the bytes of a golden file, at most.
inline constexpr std::uint32_t most_tests = 200;
inline constexpr std::uint32_t most_expectations = 50;
inline constexpr Bytes most_golden = MiB(1);

/// [input.SOURCE]: the file of the bundle that stands for what the source reads.
struct TestInput {
  std::string source;
  Span span;
  Format format = Format::csv;
  std::string path;
  Span path_span;
};

/// [expect.DATASET]: its rows as a golden file, how many they are, or both.
struct TestExpectation {
  DatasetName dataset;
  Span span;
  /// In the bundle, beneath tests/; empty = only `rows` counts. The file need not be there yet.
  std::string golden;
  Span golden_span;
  Format format = Format::csv;  ///< csv or jsonl
  bool ordered = false;         ///< true: the order of the rows counts
  /// What is compared; empty = every column. Of CSV only.
  std::vector<std::string> columns;
  std::optional<std::uint32_t> rows;
};

struct TestFile {
  std::string name;  ///< of the file, without folder and ending
  std::string path;
  std::string text;
  std::string description;
  std::map<std::string, std::string> parameters;
  /// The day of the test: it must not depend on the day on which it runs.
  WallTime logical_date;
  std::vector<TestInput> inputs;              ///< in the order of the file
  std::vector<TestExpectation> expectations;  ///< at least one
};

/// What a test that states no date runs at: 2000-01-01T00:00:00Z.
inline constexpr WallTime usual_test_date{946'684'800'000'000};

/// The paths of the test files of a bundle, sorted: `tests/NAME.toml`, not deeper.
std::vector<std::string> test_files_of(const Bundle& bundle);
/// "netting" of "tests/netting.toml".
std::string test_name_of(std::string_view path);

/// A test as far as it can be read, and what is wrong with it.
struct ReadTest {
  TestFile test;
  Diagnostics mistakes;
  /// False when it could not even be seen which files it names: it is no TOML, too large or not there.
  bool legible = false;
};

/// Reads one. Fixtures must be files of `bundle`; whether the pipeline has such sources and datasets
/// is for `test_plan` (test_plan.hpp), and whether the tests of a bundle get along with each other
/// for `read_tests` (test_set.hpp).
ReadTest read_test_file(const Bundle& bundle, const std::string& path);
/// The same, without those that have mistakes.
std::expected<TestFile, Diagnostics> parse_test_file(const Bundle& bundle, const std::string& path);

}  // namespace runink::pipeline
