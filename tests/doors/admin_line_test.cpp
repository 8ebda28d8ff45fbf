#include "actors/doors/admin_line.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include "actors/doors/admin_handler.hpp"
#include "tests/doors/client.hpp"

namespace runink::actors {
namespace {

std::string mistake_of(std::string_view line) {
  auto reading = read_admin_line(line);
  return reading.mistake ? reading.mistake->what : "none";
}

BOOST_AUTO_TEST_SUITE(admin_line)

BOOST_AUTO_TEST_CASE(a_request_keeps_its_id_verb_members_and_time) {
  auto reading = read_admin_line(R"({"id":"a","verb":"wait","run":"12","timeout_ms":1500})");
  BOOST_REQUIRE(!reading.mistake);
  BOOST_TEST(text(reading.line.id) == "\"a\"");
  BOOST_TEST(reading.line.verb == "wait");
  BOOST_TEST(text(reading.line.body.at("run")) == "\"12\"");
  BOOST_TEST((reading.line.timeout == milliseconds(1500)));
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_told_with_the_id_if_there_is_one) {
  BOOST_TEST(mistake_of("{").starts_with("The line is not a JSON object"));
  BOOST_TEST(mistake_of("[1]").starts_with("The line is JSON, but no object"));
  BOOST_TEST(mistake_of(R"({"verb":"version"})").starts_with("A request needs an `id`"));
  BOOST_TEST(mistake_of(R"({"id":null,"verb":"version"})").starts_with("A request needs an `id`"));
  BOOST_TEST(mistake_of(R"({"id":1.5,"verb":"version"})").starts_with("A request needs an `id`"));
  BOOST_TEST(mistake_of(R"({"id":1,"verb":2})").starts_with("A request needs a `verb`"));
  for (const char* time : {"0", "-1", "\"x\"", "604800001", "1e99"})
    BOOST_TEST(mistake_of(R"({"id":1,"verb":"a","timeout_ms":)" + std::string(time) + "}")
                   .starts_with("`timeout_ms` must be"));
  BOOST_TEST(text(read_admin_line(R"({"id":7,"verb":2})").line.id) == "7");
  const std::string id(65, 'x');
  BOOST_TEST(mistake_of(R"({"id":")" + id + R"(","verb":"version"})") != "none");
}

BOOST_AUTO_TEST_CASE(depth_is_bounded) {
  auto nested = [](int depth) {
    return R"({"id":1,"verb":"a","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  BOOST_TEST(mistake_of(nested(30)) == "none");
  BOOST_TEST(mistake_of(nested(40)) != "none");
  BOOST_TEST(mistake_of(std::string(1'000'000, '[')) != "none");
}

BOOST_AUTO_TEST_CASE(only_what_follows_has_no_deadline_of_its_own) {
  auto followed = [](std::string_view line) { return follows(read_admin_line(line).line); };
  BOOST_TEST(followed(R"({"id":1,"verb":"follow"})"));
  BOOST_TEST(followed(R"({"id":1,"verb":"wait"})"));
  BOOST_TEST(followed(R"({"id":1,"verb":"logs","follow":true})"));
  BOOST_TEST(!followed(R"({"id":1,"verb":"logs"})"));
  BOOST_TEST(!followed(R"({"id":1,"verb":"get","follow":true})"));
}

BOOST_AUTO_TEST_CASE(answers_are_single_lines_with_the_exit_code_of_their_kind) {
  boost::json::object result;
  result["text"] = "two\nlines";
  BOOST_TEST(result_line(3, result) == "{\"id\":3,\"result\":{\"text\":\"two\\nlines\"}}\n");
  BOOST_TEST(event_line("x", true) == "{\"id\":\"x\",\"event\":true}\n");
  Fault fault{FaultKind::no_such_thing, "No."};
  BOOST_TEST(
      error_line(nullptr, fault) ==
      "{\"id\":null,\"error\":{\"kind\":\"no_such_thing\",\"message\":\"No.\",\"exit\":4}}\n");
  const int exits[] = {1, 3, 4, 5, 6, 7, 1, 5, 6, 1, 1, 1};
  for (int kind = 1; kind <= 12; ++kind)
    BOOST_TEST(exit_code_of(static_cast<FaultKind>(kind)) == exits[kind - 1]);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::actors
