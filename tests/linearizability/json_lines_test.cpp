// The form in which histories are written and read.
#include "checker/json_lines.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "histories.hpp"

using namespace runink;
using namespace runink::linearizability;

namespace {

Result<History> read_lines(const std::string& text) {
  std::istringstream in(text);
  return read_json_lines(in, "history");
}

/// An operation whose input, output and times are these.
std::string line(const std::string& input, const std::string& rest) {
  return R"({"client": 1, "call": 5, "input": )" + input + rest + "}\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_lines)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  Randomness random(3);
  History history = draw(random, {.operations = 200, .keys = 3, .unanswered_percent = 20});
  Operation told = append(1, 2, 3, "\"\\\n\t\u00e4");
  told.told = Value{"x"};
  history.push_back(told);
  std::string text;
  for (const Operation& one : history) text += to_json_line(one) + "\n";
  const auto again = read_lines(text);
  BOOST_REQUIRE_MESSAGE(again.has_value(), again.error().what);
  for (Operation& one : history)
    if (!one.done) one.swapped = true;  // never told
  BOOST_TEST((*again == history));
}

BOOST_AUTO_TEST_CASE(every_operation_has_the_documented_form) {
  const auto history = read_lines(
      R"({"client": 3, "call": 120, "return": 180, "input": {"op": "cas", "key": "a", "from": "1", "to": 2}, "output": {"ok": true}, "node": "n1"})"
      "\n\n"
      R"({"client": 4, "call": 1, "return": 2, "input": {"op": "get", "key": "a"}, "output": {"value": null}})"
      "\n"
      R"({"client": 5, "call": 1, "return": null, "input": {"op": "put", "key": "a", "value": "v"}, "output": null})"
      "\n"
      R"({"client": 6, "call": 1, "return": 9, "input": {"op": "write", "value": -7}, "output": {"refused": true}})"
      "\n"
      R"({"client": 7, "call": 1, "return": 9, "input": {"op": "delete", "key": "b"}})"
      "\n");
  BOOST_REQUIRE_MESSAGE(history.has_value(), history.error().what);
  const History expected{
      of_key("a", swap(3, 120, 180, "1", "2", true)), of_key("a", read(4, 1, 2, {})),
      of_key("a", unanswered(write(5, 1, 0, "v"))), of_key("b", remove(7, 1, 9))};
  BOOST_TEST((*history == expected));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_none_is_refused_with_its_number_and_what_is_wrong) {
  const auto mistake = [](const std::string& text) {
    const auto history = read_lines("\n" + text);
    BOOST_REQUIRE(!history.has_value());
    return history.error().what;
  };
  BOOST_TEST(mistake("{").starts_with("history:2: this is no JSON"));
  BOOST_TEST(mistake("[]") == "history:2: it is no object.");
  BOOST_TEST(mistake("{}") == "history:2: \"client\" is missing.");
  BOOST_TEST(mistake(line(R"({"op": "sell"})", "")).find("\"op\" must be") != std::string::npos);
  BOOST_TEST(mistake(line(R"({"op": "put"})", "")) == "history:2: \"value\" is missing.");
  BOOST_TEST(mistake(line(R"({"op": "append", "value": null})", "")) ==
             "history:2: nil cannot be appended.");
  BOOST_TEST(mistake(line(R"({"op": "get"})", R"(, "return": 4)")) ==
             "history:2: it returned before it was called.");
  BOOST_TEST(mistake(line(R"({"op": "get"})", R"(, "return": 6)")) ==
             "history:2: \"value\" is missing.");
  BOOST_TEST(
      mistake(line(R"({"op": "get"})", R"(, "return": 6.5)")).find("must be a whole number") !=
      std::string::npos);
  BOOST_TEST(mistake(line(R"({"op": "get", "key": 1})", "")) ==
             "history:2: \"key\" must be a text.");
  BOOST_TEST(mistake(line(R"({"op": "cas", "from": 1, "to": 2})", R"(, "return": 6)")) ==
             "history:2: \"ok\" is missing.");
  BOOST_TEST(mistake(line(R"({"op": "cas", "from": [1], "to": 2})", ""))
                 .find("must be a text, a whole number or null") != std::string::npos);
  BOOST_TEST(mistake(std::string(json_line_bytes_most + 1, ' ') + "x").find("longer than 1 MiB") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
