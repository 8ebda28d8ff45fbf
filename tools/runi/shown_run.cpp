// What `describe run` says, and `run --follow` at its end.
#include "tools/runi/members.hpp"
#include "tools/runi/progress.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/table.hpp"
#include "tools/runi/texts.hpp"

namespace runink::runi {
namespace {

std::string count_at(const boost::json::object& of, std::string_view key) {
  const std::int64_t count = number_at(of, key, -1);
  return count < 0 ? "" : count_text(count);
}

std::string head_text(const boost::json::object& run, std::int64_t now_us) {
  std::string all;
  auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) all += pad_right(std::string(key), 14) + printable(value) + "\n";
  };
  line("Run", text_at(run, "id"));
  line("Pipeline", text_at(run, "herd") + "/" + text_at(run, "pipeline"));
  line("Version", text_at(run, "version"));
  line("Status", text_at(run, "status"));
  line("Logical date", text_at(run, "logical_date"));
  for (const auto& parameter : object_at(run, "parameters"))
    if (parameter.value().is_string())
      line("Parameter",
           std::string(parameter.key()) + " = " + std::string(parameter.value().get_string()));
  line("Request", text_at(run, "request_id"));
  line("Submitted", text_at(run, "submitted_at") + " by " + text_at(run, "submitted_by"));
  line("Took", took_text(run, "submitted_at", now_us));
  line("Cancelled by", text_at(run, "cancelled_by"));
  return all;
}

std::string stages_text(const boost::json::object& run, std::size_t width, std::int64_t now_us) {
  Table table(
      {"STAGE", "KIND", "STATUS", "PARTS>", "TOOK>", "ROWS>", "FAILED>", "NODE", "CONTRACT"});
  for (const auto& one : array_at(run, "stages")) {
    const auto& stage = as_object(one);
    const std::int64_t rows = rows_of(stage);
    std::string node;
    for (const auto& attempt : array_at(stage, "attempts"))
      node = text_at(as_object(attempt), "node");
    const std::int64_t failed = number_at(stage, "failures") + number_at(stage, "lost");
    table.add({text_at(stage, "name"), text_at(stage, "kind"), text_at(stage, "status"),
               std::to_string(number_at(stage, "partitions_done")) + "/" +
                   std::to_string(number_at(stage, "partitions", 1)),
               took_text(stage, "started_at", now_us), rows < 0 ? "" : count_text(rows),
               failed == 0 ? "" : count_text(failed), node, text_at(stage, "contract")});
  }
  return "\n" + table.text(width);
}

std::string attempts_text(const boost::json::object& run) {
  std::string all;
  for (const auto& stage : array_at(run, "stages"))
    for (const auto& one : array_at(as_object(stage), "attempts")) {
      const auto& attempt = as_object(one);
      if (text_at(attempt, "status") != "ended" || text_at(attempt, "end") == "cancelled") continue;
      all += "  " + printable(text_at(as_object(stage), "name")) + ": attempt " +
             std::to_string(number_at(attempt, "attempt")) + " on " +
             printable(text_at(attempt, "node")) + ": " +
             printable(text_at(attempt, "what", text_at(attempt, "end"))) + "\n";
    }
  return all.empty() ? "" : "\nAttempts that failed:\n" + all;
}

/// Of every stage that was checked against a contract.
std::string qualities_text(const boost::json::object& run, std::size_t width) {
  std::string all;
  for (const auto& one : array_at(run, "stages")) {
    const auto& stage = as_object(one);
    const auto& quality = array_at(stage, "quality");
    if (!quality.empty())
      all += "\nQuality of " + printable(text_at(stage, "name")) + ", contract " +
             printable(text_at(stage, "contract")) + ": " +
             quality_text(quality, object_at(stage, "counters"), width);
  }
  return all;
}

/// What became of each sink's file, once there is one.
std::string sinks_text(const boost::json::object& run) {
  std::string all;
  for (const auto& one : array_at(run, "stages")) {
    const auto& sink = object_at(as_object(one), "sink");
    const std::string refused = text_at(sink, "refused"), digest = text_at(sink, "digest");
    std::string what;
    if (flag_at(sink, "superseded"))
      what = "superseded: a newer run was there first";
    else if (!refused.empty())
      what = "refused: " + refused;
    else if (flag_at(sink, "published"))
      what = size_text(static_cast<std::uint64_t>(number_at(sink, "bytes"))) + ", sha256 " +
             digest.substr(0, 12);
    else
      continue;
    all += "  " + printable(text_at(sink, "target") + "  " + what) + "\n";
  }
  return all.empty() ? "" : "\nFiles of its sinks:\n" + all;
}

}  // namespace

std::string quality_text(const boost::json::array& quality, const boost::json::object& counters,
                         std::size_t width) {
  Table table({"RULE", "COUNTED>", "OF>", "ALLOWED", "VERDICT"});
  std::int64_t held = 0;
  for (const auto& entry : quality) {
    const auto& rule = as_object(entry);
    if (text_at(rule, "verdict") == "kept" && text_at(rule, "scope") == "row") {
      ++held;
      continue;
    }
    table.add({text_at(rule, "rule"), count_at(rule, "counted"), count_at(rule, "of"),
               text_at(rule, "bound"), text_at(rule, "verdict")});
  }
  return counted(number_at(counters, "rows_read"), "row") + " read, " +
         count_text(number_at(counters, "rows_accepted")) + " accepted, " +
         count_text(number_at(counters, "rows_rejected")) + " rejected; " +
         (held == 1 ? "1 row rule holds" : count_text(held) + " row rules hold") + "\n" +
         (table.empty() ? "" : table.text(width));
}

std::string run_text(const boost::json::object& run, std::size_t width, std::int64_t now_us) {
  const std::string failure = text_at(run, "failure");
  return head_text(run, now_us) + stages_text(run, width, now_us) + attempts_text(run) +
         qualities_text(run, width) + sinks_text(run) +
         (failure.empty() ? "" : "\n" + printable(failure) + "\n");
}

}  // namespace runink::runi
