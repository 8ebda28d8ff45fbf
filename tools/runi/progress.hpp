// What a person sees of a run that is followed. Knows events and time, no terminal.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace runink::runi {

struct Style {
  bool color = false;
  bool unicode = false;
  std::size_t width = 80;
  bool redraws = false;  ///< the cursor can be moved, so that lines can be drawn over again
};

class RunProgress {
 public:
  /// Takes an event of `follow` (docs/PROTOCOL.md), or a RUN as the result of it. What it does not
  /// know is passed over.
  void take(const boost::json::object& event);
  void take_run(const boost::json::object& run);

  /// The whole picture at `now_us` (wall clock): a line for the run, one for each stage; no line is
  /// wider than `style.width`. Where there is little room, whole parts are left out: numbers are not cut.
  std::vector<std::string> picture(std::int64_t now_us, const Style& style) const;
  /// What is new since the last call, a line each, for output that is not redrawn: stages that changed
  /// their status, attempts that failed, the end of the run.
  std::vector<std::string> news();

  /// "", "running", "succeeded", "failed" or "cancelled".
  std::string status() const;
  bool over() const { return !status().empty() && status() != "running"; }
  const boost::json::object& run() const { return run_; }

 private:
  struct Progress {
    std::int64_t permille = -1;
    std::int64_t rows = -1;
    bool waits_for_room = false;
    bool waits_for_inputs = false;
  };
  struct Told {
    std::string status;
    bool waits_for_room = false;
    bool waits_for_inputs = false;
    std::size_t ended_attempts = 0;
  };
  boost::json::object* stage(std::string_view name);
  std::string head_line(std::int64_t now_us, const Style& style) const;
  std::string stage_line(const boost::json::object& stage, std::int64_t now_us, const Style& style,
                         std::size_t name_width) const;
  Progress progress_of(const boost::json::object& stage) const;
  void tell_attempts(const boost::json::object& stage, Told& told, std::vector<std::string>& lines);

  boost::json::object run_;
  /// By stage, then by partition: what its live attempt said last.
  std::map<std::string, std::map<std::int64_t, Progress>, std::less<>> live_;
  std::map<std::string, Told, std::less<>> told_;
  std::string told_status_;
};

/// Rows that a stage has made; of a validate step those that it accepted. -1 when nobody knows.
std::int64_t rows_of(const boost::json::object& stage);
/// "3 rejected" of a validate step that set rows apart; else empty.
std::string rejected_text(const boost::json::object& stage);
/// How long a run or a stage took, or takes until now; empty before it began.
std::string took_text(const boost::json::object& of, std::string_view began, std::int64_t now_us);
/// "[####------]", `cells` wide between the brackets.
std::string bar(std::int64_t permille, std::size_t cells, bool unicode);

}  // namespace runink::runi
