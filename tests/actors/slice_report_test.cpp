// The report of a slice: lines from a stranger.
#include "actors/workloads/slice_report.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "vocabulary/limits.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::work {
namespace {

SliceReport read_all(std::string_view text) {
  ReportReader reader;
  reader.feed(text);
  reader.finish();
  return reader.report();
}

/// A text of which every line is good, and what it says.
const std::string good_lines = R"x({"progress": {"permille": 420, "rows": 1200}}
{"output": {"dataset": "netted", "rows": 12, "content_hash": "00000000000000ff", "columns": [{"name": "net", "type": "DECIMAL(38,2)"}]}}

{"read": {"path": "lake:/a.csv", "bytes": 120, "sha256": ")x" +
                               std::string(64, 'a') +
                               R"x("}}
{"counter": {"name": "rows_read", "value": 1000}, "unknown": [1, {"deep": null}]} 
{"failed": {"reason": "bad_value"}})x";

void is_what_the_good_lines_say(const SliceReport& report) {
  BOOST_TEST(report.permille == 420);
  BOOST_TEST(report.rows == 1200u);
  BOOST_REQUIRE(report.outputs.size() == 1);
  BOOST_TEST(report.outputs[0].dataset.value == "netted");
  BOOST_TEST(report.outputs[0].rows == 12u);
  BOOST_TEST(report.outputs[0].content_hash == 255u);
  BOOST_REQUIRE(report.outputs[0].columns.size() == 1);
  BOOST_TEST(report.outputs[0].columns[0].type == "DECIMAL(38,2)");
  BOOST_REQUIRE(report.read.size() == 1);
  BOOST_TEST(report.read[0].path == "lake:/a.csv");
  BOOST_TEST(report.read[0].size.value == 120u);
  BOOST_TEST(to_hex(report.read[0].digest) == std::string(64, 'a'));
  BOOST_TEST(report.counters.at("rows_read") == 1000u);
  BOOST_TEST((report.reason == SliceReason::bad_value));
  BOOST_TEST(report.lines_dropped == 0u);
}

BOOST_AUTO_TEST_SUITE(slice_reports)

BOOST_AUTO_TEST_CASE(every_kind_of_line_is_understood_and_the_last_one_needs_no_newline) {
  is_what_the_good_lines_say(read_all(good_lines));
}

BOOST_AUTO_TEST_CASE(what_a_validate_step_counted_is_kept_with_the_rejected_dataset) {
  const SliceReport report = read_all(
      R"x({"quality": {"rule": "required(email)", "counted": 3, "of": 1000}}
{"quality": {"rule": "rows", "counted": -1, "of": 1}}
{"quality": {"counted": 1, "of": 1}}
{"output": {"dataset": "checked.rejected", "rows": 3}}
{"output": {"dataset": "checked.other", "rows": 3}}
)x");
  BOOST_TEST((report.quality == std::vector<QualityReport>{{"required(email)", 3, 1000}}));
  BOOST_REQUIRE(report.outputs.size() == 1u);
  BOOST_TEST(report.outputs[0].dataset.value == "checked.rejected");
  BOOST_TEST(report.lines_dropped == 3u);
}

BOOST_AUTO_TEST_CASE(a_report_may_be_cut_in_any_place) {
  const SliceReport whole = read_all(good_lines);
  for (std::size_t cut = 0; cut <= good_lines.size(); ++cut) {
    ReportReader reader;
    reader.feed(std::string_view(good_lines).substr(0, cut));
    reader.feed(std::string_view(good_lines).substr(cut));
    reader.finish();
    BOOST_TEST_REQUIRE((reader.report() == whole), "cut at " << cut);
  }
  ReportReader reader;
  for (const char c : good_lines) reader.feed(std::string_view(&c, 1));
  reader.finish();
  BOOST_TEST((reader.report() == whole));
}

BOOST_AUTO_TEST_CASE(every_bad_line_is_counted_and_changes_nothing) {
  const std::vector<std::string> bad = {
      "not json",
      "{",
      "[]",
      "42",
      "null",
      "{}",
      R"({"surprise": {}})",
      R"({"progress": 5})",
      R"({"progress": {}})",
      R"({"progress": {"permille": 1001}})",
      R"({"progress": {"permille": -1}})",
      R"({"progress": {"permille": 1.5}})",
      R"({"progress": {"permille": "5"}})",
      R"({"output": {"rows": 1}})",
      R"({"output": {"dataset": "a"}})",
      R"({"output": {"dataset": "../a", "rows": 1}})",
      R"({"output": {"dataset": "a", "rows": -1}})",
      R"({"output": {"dataset": "a", "rows": 1, "content_hash": "ff"}})",
      R"({"output": {"dataset": "a", "rows": 1, "content_hash": "00000000000000FF"}})",
      R"({"output": {"dataset": "a", "rows": 1, "columns": {}}})",
      R"({"output": {"dataset": "a", "rows": 1, "columns": [1]}})",
      R"({"output": {"dataset": "a", "rows": 1, "columns": [{"name": "x"}]}})",
      R"({"output": {"dataset": ")" + std::string(64, 'a') + R"(", "rows": 1}})",
      R"({"read": {"path": "a", "bytes": 1, "sha256": "00"}})",
      R"({"read": {"path": ")" + std::string(1025, 'a') + R"(", "bytes": 1, "sha256": ")" +
          std::string(64, 'a') + R"("}})",
      R"({"counter": {"name": "A B", "value": 1}})",
      R"({"counter": {"name": "a", "value": 1e3}})",
      R"({"counter": {"name": "a"}})",
      R"({"failed": {"reason": "boredom"}})",
      R"({"failed": {}})",
      R"({"progress": {"permille": 1}} {"progress": {"permille": 2}})",
      std::string("{\"progress\": {\"permille\": 1}}\0", 30),
      "\xff\xfe",
      std::string(40, '[') + std::string(40, ']'),
  };
  for (const std::string& line : bad) {
    SliceReport nothing;
    nothing.lines_dropped = 1;
    BOOST_TEST((read_all(line + "\n") == nothing), line);
  }
}

