#include "tools/runi/progress.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "tools/runi/texts.hpp"

namespace runink::runi {
namespace {

boost::json::object object(const std::string& text) {
  return boost::json::parse(text).get_object();
}

const std::string begun = R"({"kind":"run","run":{"id":"4f0c12ab99887766","herd":"finance",
  "pipeline":"settlement","status":"running","submitted_at":"2026-11-20T08:00:00.000Z","stages":[
  {"name":"trades","kind":"source","status":"succeeded","partitions":1,"partitions_done":1,
   "started_at":"2026-11-20T08:00:00.100Z","ended_at":"2026-11-20T08:00:01.300Z",
   "outputs":[{"dataset":"trades","rows":1000000}]},
  {"name":"netted","kind":"sql","status":"running","partitions":2,"partitions_done":0,
   "started_at":"2026-11-20T08:00:01.400Z"},
  {"name":"report","kind":"sink","status":"waiting","partitions":1}]}})";
constexpr std::int64_t at_two_seconds = 1'795'161'602'000'000;

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(the_picture_shows_each_stage_with_time_rows_and_a_bar) {
  RunProgress shown;
  shown.take(object(begun));
  shown.take(
      object(R"({"kind":"progress","stage":"netted","partition":0,"permille":500,"rows":20})"));
  shown.take(
      object(R"({"kind":"progress","stage":"netted","partition":1,"permille":340,"rows":5})"));
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, false, 100})) ==
             "finance/settlement 4f0c12ab9988  running  1/3 stages  2.0 s\n"
             "  + trades  source    succeeded                              1.2 s  1,000,000 rows\n"
             "  * netted  sql       running     [#####-------]  42 %      600 ms  0/2  25 rows\n"
             "  . report  sink      waiting\n");
}

BOOST_AUTO_TEST_CASE(outputs_that_wait_for_room_are_told_once_and_shown_as_long_as_they_wait) {
  const std::string told =
      "netted: its program ended well; its outputs wait for room on the node's disk\n";
  RunProgress shown;
  shown.take(object(begun));
  (void)shown.news();
  shown.take(object(
      R"({"kind":"progress","stage":"netted","partition":0,"permille":1000,"rows":20,"waits_for_room":true})"));
  BOOST_TEST(joined(shown.news()) == told);
  BOOST_TEST(joined(shown.news()) == "");
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, false, 100}))
                 .find("waits for room on the disk") != std::string::npos);
  shown.take(
      object(R"({"kind":"progress","stage":"netted","partition":0,"permille":1000,"rows":20})"));
  BOOST_TEST(joined(shown.news()) == "");
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, false, 100})).find("waits") ==
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_line_is_wider_than_the_terminal_however_narrow) {
  RunProgress shown;
  shown.take(object(begun));
  for (std::size_t width = 1; width < 120; ++width)
    for (const std::string& line : shown.picture(at_two_seconds, Style{false, true, width}))
      BOOST_TEST(width_of(line) <= width);
}

BOOST_AUTO_TEST_CASE(where_there_is_little_room_the_numbers_that_matter_stay_whole) {
  RunProgress shown;
  shown.take(object(begun));
  shown.take(
      object(R"({"kind":"progress","stage":"netted","partition":0,"permille":840,"rows":25})"));
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, false, 60})) ==
             "finance/settlement 4f0c12ab9988  running  1/3 stages  2.0 s\n"
             "  + trades  succeeded        1.2 s  1,000,000 rows\n"
             "  * netted  running         600 ms  0/2  25 rows\n"
             "  . report  waiting\n");
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, false, 40})) ==
             "settlement  running  1/3  2.0 s\n"
             "+ trades  1.2 s  1,000,000 rows\n"
             "* netted   42 %  600 ms  0/2  25 rows\n"
             ". report\n");
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, false, 20})) ==
             "running  1/3  2.0 s\n"
             "+ trades  1.2 s\n"
             "* netted   42 %  0/2\n"
             ". report\n");
}

BOOST_AUTO_TEST_CASE(colour_is_only_there_when_asked_for) {
  RunProgress shown;
  shown.take(object(begun));
  BOOST_TEST(joined(shown.picture(at_two_seconds, Style{false, true, 80})).find('\x1b') ==
             std::string::npos);
  BOOST_TEST(shown.picture(at_two_seconds, Style{true, true, 80})[1].starts_with("\x1b[32m"));
}

BOOST_AUTO_TEST_CASE(news_are_told_once) {
  RunProgress shown;
  shown.take(object(begun));
  BOOST_TEST(joined(shown.news()) == "trades: succeeded, 1,000,000 rows, 1.2 s\nnetted: running\n");
  BOOST_TEST(shown.news().empty());
  shown.take(object(R"({"kind":"stage","stage":{"name":"netted","kind":"sql","status":"failed",
    "started_at":"2026-11-20T08:00:01.400Z","ended_at":"2026-11-20T08:00:03.400Z",
    "attempts":[{"attempt":12,"node":"n1","status":"ended","end":"exited",
                 "what":"The program exited with code 3."}]}})"));
  BOOST_TEST(joined(shown.news()) ==
             "netted: attempt 12 on n1 ended: The program exited with code 3.\n"
             "netted: failed, 2.0 s\n");
  shown.take(object(R"({"kind":"alive"})"));
  shown.take(object(R"({"kind":"something new"})"));
  BOOST_TEST(shown.news().empty());
  BOOST_TEST(!shown.over());
  shown.take_run(object(R"({"id":"4f0c12ab99887766","status":"failed",
    "submitted_at":"2026-11-20T08:00:00.000Z","ended_at":"2026-11-20T08:00:04.000Z","stages":[]})"));
  BOOST_TEST(joined(shown.news()) == "run 4f0c12ab99887766: failed, 4.0 s\n");
  BOOST_TEST(shown.over());
}

BOOST_AUTO_TEST_CASE(bars_fill_from_nothing_to_all_and_not_beyond) {
  BOOST_TEST(bar(0, 4, false) == "[----]");
  BOOST_TEST(bar(500, 4, false) == "[##--]");
  BOOST_TEST(bar(1000, 4, false) == "[####]");
  BOOST_TEST(bar(5000, 4, false) == "[####]");
  BOOST_TEST(bar(-5, 4, true) == "░░░░");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
