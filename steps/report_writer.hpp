// Writes the lines of a slice's report (vocabulary/report.hpp) to RUNINK_REPORT.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "vocabulary/owned_fd.hpp"
#include "vocabulary/report.hpp"

namespace runink::steps {

/// Any thread may call. Where nobody listens (no path, or a closed pipe) lines are dropped: the
/// work does not depend on them.
class ReportWriter {
 public:
  /// `path` is a file or a pipe to open for appending; empty = nobody listens.
  explicit ReportWriter(const std::string& path);

  void progress(std::uint16_t permille, std::uint64_t rows);
  /// Columns that would pass `limits::report_line` are left out.
  void output(const OutputReport& output);
  void read(const FileRead& file);
  void counter(const std::string& name, std::uint64_t value);
  void quality(const QualityReport& quality);
  void failed(SliceReason reason);

 private:
  void line(std::string text);

  OwnedFd fd_;
  std::mutex mutex_;
};

}  // namespace runink::steps