BOOST_AUTO_TEST_CASE(a_bad_line_does_not_hide_the_next_one) {
  std::string text = "garbage\n" + good_lines;
  SliceReport report = read_all(text);
  BOOST_TEST(report.lines_dropped == 1u);
  report.lines_dropped = 0;
  is_what_the_good_lines_say(report);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_too_long_is_dropped_once_and_takes_no_memory) {
  const std::string_view start = R"({"counter": {"name": "a", "value": 1}, "pad": ")";
  const std::string_view end = R"("})";
  const std::size_t most = limits::report_line.value;
  const std::string pad(most - start.size() - end.size(), 'x');
  const std::string longest = std::string(start) + pad + std::string(end);
  BOOST_TEST(longest.size() == most);
  BOOST_TEST(read_all(longest + "\n").counters.size() == 1u);

  const std::string too_long = std::string(start) + "x" + pad + std::string(end);
  SliceReport report = read_all(too_long + "\n" + R"({"progress": {"permille": 7}})" + "\n");
  BOOST_TEST(report.counters.empty());
  BOOST_TEST(report.lines_dropped == 1u);
  BOOST_TEST(report.permille == 7);

  ReportReader reader;
  const std::string part(most, '{');
  for (int i = 0; i < 20; ++i) reader.feed(part);
  reader.finish();
  BOOST_TEST(reader.report().lines_dropped == 1u);
}

BOOST_AUTO_TEST_CASE(what_comes_past_a_limit_is_counted_and_dropped) {
  std::string text;
  for (int i = 0; i < 70; ++i)
    text += R"({"output": {"dataset": "d)" + std::to_string(i) + R"(", "rows": 1}})" + "\n";
  for (int i = 0; i < 300; ++i)
    text += R"({"counter": {"name": "c)" + std::to_string(i) + R"(", "value": 1}})" + "\n";
  const std::uint32_t files = limits::commit_files + 5;
  for (std::uint32_t i = 0; i < files; ++i)
    text += R"({"read": {"path": "f)" + std::to_string(i) + R"(", "bytes": 1, "sha256": ")" +
            std::string(64, 'b') + "\"}}\n";
  const SliceReport report = read_all(text);
  BOOST_TEST(report.outputs.size() == 64u);
  BOOST_TEST(report.counters.size() == 256u);
  BOOST_TEST(report.read.size() == limits::commit_files);
  BOOST_TEST(report.lines_dropped == (70u - 64u) + (300u - 256u) + 5u);
}

BOOST_AUTO_TEST_CASE(what_was_said_again_replaces_what_was_said_before) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += R"({"output": {"dataset": "d", "rows": )" + std::to_string(i) + "}}\n";
    text += R"({"counter": {"name": "c", "value": )" + std::to_string(i) + "}}\n";
    text += R"({"progress": {"permille": )" + std::to_string(i) + "}}\n";
  }
  const SliceReport report = read_all(text);
  BOOST_REQUIRE(report.outputs.size() == 1);
  BOOST_TEST(report.outputs[0].rows == 999u);
  BOOST_TEST(report.counters.at("c") == 999u);
  BOOST_TEST(report.permille == 999);
  BOOST_TEST(report.lines_dropped == 0u);
}

BOOST_AUTO_TEST_CASE(random_bytes_never_break_the_reader_nor_its_limits) {
  const std::uint64_t seed = 20261120;
  BOOST_TEST_MESSAGE("seed " << seed);
  Randomness chance(seed);
  for (int round = 0; round < 300; ++round) {
    std::string text = good_lines + "\n";
    for (std::uint64_t hits = 1 + chance.below(8); hits > 0; --hits) {
      const std::size_t at = chance.below(text.size());
      switch (chance.below(3)) {
        case 0: text[at] = static_cast<char>(chance.below(256)); break;
        case 1: text.erase(at, 1 + chance.below(5)); break;
        default: text.insert(at, text.substr(chance.below(text.size()), chance.below(30)));
      }
      if (text.empty()) text = "x";
    }
    const SliceReport whole = read_all(text);
    BOOST_TEST_REQUIRE(whole.permille <= 1000, "round " << round);
    const std::size_t cut = chance.below(text.size());
    ReportReader reader;
    reader.feed(std::string_view(text).substr(0, cut));
    reader.feed(std::string_view(text).substr(cut));
    reader.finish();
    BOOST_TEST_REQUIRE((reader.report() == whole), "round " << round);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::work
