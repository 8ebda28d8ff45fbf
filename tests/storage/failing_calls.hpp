// The calls by which our code makes changes durable: fsync, renameat, linkat, unlinkat, mkdirat,
// ftruncate. The test program has them instead of the C library: they do the same, and can be told to
// fail from the n-th on, or to write down what they did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace runink::test {

/// While it lives, calls are counted from 1. One at a time.
class FailingCalls {
 public:
  /// Call `from` and all after it fail with EIO; 0: none does.
  explicit FailingCalls(std::uint64_t from);
  ~FailingCalls();
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;
  /// Call `from` was reached.
  bool struck() const;
  std::uint64_t calls() const;
  /// "fsync <path>" and "rename <name> <name>" of those that succeeded, in order.
  std::vector<std::string> done() const;
};

}  // namespace runink::test
