#include "tools/runi/topics.hpp"

#include <boost/test/unit_test.hpp>

#include "tools/runi/command_line.hpp"
#include "tools/runi/texts.hpp"

namespace runink::runi {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

BOOST_AUTO_TEST_SUITE(topics)

BOOST_AUTO_TEST_CASE(every_topic_has_a_summary_a_text_and_an_example_that_runs_runi) {
  BOOST_TEST(all_topics().size() >= 15u);
  for (const Topic& topic : all_topics()) {
    const std::string name(topic.name);
    BOOST_TEST(!topic.summary.empty(), name);
    BOOST_TEST(topic.summary.size() < 70u, name);
    BOOST_TEST(topic.body.size() > 200u, name);
    BOOST_TEST(topic.example.ends_with('\n'), name);
    BOOST_TEST((topic.example.find("runi") != std::string_view::npos ||
                topic.example.find("RUNINK_SOCKET") != std::string_view::npos),
               name);
    BOOST_TEST(topic.example.find("\n#> ") != std::string_view::npos, name + " shows no output");
    BOOST_TEST(find_topic(name) == &topic);
  }
  for (const char* name : {"pipelines",  "sources",    "sql",     "exec",         "sinks",
                           "templates",  "quantities", "herds",   "runs",         "lineage",
                           "exit-codes", "output",     "volumes", "admin-socket", "troubleshooting",
                           "contracts",  "validation", "masking", "testing",      "tls",
                           "keys"})
    BOOST_TEST(find_topic(name) != nullptr, name);
}

BOOST_AUTO_TEST_CASE(no_line_of_an_example_is_too_wide_for_a_page) {
  for (const Topic& topic : all_topics())
    for (const std::string& line : lines_of(std::string(topic.example)))
      BOOST_TEST(width_of(line) <= 76u, std::string(topic.name) + ": " + line);
}

BOOST_AUTO_TEST_CASE(texts_are_wrapped_to_the_terminal_and_examples_are_not) {
  for (const Topic& topic : all_topics())
    for (const std::size_t width : {0u, 20u, 40u, 80u, 300u}) {
      const std::size_t most = width == 0 ? 80 : std::min<std::size_t>(width, 100);
      for (const std::string& line : lines_of(topic_text(topic, width))) {
        const bool as_it_stands = line.starts_with("    ");
        const bool one_word = line.find(' ', line.find_first_not_of(" -")) == std::string::npos;
        BOOST_TEST((width_of(line) <= most || as_it_stands || one_word ||
                    (line.starts_with("  ") && most < 80)),
                   std::string(topic.name) + " at " + std::to_string(width) + ": " + line);
      }
    }
}

BOOST_AUTO_TEST_CASE(words_are_never_lost_or_changed_by_wrapping) {
  const Topic* topic = find_topic("sql");
  BOOST_REQUIRE(topic != nullptr);
  const auto words = [](std::string text) {
    std::string all;
    for (const char c : text)
      if (c != ' ' && c != '\n') all += c;
    return all;
  };
  BOOST_TEST(words(topic_text(*topic, 20)) == words(topic_text(*topic, 100)));
}

BOOST_AUTO_TEST_CASE(wrapping_breaks_between_words_and_hangs_lines_below_the_text) {
  BOOST_TEST(wrapped("one two three four", 9) == "one two\nthree\nfour\n");
  BOOST_TEST(wrapped("one two", 9, "- ", "  ") == "- one two\n");
  BOOST_TEST(wrapped("one two x", 9, "- ", "  ") == "- one two\n  x\n");
  BOOST_TEST(wrapped("Grüße an alle", 8) == "Grüße an\nalle\n");
  BOOST_TEST(wrapped("a-word-too-long for it", 6) == "a-word-too-long\nfor it\n");
}

BOOST_AUTO_TEST_CASE(a_topic_that_does_not_exist_is_answered_with_the_nearest_name) {
  const auto near = no_such_topic({"pipelins"}, {"run", "get"});
  BOOST_TEST(near.exit == 2);
  BOOST_TEST(near.message.find("did you mean `runi help pipelines`?") != std::string::npos);
  const auto verb = no_such_topic({"exlpain"}, {"explain", "ext"});
  BOOST_TEST(verb.message.find("`runi help explain`") != std::string::npos);
  const auto far = no_such_topic({"\x1b[2Jweather"}, {"run"});
  BOOST_TEST(far.message.find("did you mean") == std::string::npos);
  BOOST_TEST(far.message.find('\x1b') == std::string::npos);
  BOOST_TEST(find_topic("SQL") == find_topic("sql"));
}

BOOST_AUTO_TEST_CASE(the_list_of_topics_names_them_all) {
  const std::string list = topic_list(80);
  for (const Topic& topic : all_topics())
    BOOST_TEST(list.find("\n  " + std::string(topic.name) + " ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
