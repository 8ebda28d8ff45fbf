#include "tools/runi/documents.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "tools/runi/shown.hpp"

namespace runink::runi {
namespace {

std::string yaml(const char* json) { return to_yaml_text(boost::json::parse(json)); }

BOOST_AUTO_TEST_SUITE(documents)

BOOST_AUTO_TEST_CASE(json_is_indented_and_keeps_its_order) {
  const char* text =
      "{\n"
      "  \"b\": 1,\n"
      "  \"a\": [\n"
      "    true,\n"
      "    {\n"
      "      \"x\": \"y\\n\"\n"
      "    }\n"
      "  ],\n"
      "  \"none\": {},\n"
      "  \"empty\": []\n"
      "}\n";
  BOOST_TEST(to_json_text(boost::json::parse(text)) == text);
}

BOOST_AUTO_TEST_CASE(yaml_nests_maps_and_lists) {
  BOOST_TEST(
      yaml(R"({"items":[{"id":"a1","rows":2},{"id":"b","sub":{"x":[1,[2,3]]}}],"more":false})") ==
      "items:\n"
      "  - id: a1\n"
      "    rows: 2\n"
      "  - id: b\n"
      "    sub:\n"
      "      x:\n"
      "        - 1\n"
      "        -\n"
      "          - 2\n"
      "          - 3\n"
      "more: false\n");
  BOOST_TEST(yaml("{}") == "{}\n");
  BOOST_TEST(yaml("[]") == "[]\n");
  BOOST_TEST(yaml("5") == "5\n");
}

BOOST_AUTO_TEST_CASE(yaml_quotes_what_could_be_taken_for_something_else) {
  BOOST_TEST(
      yaml(R"({"a":"yes","b":"No","c":"null","d":"1.0","e":"","f":"a: b","g":"- x","h":"#x"})") ==
      "a: \"yes\"\nb: \"No\"\nc: \"null\"\nd: \"1.0\"\ne: \"\"\nf: \"a: b\"\ng: \"- x\"\n"
      "h: \"#x\"\n");
  BOOST_TEST(yaml(R"({"y":"plain-text_1/x.y","on":1})") == "\"y\": plain-text_1/x.y\n\"on\": 1\n");
}

BOOST_AUTO_TEST_CASE(yaml_writes_texts_of_several_lines_as_blocks) {
  BOOST_TEST(yaml(R"({"t":"one\n  two\n\nthree\n"})") == "t: |\n  one\n    two\n\n  three\n");
  BOOST_TEST(yaml(R"({"t":"one\ntwo"})") == "t: |-\n  one\n  two\n");
  BOOST_TEST(yaml(R"({"t":"one\n\n"})") == "t: |+\n  one\n\n");
  BOOST_TEST(yaml(R"({"t":" one\ntwo"})") == "t: \" one\\ntwo\"\n");
}

BOOST_AUTO_TEST_CASE(a_table_of_runs_shows_what_is_known) {
  auto items = boost::json::parse(
      R"([{"id":"4f0c12ab99887766","herd":"finance","pipeline":"settlement","status":"succeeded",
           "submitted_at":"2026-11-20T08:00:00.000Z","ended_at":"2026-11-20T08:00:01.500Z",
           "stages":{"total":4,"done":4}}])");
  BOOST_TEST(items_table("runs", items.get_array(), 0, 1'795'161'610'000'000) ==
             "RUN           HERD     PIPELINE    STATUS     STAGES   TOOK  SUBMITTED\n"
             "4f0c12ab9988  finance  settlement  succeeded     4/4  1.5 s  10.0 s ago\n");
  BOOST_TEST(items_names("runs", items.get_array()) == "run/4f0c12ab99887766\n");
}

BOOST_AUTO_TEST_CASE(diagnostics_are_printed_as_given_or_drawn_with_a_caret) {
  auto given = boost::json::parse(R"([{"rendered":"a.toml:1:2: error: x\n"}])");
  BOOST_TEST(diagnostics_text(given.get_array()) == "a.toml:1:2: error: x\n");
  auto bare = boost::json::parse(
      R"([{"severity":"error","file":"a.toml","line":3,"column":5,"length":3,"message":"no such step",
           "hint":"did you mean `abd`?","source_line":"x\t= abc"}])");
  BOOST_TEST(diagnostics_text(bare.get_array()) ==
             "a.toml:3:5: error: no such step\n"
             "  x\t= abc\n"
             "   \t  ^^^\n"
             "  did you mean `abd`?\n");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
