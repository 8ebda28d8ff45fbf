#include "pipeline/test_set.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

constexpr std::size_t shown_file_bytes = 120;

void add_mistakes(Diagnostics& to, Diagnostics more) {
  to.dropped += more.dropped;
  for (Diagnostic& one : more.list) {
    if (to.list.size() < limits::diagnostics)
      to.list.push_back(std::move(one));
    else
      ++to.dropped;
  }
}

/// What a test names a file for.
struct FileUse {
  std::size_t test = 0;   ///< its place among all of them
  std::string golden_of;  ///< the dataset; empty = the file is a fixture
};

class TestFiles {
 public:
  TestFiles(const std::vector<ReadTest>& all, const std::vector<bool>& wanted)
      : all_(all), wanted_(wanted) {
    for (std::size_t t = 0; t < all.size(); ++t) {
      for (const TestInput& one : all[t].test.inputs) uses_[one.path].push_back({t, {}});
      for (const TestExpectation& one : all[t].test.expectations)
        if (!one.golden.empty()) uses_[one.golden].push_back({t, one.dataset.value});
    }
  }

  /// The golden files of test `t` that another test uses as well.
  Diagnostics mistakes_of(std::size_t t) const {
    const TestFile& test = all_[t].test;
    const SourceText source{test.path, test.text};
    Mistakes mistakes{source};
    for (const TestExpectation& one : test.expectations) {
      const auto uses = uses_.find(one.golden);
      if (one.golden.empty() || uses == uses_.end()) continue;
      const auto other = std::ranges::find_if(
          uses->second, [&](const FileUse& use) { return is_in_the_way(use, t); });
      if (other == uses->second.end()) continue;
      const std::string& where = all_[other->test].test.path;
      mistakes.error(one.golden_span,
                     "`" + printable(one.golden, shown_file_bytes) + "` is " +
                         (other->golden_of.empty()
                              ? "a fixture"
                              : "the golden file of `" + printable(other->golden_of, 80) + "`") +
                         " of " + printable(where, shown_file_bytes) + " already",
                     "--update would write over it: give this one a file of its own");
    }
    return mistakes.diagnostics();
  }

 private:
  /// Within one test it was told when that was read; of two with one golden file the second is told.
  bool is_in_the_way(const FileUse& use, std::size_t t) const {
    if (use.test == t) return false;
    return use.golden_of.empty() || use.test < t || !wanted_[use.test];
  }

  const std::vector<ReadTest>& all_;
  const std::vector<bool>& wanted_;
  std::map<std::string, std::vector<FileUse>> uses_;
};

}  // namespace

TestSet read_tests(const Bundle& bundle, const std::vector<std::string>& wanted) {
  std::vector<ReadTest> all;
  std::vector<bool> is_wanted;
  for (const std::string& path : test_files_of(bundle)) {
    all.push_back(read_test_file(bundle, path));
    is_wanted.push_back(wanted.empty() ||
                        std::ranges::find(wanted, all.back().test.name) != wanted.end());
  }
  const TestFiles files{all, is_wanted};
  TestSet set;
  for (std::size_t t = 0; t < all.size(); ++t) {
    if (is_wanted[t]) add_mistakes(set.mistakes, files.mistakes_of(t));
    if (is_wanted[t] || !all[t].legible) add_mistakes(set.mistakes, all[t].mistakes);
  }
  for (std::size_t t = 0; t < all.size(); ++t)
    if (is_wanted[t] && !all[t].mistakes.failed()) set.tests.push_back(std::move(all[t].test));
  return set;
}

}  // namespace runink::pipeline
