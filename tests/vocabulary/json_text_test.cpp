// JSON as it stands in a text.
#include "vocabulary/json_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace runink;

BOOST_AUTO_TEST_CASE(json_is_taken_apart_without_losing_digits) {
  std::vector<JsonMember> members;
  BOOST_TEST(json_members(
      R"( {"a": 12345678901234567890.12, "b":{"c":[1,{}]}, "d":"x\"y", "e":null} )", members));
  BOOST_TEST(members.size() == 4u);
  BOOST_TEST(members[0].value.text == "12345678901234567890.12");
  BOOST_TEST(members[1].value.text == R"({"c":[1,{}]})");
  std::string room;
  BOOST_TEST(json_unquoted(members[2].value.text, room).value() == "x\"y");
  BOOST_TEST(json_unquoted(R"("\u00e4\ud83d\ude42\n")", room).value() == "ä🙂\n");
  BOOST_TEST(!json_unquoted(R"("\ud83d")", room).has_value());
  BOOST_TEST(!json_unquoted(R"("\u0000")", room).has_value());
  for (const char* text : {"", "{", "{}x", "[1]", "{\"a\":01}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}",
                           "{\"a\":.5}", "{\"a\":1.}", "{\"a\":tru}", "{\"a\":\"\n\"}",
                           "{\"a\":\"\\x\"}", "{\"a\":1}{\"a\":2}", "{\"a\":NaN}", "null"})
    BOOST_TEST(!json_members(text, members), text);
  BOOST_TEST((json_kind(std::string(101, '[') + std::string(101, ']')) == JsonKind::array));
  BOOST_TEST((json_kind(std::string(200, '[') + std::string(200, ']')) == JsonKind::bad));
  std::vector<JsonPart> items;
  BOOST_TEST(json_items("[1, \"a\", []]", items));
  BOOST_TEST(items.size() == 3u);
}
