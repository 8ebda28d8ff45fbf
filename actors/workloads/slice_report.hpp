// Reads what a slice says on RUNINK_REPORT (vocabulary/report.hpp): lines of JSON from a stranger.
#pragma once

#include <string>
#include <string_view>

#include "vocabulary/report.hpp"

namespace runink::work {

/// Collects lines as they come, in parts of any size. What cannot be understood, is too long or
/// past a limit is counted and dropped; a report never fails.
class ReportReader {
 public:
  void feed(std::string_view part);
  /// The last line may lack its newline.
  void finish();
  const SliceReport& report() const { return report_; }

 private:
  void line(std::string_view text);

  SliceReport report_;
  std::string rest_;
  bool skipping_ = false;  ///< inside a line that is too long
};

}  // namespace runink::work
