#include "pipeline/template.hpp"

#include <boost/test/unit_test.hpp>

#include "pipeline/quantity.hpp"

namespace runink::pipeline::test {
namespace {

/// `text` with `x` = value, or "REFUSED".
std::string sql(const std::string& text, const std::string& value) {
  const SourceText none{"", ""};
  Mistakes mistakes{none};
  Names names;
  names.parameters["x"] = value;
  const Rendered rendered = render_template(text, names, Tongue::sql, mistakes);
  return rendered.mistakes.empty() ? rendered.text : "REFUSED";
}

BOOST_AUTO_TEST_SUITE(templates)

BOOST_AUTO_TEST_CASE(the_names_of_the_platform_are_those_of_airflow) {
  const auto names =
      platform_names(*parse_moment("2026-11-20T08:30:00.25Z"), std::nullopt, RunId{"abc"});
  BOOST_TEST(names.at("ds") == "2026-11-20");
  BOOST_TEST(names.at("ds_nodash") == "20261120");
  BOOST_TEST(names.at("ts") == "2026-11-20T08:30:00.250000+00:00");
  BOOST_TEST(names.at("ts_nodash") == "20261120T083000");
  BOOST_TEST(names.at("logical_date") == names.at("ts"));
  BOOST_TEST(names.at("data_interval_start") == "2026-11-20T00:00:00+00:00");
  BOOST_TEST(names.at("data_interval_end") == "2026-11-21T00:00:00+00:00");
  BOOST_TEST(names.at("run_id") == "abc");
}

BOOST_AUTO_TEST_CASE(a_value_in_single_quotes_cannot_end_them) {
  BOOST_TEST(sql("SELECT '{{ x }}'", "O'Neill") == "SELECT 'O''Neill'");
  BOOST_TEST(sql("SELECT '{{x}}'", "' OR 1=1 --") == "SELECT ''' OR 1=1 --'");
  BOOST_TEST(sql("SELECT 'it''s {{ x }}'", "'") == "SELECT 'it''s '''");
  BOOST_TEST(sql("SELECT date'{{ x }}'", "a\\'b") == "SELECT date'a\\''b'");
}

BOOST_AUTO_TEST_CASE(a_value_outside_quotes_is_one_number_or_one_name) {
  BOOST_TEST(sql("LIMIT {{ x }}", "10") == "LIMIT 10");
  BOOST_TEST(sql("LIMIT {{ x }}", "-1.5") == "LIMIT -1.5");
  BOOST_TEST(sql("ORDER BY {{ x }}", "net_value") == "ORDER BY net_value");
  for (const char* wrong : {"", "1; SELECT 2", "1 OR 1", "2026-11-20", "a.b", "a b", "1-2", "'a'",
                            "--", "-", ".", "1.", "a)", "\"a\"", "$1"})
    BOOST_TEST(sql("LIMIT {{ x }}", wrong) == "REFUSED", wrong);
  BOOST_TEST(sql("SELECT 1-{{ x }}", "-2") == "REFUSED");
  BOOST_TEST(sql("SELECT a{{ x }}", "b") == "REFUSED");
}

BOOST_AUTO_TEST_CASE(other_literals_and_comments_take_only_harmless_values) {
  BOOST_TEST(sql("SELECT \"{{ x }}\"", "a\"b") == "SELECT \"a\"\"b\"");
  BOOST_TEST(sql("SELECT E'{{ x }}'", "a-b") == "SELECT E'a-b'");
  BOOST_TEST(sql("SELECT E'{{ x }}'", "\\") == "REFUSED");
  BOOST_TEST(sql("SELECT e'\\'{{ x }}'", "'") == "REFUSED");
  BOOST_TEST(sql("SELECT $$ {{ x }} $$", "$") == "REFUSED");
  BOOST_TEST(sql("SELECT $a$ $$ ' {{ x }} $a$", "b") == "SELECT $a$ $$ ' b $a$");
  BOOST_TEST(sql("-- ' {{ x }}\n, '{{ x }}'", "it") == "-- ' it\n, 'it'");
  BOOST_TEST(sql("/* /* */ ' {{ x }} */ '{{ x }}'", "a") == "/* /* */ ' a */ 'a'");
  BOOST_TEST(sql("/* {{ x }} */", "*/ SELECT 1") == "REFUSED");
}

BOOST_AUTO_TEST_CASE(control_characters_never_enter_sql) {
  for (const std::string& wrong :
       {std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f")})
    BOOST_TEST(sql("SELECT '{{ x }}'", wrong) == "REFUSED");
}

BOOST_AUTO_TEST_CASE(a_rendered_byte_leads_back_to_its_template) {
  const SourceText none{"", ""};
  Mistakes mistakes{none};
  Names names;
  names.parameters["x"] = "12345678";
  const Rendered r = render_template("ab {{ x }} cd", names, Tongue::plain, mistakes);
  BOOST_TEST(r.text == "ab 12345678 cd");
  BOOST_TEST((r.in_template(0, 2) == std::pair<std::size_t, std::size_t>(0, 2)));
  BOOST_TEST((r.in_template(5, 3) == std::pair<std::size_t, std::size_t>(3, 7)));
  BOOST_TEST((r.in_template(12, 2) == std::pair<std::size_t, std::size_t>(11, 2)));
  BOOST_TEST((r.in_template(1, 3) == std::pair<std::size_t, std::size_t>(1, 9)));
  BOOST_TEST(r.in_template(1000, 5).first <= 13u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::pipeline::test
