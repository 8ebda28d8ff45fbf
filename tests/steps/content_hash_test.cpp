// The content hash: the same rows, the same hash, whatever their order and file.
#include <boost/test/unit_test.hpp>
#include <set>

#include "steps/dataset_writer.hpp"
#include "steps/row_hash.hpp"
#include "tests/steps/slice_folder.hpp"

namespace runink::steps {
namespace {

Written measured(const std::string& select) {
  // Never ended: at the end of the program DuckDB's thread-local parts are gone before what is static.
  static Engine& engine = *new Engine(std::move(*Engine::open({.memory = MiB(256)})));
  const auto written = measure(engine, select);
  BOOST_REQUIRE_MESSAGE(written.has_value(), select << ": " << written.error().text);
  return *written;
}
std::uint64_t hash(const std::string& select) { return measured(select).content_hash; }

}  // namespace

BOOST_AUTO_TEST_SUITE(content_hash)

BOOST_AUTO_TEST_CASE(it_does_not_depend_on_the_order_of_rows) {
  const std::string rows = "SELECT x AS a, 'n' || x AS b FROM range(5000) t(x)";
  BOOST_TEST(hash(rows) == hash(rows + " ORDER BY b DESC"));
  BOOST_TEST(measured(rows).rows == 5000u);
}

BOOST_AUTO_TEST_CASE(every_difference_of_a_row_is_seen) {
  const std::set<std::uint64_t> hashes = {
      hash("SELECT 1 AS a, 2 AS b"),
      hash("SELECT 2 AS a, 1 AS b"),
      hash("SELECT 1 AS a, NULL::INTEGER AS b"),
      hash("SELECT 1 AS a, 0 AS b"),
      hash("SELECT 1 AS a, 2 AS c"),
      hash("SELECT 1 AS a, 2::BIGINT AS b"),
      hash("SELECT 1 AS a, 2 AS b UNION ALL SELECT 1, 2"),
      hash("SELECT 1 AS a, 2 AS b WHERE false"),
  };
  BOOST_TEST(hashes.size() == 8u);
}

BOOST_AUTO_TEST_CASE(null_empty_text_and_moved_letters_differ) {
  const std::set<std::uint64_t> hashes = {
      hash("SELECT 'ab' AS a, 'c' AS b"), hash("SELECT 'a' AS a, 'bc' AS b"),
      hash("SELECT '' AS a, 'abc' AS b"), hash("SELECT NULL::VARCHAR AS a, 'abc' AS b"),
      hash("SELECT 'abc' AS a, NULL::VARCHAR AS b")};
  BOOST_TEST(hashes.size() == 5u);
}

BOOST_AUTO_TEST_CASE(nulls_are_told_apart_in_every_place_of_a_vector) {
  std::set<std::uint64_t> hashes;
  for (int i = 0; i < 200; ++i)
    hashes.insert(hash("SELECT x AS id, CASE WHEN x <> " + std::to_string(i) +
                       " THEN 7 END AS v FROM range(200) t(x)"));
  BOOST_TEST(hashes.size() == 200u);
}

BOOST_AUTO_TEST_CASE(equal_numbers_of_different_bits_are_one) {
  BOOST_TEST(hash("SELECT 0.0::DOUBLE AS a") == hash("SELECT -0.0::DOUBLE AS a"));
  BOOST_TEST(hash("SELECT 'nan'::DOUBLE AS a") == hash("SELECT -'nan'::DOUBLE AS a"));
  BOOST_TEST(hash("SELECT 0.1::DOUBLE AS a") != hash("SELECT 0.1::DOUBLE + 1e-17 * 2 AS a"));
}

BOOST_AUTO_TEST_CASE(every_type_has_a_hash) {
  for (const char* value : {"true",
                            "1::TINYINT",
                            "1::UTINYINT",
                            "1::SMALLINT",
                            "1::USMALLINT",
                            "1::INTEGER",
                            "1::UINTEGER",
                            "1::BIGINT",
                            "1::UBIGINT",
                            "1::HUGEINT",
                            "1::UHUGEINT",
                            "1::FLOAT",
                            "1::DOUBLE",
                            "1::DECIMAL(3,1)",
                            "1::DECIMAL(8,1)",
                            "1::DECIMAL(18,1)",
                            "1::DECIMAL(38,1)",
                            "DATE '2026-01-01'",
                            "TIME '10:00:00'",
                            "TIMESTAMP '2026-01-01 10:00:00'",
                            "TIMESTAMPTZ '2026-01-01 10:00:00+02'",
                            "'2026-01-01'::TIMESTAMP_NS",
                            "'2026-01-01'::TIMESTAMP_S",
                            "INTERVAL 1 DAY",
                            "'a'",
                            "'a'::BLOB",
                            "'101'::BIT",
                            "'d423a8bf-6d9c-4b1c-8a3e-6f0e4f1d8c11'::UUID",
                            "[1, 2]",
                            "{'a': 1, 'b': [NULL]}",
                            "MAP {'a': 1}",
                            "[1, 2]::INTEGER[2]",
                            "'x'::ENUM('x', 'y')",
                            "'{}'::JSON",
                            "'10:00:00+01'::TIMETZ",
                            "1::BIGNUM",
                            "union_value(a := 1)"}) {
    const auto some = hash("SELECT " + std::string(value) + " AS v");
    const auto none = hash("SELECT CASE WHEN false THEN " + std::string(value) + " END AS v");
    BOOST_TEST(some != none, value);
  }
}

BOOST_AUTO_TEST_CASE(it_is_what_its_definition_says) {
  // One row (INTEGER 7, VARCHAR 'ab', NULL), computed here by the words of docs/adr/0005.
  std::string row;
  row += '\1';
  row += std::string("\7\0\0\0", 4);
  row += '\1';
  row += std::string("\2\0\0\0\0\0\0\0", 8) + "ab";
  row += '\0';
  const std::vector<Column> columns = {{"a", "INTEGER"}, {"b", "VARCHAR"}, {"c", "BIGINT"}};
  BOOST_TEST(hash("SELECT 7 AS a, 'ab' AS b, NULL::BIGINT AS c") ==
             xxh64(row) + schema_hash(columns));
  BOOST_TEST(hash("SELECT 7 AS a, 'ab' AS b, NULL::BIGINT AS c FROM range(3)") ==
             3 * xxh64(row) + schema_hash(columns));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::steps
