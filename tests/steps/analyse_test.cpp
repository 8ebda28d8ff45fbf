// What a SQL text reads, told without binding or running it.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "steps/sql_analysis.hpp"
#include "tests/steps/slice_folder.hpp"

namespace runink::steps {
namespace {

pipeline::SqlReading read(const std::string& text) {
  // Never ended: at the end of the program DuckDB's thread-local parts are gone before what is static.
  static Engine& engine = *new Engine(std::move(*open_for_analysis()));
  auto reading = analyse(engine, text);
  BOOST_REQUIRE(reading.has_value());
  return *reading;
}

/// "trades@14 rates@30", or the faults as "!text@place".
std::string told(const std::string& text) {
  const auto reading = read(text);
  std::string out;
  for (const auto& table : reading.tables)
    out += (out.empty() ? "" : " ") + table.name + "@" + std::to_string(table.at);
  for (const auto& fault : reading.faults) out += " !" + fault.what;
  return out;
}

/// Places of all faults; "-" where none is known.
std::string places(const std::string& text) {
  std::string out;
  for (const auto& fault : read(text).faults)
    out += (out.empty() ? "" : " ") + (fault.at ? std::to_string(*fault.at) : "-");
  return out;
}

/// "contact<email; ?<*": columns that the text makes, and of which; "?" has no known name.
std::string made(const std::string& text) {
  const auto reading = read(text);
  BOOST_TEST(reading.faults.empty(), text);
  std::string out;
  for (const auto& column : reading.makes) {
    out += (out.empty() ? "" : "; ") + (column.name.empty() ? "?" : column.name) + "<";
    for (std::size_t i = 0; i < column.from.size(); ++i)
      out += (i == 0 ? "" : ",") + column.from[i];
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sql_analysis)

BOOST_AUTO_TEST_CASE(columns_are_told_that_get_a_new_name_or_a_new_value) {
  BOOST_TEST(made("SELECT email AS contact FROM t") == "contact<email");
  BOOST_TEST(made("SELECT contact: Email FROM t") == "contact<email");
  BOOST_TEST(made("FROM t") == "");
  BOOST_TEST(made("SELECT * EXCLUDE (x) FROM t") == "");
  BOOST_TEST(made("SELECT email, id FROM t") == "");
  BOOST_TEST(made("SELECT upper(email) AS email, lower(name) || id AS n FROM t") == "n<id,name");
  BOOST_TEST(made("SELECT CASE WHEN email = 'x' THEN 1 END AS flag FROM t") == "flag<email");
  BOOST_TEST(made("SELECT upper(email) FROM t") == "?<email");
  BOOST_TEST(made("SELECT * REPLACE (upper(x) AS email) RENAME (a AS b) FROM t") == "email<x; b<a");
  BOOST_TEST(made("SELECT * REPLACE (upper(ccy) AS ccy), ccy AS c FROM t") == "ccy<ccy; c<ccy");
  BOOST_TEST(made("SELECT (SELECT max(e) FROM u) AS m FROM t") == "m<e");
  BOOST_TEST(made("FROM t WHERE x IN (SELECT lower(e) FROM u UNION SELECT b FROM v)") == "");
  BOOST_TEST(made("SELECT sum(x) OVER (PARTITION BY a ORDER BY b) AS s FROM t") == "s<a,b,x");
  BOOST_TEST(made("SELECT s.city, s.city.name AS n FROM t") == "city<city,s; n<city,name,s");
  BOOST_TEST(made("SELECT {'a': email} AS s FROM t") == "s<email; ?<main");
  BOOST_TEST(made("SELECT email.upper() AS a, t.iban.lower().trim() AS b FROM t") ==
             "a<email; b<iban; ?<t");
  BOOST_TEST(made("SELECT list(x ORDER BY y) FILTER (WHERE z) AS l FROM t") == "l<x,y,z");
  BOOST_TEST(made("SELECT list_transform(e, lambda q: q || id) AS l FROM t") == "l<e,id,q");
  // How many there are tells no value.
  BOOST_TEST(
      made("SELECT count(*), count(DISTINCT email) AS n, count(*) OVER (PARTITION BY e) FROM t") ==
      "");
}

BOOST_AUTO_TEST_CASE(names_are_followed_through_queries_inside) {
  BOOST_TEST(made("WITH x AS (SELECT email AS e FROM t) SELECT e AS f FROM x") == "e<email; f<e");
  BOOST_TEST(made("WITH x(q) AS (SELECT a FROM t) SELECT q FROM x") == "q<a");
  BOOST_TEST(made("SELECT z FROM (SELECT a, b FROM t) AS k(z, y)") == "z<a,b; y<a,b");
  BOOST_TEST(made("SELECT * FROM t AS k(a)") == "a<*");
  BOOST_TEST(made("SELECT * FROM (VALUES (1)) v(a)") == "");
  BOOST_TEST(made("SELECT * FROM t, (VALUES (t.email)) v(a)") == "?<email; a<email; ?<t");
  BOOST_TEST(made("SELECT id, n FROM t, range(3) r(n)") == "");
  BOOST_TEST(made("SELECT u.e AS x FROM t, unnest(emails) u(e)")
                     .find("e<emails; u<emails; unnest<emails; x<e") == 0u,
             made("SELECT u.e AS x FROM t, unnest(emails) u(e)"));
  BOOST_TEST(made("SELECT a FROM t UNION ALL SELECT b FROM u") == "a<b");
  BOOST_TEST(made("SELECT a FROM t UNION SELECT b FROM u UNION SELECT c FROM v") == "b<c; a<b,c");
  BOOST_TEST(made("SELECT a FROM t UNION ALL BY NAME SELECT b FROM u") == "");
  BOOST_TEST(made("SELECT a FROM t EXCEPT SELECT b FROM u") == "");
  BOOST_TEST(made("WITH RECURSIVE r AS (SELECT a FROM t UNION ALL SELECT b FROM r) FROM r") ==
             "a<b");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_followed_is_a_column_without_a_name_or_of_any_column) {
  BOOST_TEST(made("FROM a UNION ALL FROM b") == "?<*");
  BOOST_TEST(made("SELECT COLUMNS('e.*') FROM t") == "?<*");
  BOOST_TEST(made("SELECT min(COLUMNS(*)) FROM t") == "?<*");
  BOOST_TEST(made("SELECT #1 AS x FROM t") == "x<*");
  BOOST_TEST(made("SELECT t AS row FROM t") == "row<*,t");
  BOOST_TEST(made("SELECT to_json(k) AS j FROM t AS k") == "j<*,k");
  BOOST_TEST(made("FROM t UNPIVOT (v FOR n IN (a, b))") == "?<*");
  BOOST_TEST(made("FROM t PIVOT (sum(a) FOR b IN ('x'))") == "?<*");
  BOOST_TEST(made("SELECT s.* FROM (SELECT {'a': email} AS s FROM t)") == "s<email; ?<s; ?<main");
  BOOST_TEST(made("SELECT unnest(s) AS u FROM t") == "?<s; u<s");
  // Where no table `c` has such a column, it is the part of a column `c`.
  BOOST_TEST(made("SELECT c.email FROM t AS c") == "?<c");
  BOOST_TEST(made("SELECT rule FROM checked.rejected") == "");
  std::string deep = "SELECT email";
  for (int i = 0; i < 600; ++i) deep += " || x";
  BOOST_TEST(made(deep + " AS e FROM t") == "?<*");
  std::string long_union = "SELECT a FROM t";
  for (int i = 0; i < 300; ++i) long_union += " UNION ALL SELECT b FROM u";
  BOOST_TEST(!made(long_union).empty());
}

BOOST_AUTO_TEST_CASE(functions_that_carry_the_key_are_ours_alone) {
  BOOST_TEST(told("SELECT runink_hash('x') AS h FROM t").find("runink_hash is Runink's own") !=
             std::string::npos);
  BOOST_TEST(told("SELECT e.RUNINK_TOKEN() AS h FROM t").find("runink_token is Runink's own") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_mention_of_a_dataset_is_told_with_its_byte_place) {
  BOOST_TEST(told("SELECT * FROM trades") == "trades@14");
  BOOST_TEST(told("SELECT * FROM a, b JOIN c USING (x)") == "a@14 b@17 c@24");
  BOOST_TEST(told("SELECT 'ÄÖ' FROM trades") == "trades@19");  // bytes, not characters
  BOOST_TEST(told("SELECT 1 FROM a WHERE x IN (SELECT y FROM b) OR EXISTS (FROM c)") ==
             "a@14 b@42 c@61");
  BOOST_TEST(told("FROM a UNION ALL FROM b") == "a@5 b@22");
  BOOST_TEST(told("SELECT (SELECT max(x) FROM a), CASE WHEN 1 IN (FROM b) THEN 2 END") ==
             "a@27 b@52");
  BOOST_TEST(told("SELECT 1") == "");
}

BOOST_AUTO_TEST_CASE(a_cte_hides_a_dataset_from_its_own_end_onward) {
  BOOST_TEST(told("WITH x AS (SELECT * FROM a) SELECT * FROM x, b") == "a@25 b@45");
  BOOST_TEST(told("WITH trades AS (SELECT * FROM trades) SELECT * FROM trades") == "trades@30");
  BOOST_TEST(told("WITH X AS (SELECT 1) SELECT * FROM x") == "");
  BOOST_TEST(told("WITH b AS (SELECT * FROM a), a AS (SELECT 1) SELECT * FROM a, b") == "a@25");
  BOOST_TEST(told("WITH a AS (SELECT 1), b AS (SELECT * FROM A) SELECT * FROM b") == "");
  BOOST_TEST(told("SELECT * FROM (WITH x AS (SELECT 1) FROM x) AS s, x") == "x@50");
  BOOST_TEST(told("WITH x AS (SELECT 1) SELECT (SELECT count(*) FROM x)") == "");
}

BOOST_AUTO_TEST_CASE(only_a_recursive_cte_sees_itself) {
  BOOST_TEST(told("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) "
                  "SELECT * FROM r, a") == "a@95");
}

BOOST_AUTO_TEST_CASE(rows_may_be_made_from_arguments_but_not_read_from_elsewhere) {
  BOOST_TEST(told("SELECT * FROM range(3), generate_series(1, 2), unnest([1])") == "");
  BOOST_TEST(places("SELECT * FROM read_csv('/etc/passwd')") == "14");
  BOOST_TEST(places("SELECT * FROM a, duckdb_settings()") == "17");
  BOOST_TEST(places("SELECT * FROM query('SELECT 1')") == "14");
  BOOST_TEST(places("SELECT * FROM glob('*'), read_text('x')") == "14 25");
  BOOST_TEST(told("SELECT * FROM 'x.csv'") == "x.csv@14");  // no dataset has such a name
}

BOOST_AUTO_TEST_CASE(what_is_not_one_select_is_refused_where_it_begins) {
  BOOST_TEST(places("INSERT INTO a SELECT 1") == "0");
  BOOST_TEST(places("  /* now */ COPY a TO 'x'") == "12");
  BOOST_TEST(read("PRAGMA version").faults.front().what.find("PRAGMA") != std::string::npos);
  BOOST_TEST(places("SELECT 1; SELECT ';' ") == "10");
  BOOST_TEST(places("SELECT 1; -- done\n DROP TABLE a") == "0");
  BOOST_TEST(places("SELECT 1;") == "");
  BOOST_TEST(places(";; SELECT 1 ; -- end") == "");
  BOOST_TEST(read("").faults.size() == 1u);
  BOOST_TEST(read("-- nothing").faults.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_rejected_rows_of_a_step_are_a_dataset_with_a_dot) {
  BOOST_TEST(told("SELECT rule, count(*) FROM checked.rejected GROUP BY ALL") ==
             "checked.rejected@27");
  BOOST_TEST(told("FROM Checked.\"Rejected\" r JOIN checked c ON c.id = r.id") ==
             "Checked.Rejected@5 checked@31");
  // A CTE of the same name does not hide it.
  BOOST_TEST(told("WITH rejected AS (SELECT 1) FROM checked.rejected") == "checked.rejected@33");
  BOOST_TEST(places("FROM memory.checked.rejected") == "5");
  BOOST_TEST(places("FROM checked.rejects") == "5");
}

BOOST_AUTO_TEST_CASE(names_with_a_schema_and_views_of_the_catalog_are_refused) {
  BOOST_TEST(places("SELECT * FROM main.trades") == "14");
  BOOST_TEST(places("SELECT * FROM information_schema.tables") == "14");
  BOOST_TEST(places("SELECT * FROM a.b.c") == "14");
  BOOST_TEST(read("DESCRIBE trades").faults.size() == 1u);
  BOOST_TEST(read("SELECT * FROM (SHOW TABLES)").faults.size() == 1u);
  BOOST_TEST(read("SUMMARIZE trades").faults.size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_changes_from_run_to_run_is_refused) {
  BOOST_TEST(places("SELECT now(), a FROM t") == "7");
  BOOST_TEST(places("SELECT a FROM t ORDER BY random()") == "25");
  BOOST_TEST(places("SELECT current_date FROM t") == "7");
  BOOST_TEST(places("SELECT CURRENT_TIMESTAMP, Uuid() FROM t") == "7 26");
  BOOST_TEST(places("SELECT * FROM t USING SAMPLE 10%") != "");
  BOOST_TEST(places("SELECT * FROM t USING SAMPLE 10% (bernoulli, 42)") == "");
  BOOST_TEST(places("SELECT t.current_date, error('x') FROM t") == "");
}

BOOST_AUTO_TEST_CASE(a_parameter_has_no_value_and_is_refused) {
  BOOST_TEST(read("SELECT * FROM a WHERE d = $ds").faults.size() == 1u);
  BOOST_TEST(read("SELECT * FROM a WHERE d = ?").faults.size() == 1u);
  BOOST_TEST(places("SELECT '$ds', $$a ; b$$ FROM a") == "");
}

BOOST_AUTO_TEST_CASE(a_syntax_error_is_told_with_its_byte_place) {
  BOOST_TEST(places("SELECT 1 frm x y") == "13");
  BOOST_TEST(places("SELECT 'ÄÖ' frm x y") == "18");
  BOOST_TEST(places("SELECT * FROM") != "");
  BOOST_TEST(read("SELECT 'x").faults.size() == 1u);
  BOOST_TEST(read(std::string("SELECT 1\0", 9)).faults.size() == 1u);
  BOOST_TEST(read("SELECT '\xff'").faults.size() == 1u);
}

BOOST_AUTO_TEST_CASE(several_mistakes_come_together) {
  BOOST_TEST(read("SELECT now() FROM main.a, read_csv('x') WHERE d = $d").faults.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_text_nested_past_reason_is_refused_and_harms_nobody) {
  std::string deep = "SELECT " + std::string(5'000, '(') + "1" + std::string(5'000, ')');
  BOOST_TEST(read(deep).tables.empty());
  std::string sums = "SELECT 1";
  for (int i = 0; i < 900; ++i) sums += " + (SELECT 1 FROM t)";
  const auto reading = read(sums);
  BOOST_TEST((reading.tables.size() == 900u || reading.faults.size() == 1u));
  BOOST_TEST(told("SELECT * FROM a") == "a@14");
}

BOOST_AUTO_TEST_CASE(the_list_of_unrepeatable_functions_is_the_librarys_own) {
  Engine engine = std::move(*open_for_analysis());
  const auto rows = engine.rows(
      "SELECT DISTINCT function_name::VARCHAR FROM duckdb_functions() WHERE stability <> "
      "'CONSISTENT' AND function_name <> 'error' ORDER BY 1");
  BOOST_REQUIRE(rows.has_value());
  std::vector<std::string> names;
  for (const auto& row : *rows) names.push_back(*row[0]);
  BOOST_TEST(names == volatile_functions(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_program_answers_the_questions_of_its_file_in_their_order) {
  testing::SliceFolder slice;
  slice.write("in/.runink/questions",
              encode(std::vector<pipeline::SqlQuestion>{{"SELECT * FROM a"}, {"DROP TABLE a"}}));
  const auto ended = slice.wait(slice.start("analyse"));
  BOOST_TEST(ended.code == 0);
  const auto answers =
      decode<std::vector<pipeline::SqlReading>>(slice.read("out/answers"), "the answers");
  BOOST_REQUIRE(answers.has_value());
  BOOST_REQUIRE(answers->size() == 2u);
  BOOST_TEST(answers->at(0).tables.front().name == "a");
  BOOST_TEST(answers->at(1).faults.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::steps
