#include "tools/runi/progress.hpp"

#include <algorithm>

#include "tools/runi/members.hpp"
#include "tools/runi/texts.hpp"

namespace runink::runi {
namespace {

/// The run id's beginning that people read.
constexpr std::size_t short_id = 12;
constexpr std::size_t bar_cells = 12;
/// Terminals narrower than these get no columns, no bars, no kinds.
constexpr std::size_t room_for_columns = 60;
constexpr std::size_t room_for_bars = 72;
constexpr std::size_t room_for_kinds = 90;

struct Look {
  std::string_view ascii;
  std::string_view unicode;
  std::string_view color;
};

Look look_of(std::string_view status) {
  if (status == "succeeded") return {"+", "✓", "32"};
  if (status == "failed") return {"x", "✗", "31"};
  if (status == "cancelled") return {"x", "✗", "33"};
  if (status == "skipped") return {"-", "–", "2"};
  if (status == "running" || status == "publishing") return {"*", "●", "36"};
  return {".", "·", "2"};
}

/// `line` and those of `parts` for which there is room, the first ones first.
std::string with_what_fits(std::string line, const std::vector<std::string>& parts,
                           std::size_t width) {
  for (const std::string& part : parts)
    if (!part.empty() && width_of(line) + 2 + width_of(part) <= width) line += "  " + part;
  return line;
}

std::string colored(std::string text, std::string_view color, const Style& style) {
  if (!style.color) return text;
  return "\x1b[" + std::string(color) + "m" + text + "\x1b[0m";
}

}  // namespace

std::string bar(std::int64_t permille, std::size_t cells, bool unicode) {
  const auto part = static_cast<std::size_t>(std::clamp<std::int64_t>(permille, 0, 1000));
  const std::size_t full = part * cells / 1000;
  std::string text = unicode ? "" : "[";
  for (std::size_t i = 0; i < cells; ++i)
    text += i < full ? (unicode ? "█" : "#") : (unicode ? "░" : "-");
  return unicode ? text : text + "]";
}

std::int64_t rows_of(const boost::json::object& stage) {
  const auto& outputs = array_at(stage, "outputs");
  const auto& counters = object_at(stage, "counters");
  if (!outputs.empty() && counters.contains("rows_accepted"))
    return number_at(counters, "rows_accepted");
  std::int64_t rows = -1;
  for (const auto& output : outputs) {
    const std::int64_t made = number_at(as_object(output), "rows", -1);
    if (made >= 0) rows = std::max<std::int64_t>(rows, 0) + made;
  }
  return rows;
}

std::string rejected_text(const boost::json::object& stage) {
  const std::int64_t rejected = number_at(object_at(stage, "counters"), "rows_rejected");
  return rejected > 0 ? count_text(rejected) + " rejected" : "";
}

std::string took_text(const boost::json::object& of, std::string_view began, std::int64_t now_us) {
  const auto start = moment_of(text_at(of, began));
  if (!start) return {};
  const auto end = moment_of(text_at(of, "ended_at"));
  return time_text((end.value_or(std::max(now_us, *start)) - *start) / 1000);
}

std::string RunProgress::status() const { return text_at(run_, "status"); }

boost::json::object* RunProgress::stage(std::string_view name) {
  auto* stages = run_.if_contains("stages");
  if (!stages || !stages->is_array()) return nullptr;
  for (auto& one : stages->get_array())
    if (one.is_object() && text_at(one.get_object(), "name") == name) return &one.get_object();
  return nullptr;
}

void RunProgress::take_run(const boost::json::object& run) { run_ = run; }

void RunProgress::take(const boost::json::object& event) {
  const std::string kind = text_at(event, "kind");
  if (kind == "run") return take_run(object_at(event, "run"));
  if (kind == "stage") {
    const auto& changed = object_at(event, "stage");
    if (auto* known = stage(text_at(changed, "name"))) *known = changed;
  } else if (kind == "progress") {
    Progress& said = live_[text_at(event, "stage")][number_at(event, "partition")];
    said.permille = number_at(event, "permille", said.permille);
    said.rows = number_at(event, "rows", said.rows);
    said.waits_for_room = flag_at(event, "waits_for_room");
    said.waits_for_inputs = flag_at(event, "waits_for_inputs");
  }
}

RunProgress::Progress RunProgress::progress_of(const boost::json::object& stage) const {
  Progress all;
  const auto& known = object_at(stage, "progress");
  all.permille = number_at(known, "permille", -1);
  all.rows = number_at(known, "rows", -1);
  const auto said = live_.find(text_at(stage, "name"));
  if (said == live_.end()) return all;
  // Partitions that nobody heard of count as not begun, those that are done do not speak any more.
  const std::int64_t partitions = std::max<std::int64_t>(number_at(stage, "partitions", 1), 1);
  std::int64_t sum = 0, rows = 0;
  bool some_permille = false, some_rows = false;
  for (const auto& [partition, one] : said->second) {
    some_permille = some_permille || one.permille >= 0;
    some_rows = some_rows || one.rows >= 0;
    sum += std::max<std::int64_t>(one.permille, 0);
    rows += std::max<std::int64_t>(one.rows, 0);
    all.waits_for_room = all.waits_for_room || one.waits_for_room;
    all.waits_for_inputs = all.waits_for_inputs || one.waits_for_inputs;
  }
  if (some_permille) all.permille = sum / partitions;
  if (some_rows) all.rows = rows;
  return all;
}

std::string RunProgress::stage_line(const boost::json::object& stage, std::int64_t now_us,
                                    const Style& style, std::size_t name_width) const {
  const std::string status = text_at(stage, "status");
  const Look look = look_of(status);
  const Progress progress = progress_of(stage);
  const bool works = status == "running";
  const std::int64_t rows = works ? progress.rows : rows_of(stage);
  const std::int64_t failures = number_at(stage, "failures") + number_at(stage, "lost");
  const std::int64_t partitions = number_at(stage, "partitions", 1);
  const std::string took = took_text(stage, "started_at", now_us);
  const std::string part = works && progress.permille >= 0
                               ? pad_left(std::to_string(progress.permille / 10), 3) + " %"
                               : "";
  const std::string failed = failures > 0 ? count_text(failures) + " failed" : "";
  const std::string waits = !works                      ? ""
                            : progress.waits_for_room   ? "waits for room on the disk"
                            : progress.waits_for_inputs ? "waits for a node that has its inputs"
                                                        : "";
  const std::string parts = partitions > 1 ? std::to_string(number_at(stage, "partitions_done")) +
                                                 "/" + std::to_string(partitions)
                                           : "";
  const std::string made = rows >= 0 ? counted(rows, "row") : "";
  const std::string rejected = rejected_text(stage);
  const std::string mark(style.unicode ? look.unicode : look.ascii);
  const std::string name =
      pad_right(cut(printable(text_at(stage, "name")), name_width), name_width);
  std::string line = mark + " " + name;
  if (style.width < room_for_columns) {
    // The mark stands for the status.
    line = with_what_fits(line, {waits, failed, part, took, parts, made, rejected}, style.width);
  } else {
    line = "  " + line;
    if (style.width >= room_for_kinds) line += "  " + pad_right(text_at(stage, "kind"), 8);
    line += "  " + pad_right(status, 10);
    if (style.width >= room_for_bars)
      line += "  " + pad_right(part.empty()
                                   ? ""
                                   : bar(progress.permille, bar_cells, style.unicode) + " " + part,
                               bar_cells + 8);
    line += "  " + pad_left(took, 10);
    line = with_what_fits(line, {waits, parts, made, rejected, failed}, style.width);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return colored(cut(line, style.width), look.color, style);
}

std::string RunProgress::head_line(std::int64_t now_us, const Style& style) const {
  const auto& stages = array_at(run_, "stages");
  std::size_t done = 0;
  for (const auto& one : stages) done += text_at(as_object(one), "status") == "succeeded" ? 1 : 0;
  const std::string count = std::to_string(done) + "/" + std::to_string(stages.size());
  const std::string took = took_text(run_, "submitted_at", now_us);
  const std::string pipeline = printable(text_at(run_, "pipeline"));
  const std::string id = printable(text_at(run_, "id")).substr(0, short_id);
  const std::string state = printable(status());
  const std::string rest = "  " + state + "  " + count + " stages  " + took;
  const std::string shorter = state + "  " + count + "  " + took;
  for (const std::string& head :
       {printable(text_at(run_, "herd")) + "/" + pipeline + " " + id + rest,
        pipeline + " " + id + rest, pipeline + "  " + shorter})
    if (width_of(head) <= style.width) return colored(head, "1", style);
  return colored(with_what_fits(cut(state, style.width), {count, took}, style.width), "1", style);
}

std::vector<std::string> RunProgress::picture(std::int64_t now_us, const Style& style) const {
  std::vector<std::string> lines;
  if (run_.empty()) return lines;
  const auto& stages = array_at(run_, "stages");
  std::size_t name_width = 4;
  for (const auto& one : stages)
    name_width = std::max(name_width, width_of(text_at(as_object(one), "name")));
  const std::size_t share = style.width < room_for_columns ? style.width / 2 : style.width / 3;
  name_width = std::min(name_width, std::max<std::size_t>(share, 8));
  lines.push_back(head_line(now_us, style));
  for (const auto& one : stages)
    lines.push_back(stage_line(as_object(one), now_us, style, name_width));
  return lines;
}

void RunProgress::tell_attempts(const boost::json::object& stage, Told& told,
                                std::vector<std::string>& lines) {
  std::size_t ended = 0;
  for (const auto& one : array_at(stage, "attempts")) {
    const auto& attempt = as_object(one);
    if (text_at(attempt, "status") != "ended" || ++ended <= told.ended_attempts) continue;
    const std::string what = text_at(attempt, "what", text_at(attempt, "end"));
    lines.push_back(printable(text_at(stage, "name") + ": attempt " +
                              std::to_string(number_at(attempt, "attempt")) + " on " +
                              text_at(attempt, "node") + " ended: " + what));
  }
  told.ended_attempts = std::max(told.ended_attempts, ended);
}

std::vector<std::string> RunProgress::news() {
  std::vector<std::string> lines;
  for (const auto& one : array_at(run_, "stages")) {
    const auto& stage = as_object(one);
    const std::string name = text_at(stage, "name");
    const std::string status = text_at(stage, "status");
    Told& told = told_[name];
    tell_attempts(stage, told, lines);
    const bool waits = status == "running" && progress_of(stage).waits_for_room;
    if (waits && !told.waits_for_room)
      lines.push_back(printable(
          name + ": its program ended well; its outputs wait for room on the node's disk"));
    told.waits_for_room = waits;
    const bool no_inputs = status == "running" && progress_of(stage).waits_for_inputs;
    if (no_inputs && !told.waits_for_inputs)
      lines.push_back(printable(
          name + ": its inputs lie on nodes that cannot be reached; it waits for one of them"));
    told.waits_for_inputs = no_inputs;
    if (status == told.status) continue;
    const bool quiet = told.status.empty() && (status == "waiting" || status == "ready");
    told.status = status;
    if (quiet) continue;
    std::string line = name + ": " + status;
    const std::int64_t rows = rows_of(stage);
    if (status == "succeeded" && rows >= 0) {
      line += ", " + counted(rows, "row");
      if (const std::string rejected = rejected_text(stage); !rejected.empty())
        line += ", " + rejected;
    }
    if (!text_at(stage, "ended_at").empty()) {
      const std::string took = took_text(stage, "started_at", 0);
      if (!took.empty()) line += ", " + took;
    }
    lines.push_back(printable(line));
  }
  if (status() != told_status_) {
    told_status_ = status();
    if (over()) {
      lines.push_back("run " + text_at(run_, "id") + ": " + status() + ", " +
                      took_text(run_, "submitted_at", 0));
    }
  }
  return lines;
}

}  // namespace runink::runi
