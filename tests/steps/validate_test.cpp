// Validate steps: each kind of rule, each format, and that no record is lost.
#include <boost/test/unit_test.hpp>

#include "tests/steps/validation.hpp"

namespace runink::testing {
namespace {
using governance::LogicalType;
using governance::Metric;
using pipeline::OnViolation;

ObjectOf trades() {
  ObjectOf of;
  auto& id = of.column("id", LogicalType::integer, "BIGINT");
  id.required = true;
  id.primary_key = 1;
  of.column("cpty").required = true;
  of.column("price", LogicalType::number, "DECIMAL(18,2)");
  of.column("day", LogicalType::date);
  return of;
}

/// The broken rules of each rejected row, by record.
std::string rules(const SliceFolder& slice) {
  return slice.query("SELECT source_record, array_to_string(all_rules, ',') FROM " + kRejected);
}

/// Runs a contract of one column over values, and shows what is rejected.
std::string rejected_values(governance::Property property, const std::string& csv_values) {
  SliceFolder slice;
  ObjectOf of;
  of.column("id", LogicalType::integer);
  property.name = "x";
  of.object.properties.push_back(property);
  std::string csv = "id,x\n";
  int n = 0;
  std::size_t at = 0;
  while (at <= csv_values.size()) {
    const auto end = std::min(csv_values.find(' ', at), csv_values.size());
    csv += std::to_string(++n) + "," + csv_values.substr(at, end - at) + "\n";
    at = end + 1;
  }
  slice.write("in/trades/a.csv", csv);
  const Ended ended = slice.run(validate(of.object));
  if (ended.code != 0) return ended.log;
  return slice.query("SELECT string_agg(x || ':' || reason, ' ') FROM " + kRejected);
}

governance::Property of_type(LogicalType type, const std::string& physical = "") {
  governance::Property property;
  property.type = type;
  property.type_given = true;
  property.physical_type = physical;
  return property;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(validation)

BOOST_AUTO_TEST_CASE(rows_that_hold_are_typed_and_the_others_keep_their_text_and_reasons) {
  SliceFolder slice;
  slice.write("in/trades/a.csv",
              "id,cpty,price,day\n1,ACME,10.50,2026-01-31\n2,,7.5,2026-02-30\nx,B,1.234,\n"
              "4,\"C, D\",,2026-03-01\n5,E\n6,F,1,2026-01-01,extra\n7,\"G\"g,1,2026-01-01\n");
  const Ended ended = slice.run(validate(trades().object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "7 = 2 + 5");
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked) ==
             "1|ACME|10.50|2026-01-31 / 4|C, D|NULL|2026-03-01");
  BOOST_TEST(slice.query("SELECT column_name, column_type FROM (DESCRIBE FROM " + kChecked + ")") ==
             "id|BIGINT / cpty|VARCHAR / price|DECIMAL(18,2) / day|DATE");
  BOOST_TEST(rules(slice) ==
             "2|required(cpty),type(day) / 3|type(id),type(price) / 5|too_few_columns / "
             "6|too_many_columns / 7|bad_quoting");
  BOOST_TEST(
      slice.query("SELECT source_file, rule, reason, row_key, id, cpty, price, day, raw FROM " +
                  kRejected + " LIMIT 3") ==
      "a.csv|required(cpty)|not_null|2|2|NULL|7.5|2026-02-30|2,,7.5,2026-02-30 / "
      "a.csv|type(id)|bad_type|x|x|B|1.234|NULL|x,B,1.234, / "
      "a.csv|too_few_columns|too_few_columns|5|5|E|NULL|NULL|5,E");
  BOOST_TEST(counted(ended) ==
             "too_few_columns=1/7 too_many_columns=1/7 bad_quoting=1/7 type(id)=1/7 "
             "required(cpty)=1/7 type(price)=1/7 type(day)=1/7");
  BOOST_TEST(ended.count("output") == 2u);
}

BOOST_AUTO_TEST_CASE(the_same_rules_hold_for_json_lines_and_parquet) {
  SliceFolder slice;
  slice.write(
      "in/trades/a.jsonl",
      "{\"id\":1,\"cpty\":\"ACME\",\"price\":10.50,\"day\":\"2026-01-31\",\"more\":1}\n\n"
      "{\"id\":2,\"cpty\":null,\"price\":\"7.5\",\"day\":\"2026-02-28\"}\n"
      "{\"id\":1.0,\"cpty\":5}\n[1]\n{\"id\":7,\"id\":8}\nnot json\n"
      "{\"day\":\"2026-03-01\",\"price\":12345678901234.25,\"cpty\":\"caf\\u00e9\",\"id\":9}");
  Ended ended = slice.run(validate(trades().object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "7 = 2 + 5");
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked) ==
             "1|ACME|10.50|2026-01-31 / 9|café|12345678901234.25|2026-03-01");
  BOOST_TEST(rules(slice) ==
             "2|required(cpty),type(price) / 3|type(id),type(cpty) / 4|bad_json / "
             "5|bad_json / 6|bad_json");
  BOOST_TEST(slice.query("SELECT id, cpty, raw FROM " + kRejected + " WHERE source_record = 3") ==
             "1.0|5|{\"id\":1.0,\"cpty\":5}");

  fs::remove(slice.path("in/trades/a.jsonl"));
  slice.make("in/trades/a.parquet",
             "SELECT * FROM (VALUES (1, 'ACME', 10.5::DOUBLE, '2026-01-31'), (2, NULL, 7.125, "
             "'2026-02-30'), (3, 'B', NULL, NULL)) t(id, cpty, price, day)");
  slice.make("in/trades/b.parquet",
             "SELECT 4 AS id, 'C' AS cpty, 1::DOUBLE AS price, '2026-01-02' AS day");
  ended = slice.run(validate(trades().object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "4 = 3 + 1");
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked) ==
             "1|ACME|10.50|2026-01-31 / 3|B|NULL|NULL / 4|C|1.00|2026-01-02");
  BOOST_TEST(slice.query("SELECT source_file, source_record, all_rules, id, price, day, raw FROM " +
                         kRejected) ==
             "a.parquet|2|['required(cpty)', 'type(price)', 'type(day)']|2|7.125|2026-02-30|NULL");
}

BOOST_AUTO_TEST_CASE(columns_are_found_by_name_in_each_file) {
  SliceFolder slice;
  slice.write("in/trades/a.csv", "day,id,new,cpty,price\n2026-01-01,1,?,A,1.00\n");
  slice.write("in/trades/b.csv", "cpty,id\nB,2\n,3\n");
  const Ended ended = slice.run(validate(trades().object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "3 = 2 + 1");
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked) == "1|A|1.00|2026-01-01 / 2|B|NULL|NULL");
  BOOST_TEST(slice.query("SELECT source_file, source_record FROM " + kRejected) == "b.csv|2");
}

// A chunk once held records of more files than were still mapped, and read what was gone.
BOOST_AUTO_TEST_CASE(many_short_files_are_one_dataset) {
  SliceFolder slice;
  std::string long_text(40, 'x');
  for (int n = 1000; n < 1200; ++n) {
    const std::string rows =
        n % 3 == 0 ? ""
        : n % 3 == 1
            ? std::to_string(n) + "," + long_text + std::to_string(n) + ",1.00,2026-01-01\n"
            : "?," + long_text + std::to_string(n) + ",1.00,2026-01-01\n";
    slice.write("in/trades/" + std::to_string(n) + ".csv", "id,cpty,price,day\n" + rows);
  }
  auto object = trades().object;
  for (auto& property : object.properties)
    if (property.name == "cpty") property.options = {.min_length = 44, .max_length = 44};
  const Ended ended = slice.run(validate(object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "134 = 67 + 67");
  BOOST_TEST(slice.query("SELECT count(*) FROM " + kChecked + " WHERE cpty = '" + long_text +
                         "' || id") == "67");
  BOOST_TEST(slice.query("SELECT count(*) FROM " + kRejected + " WHERE cpty || '.csv' = '" +
                         long_text + "' || source_file AND rule = 'type(id)'") == "67");
}

BOOST_AUTO_TEST_CASE(every_option_of_a_type_is_a_rule) {
  auto text = of_type(LogicalType::string);
  text.options.min_length = 2;
  text.options.max_length = 3;
  BOOST_TEST(rejected_values(text, "a ab äöü abcd \"\"") == "a:too_short abcd:too_long :too_short");
  text = of_type(LogicalType::string);
  text.options.pattern = "^[A-Z]{3}$";
  BOOST_TEST(rejected_values(text, "EUR eur EURO USD") == "eur:pattern EURO:pattern");
  text = of_type(LogicalType::string);
  text.options.format = "email";
  BOOST_TEST(rejected_values(text, "a@b.de nobody") == "nobody:bad_format");

  auto number = of_type(LogicalType::integer);
  number.options.minimum = governance::Limit{"2", false};
  number.options.maximum = governance::Limit{"10", true};
  BOOST_TEST(rejected_values(number, "1 2 9 10") == "1:below_minimum 10:above_maximum");
  number.options.minimum = governance::Limit{"1.5", true};
  number.options.maximum = governance::Limit{"99999999999", false};
  BOOST_TEST(rejected_values(number, "1 2 2147483647") == "1:below_minimum");
  number = of_type(LogicalType::integer);
  number.options.multiple_of = governance::Decimal{5, 0};
  BOOST_TEST(rejected_values(number, "0 5 -10 7") == "7:not_multiple");

  auto amount = of_type(LogicalType::number, "DECIMAL(10,3)");
  amount.options.multiple_of = governance::Decimal{5, 2};
  BOOST_TEST(rejected_values(amount, "0.05 1.100 1.125 -0.15") == "1.125:not_multiple");
  amount.options.multiple_of = {};
  amount.options.minimum = governance::Limit{"0.0005", true};
  BOOST_TEST(rejected_values(amount, "0 0.001 -1") == "0:below_minimum -1:below_minimum");
  auto real = of_type(LogicalType::number);
  real.options.multiple_of = governance::Decimal{1, 1};
  real.options.maximum = governance::Limit{"100.5", false};
  BOOST_TEST(rejected_values(real, "0.3 0.7 0.35 1e2 100.6") ==
             "0.35:not_multiple 100.6:above_maximum");

  auto day = of_type(LogicalType::date);
  day.options.minimum = governance::Limit{"2026-01-01", false};
  day.options.maximum = governance::Limit{"2027-01-01", true};
  BOOST_TEST(rejected_values(day, "2025-12-31 2026-01-01 2026-12-31 2027-01-01") ==
             "2025-12-31:below_minimum 2027-01-01:above_maximum");
  day = of_type(LogicalType::date);
  day.options.format = "dd.MM.yyyy";
  BOOST_TEST(rejected_values(day, "31.12.2025 2025-12-31") == "2025-12-31:bad_type");
  BOOST_TEST(rejected_values(of_type(LogicalType::boolean), "true false TRUE 1") ==
             "TRUE:bad_type 1:bad_type");
}

BOOST_AUTO_TEST_CASE(json_columns_and_their_parts_are_checked) {
  SliceFolder slice;
  ObjectOf of;
  of.column("id", LogicalType::integer);
  auto& address = of.column("address", LogicalType::object);
  address.options.required_properties = {"city"};
  address.options.max_length = 2;
  auto& city = of.column("address.city");
  city.required = true;
  city.options.max_length = 6;
  of.column("address.zip", LogicalType::integer);
  auto& tags = of.column("tags", LogicalType::array);
  tags.options.min_length = 1;
  tags.options.unique_items = true;
  of.column("tags[]").options.pattern = "^[a-z]+$";
  slice.write("in/trades/a.jsonl",
              R"({"id":1,"address":{"city":"Bonn","zip":53111},"tags":["a","b"]}
{"id":2,"address":{"zip":"53111"},"tags":["a","a"]}
{"id":3,"address":{"city":"Mannheim","zip":1,"x":2},"tags":["A"]}
{"id":4,"address":"Bonn","tags":[]}
{"id":5}
)");
  const Ended ended = slice.run(validate(of.object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(
      rules(slice) ==
      "2|requiredProperties(address),required(address.city),type(address.zip),uniqueItems(tags) / "
      "3|maxProperties(address),maxLength(address.city),pattern(tags[]) / "
      "4|type(address),minItems(tags)");
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked) ==
             "1|{\"city\":\"Bonn\",\"zip\":53111}|[\"a\",\"b\"] / 5|NULL|NULL");
}

BOOST_AUTO_TEST_CASE(of_rows_with_one_key_the_first_stays) {
  SliceFolder slice;
  auto of = trades();
  of.object.properties[1].unique = true;
  slice.write("in/trades/a.csv",
              "id,cpty,price,day\n1,A,x,\n1,A,,\n2,A,,\n1,B,,\n3,C,,\n3,D,,\n4,E,,\n");
  Ended ended = slice.run(validate(of.object));
  BOOST_TEST(ended.code == 0, ended.log);
  // The first row with key 1 has no good price, so the second one is the first that stands.
  BOOST_TEST(rules(slice) == "1|type(price) / 3|unique(cpty) / 4|primaryKey / 6|primaryKey");
  BOOST_TEST(slice.query("SELECT id, cpty FROM " + kChecked) == "1|A / 3|C / 4|E");
  BOOST_TEST(accounts(slice, ended) == "7 = 3 + 4");
  ended = slice.run(validate(of.object, OnViolation::warn));
  BOOST_TEST(accounts(slice, ended) == "7 = 6 + 1");
  BOOST_TEST(counted(ended) == "unique(cpty)=1/7 type(price)=1/7 primaryKey=2/7");
}

BOOST_AUTO_TEST_CASE(references_must_be_known_to_their_dataset) {
  SliceFolder slice;
  auto of = trades();
  of.object.references = {{{"cpty"}, "parties", {"code"}}, {{"id", "day"}, "days", {"id", "day"}}};
  slice.make("in/parties/p.parquet", "SELECT unnest(['A', 'B', NULL]) AS code");
  slice.write("in/days/d.csv", "id,day\n1,2026-01-01\n2,2026-01-02\n");
  slice.write(
      "in/trades/a.csv",
      "id,cpty,price,day\n1,A,,2026-01-01\n2,Z,,2026-01-02\n3,B,,2026-01-01\n4,B,,\n4,Z,,\n");
  const Ended ended = slice.run(validate(of.object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(rules(slice) == "2|reference(cpty) / 3|reference(id) / 5|reference(cpty)");
  BOOST_TEST(slice.query("SELECT id FROM " + kChecked) == "1 / 4");
  BOOST_TEST(accounts(slice, ended) == "5 = 2 + 3");
}

BOOST_AUTO_TEST_CASE(quality_rules_set_rows_apart_or_count_them) {
  SliceFolder slice;
  auto of = trades();
  auto& currency = of.quality("currency", Metric::invalid_values, {"cpty"});
  currency.values = {"A", "B"};
  auto& missing = of.quality("missing", Metric::missing_values, {"price"});
  missing.values = {std::nullopt, "N/A", "0"};
  missing.bound = {governance::Comparison::at_most, {30, 0}, {}, true};
  auto& nulls = of.quality("days", Metric::null_values, {"day"});
  nulls.severity = governance::RuleSeverity::warning;
  of.quality("twice", Metric::duplicate_values, {"cpty"}).bound.low = {5, 0};
  of.quality("rows", Metric::row_count).bound = {
      governance::Comparison::at_least, {2, 0}, {}, false};
  auto& sql = of.quality("share", Metric::sql, {"price"});
  sql.query = "SELECT avg(${column}) FROM ${table}";
  slice.write("in/trades/a.csv",
              "id,cpty,price,day\n1,A,1.25,2026-01-01\n2,Z,0.00,\n3,B,N/A,\n4,B,,\n5,A,2.50,x\n");
  const Ended ended = slice.run(validate(of.object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(rules(slice) == "2|currency / 3|type(price) / 5|type(day)");
  BOOST_TEST(counted(ended) ==
             "type(price)=1/5 type(day)=1/5 currency=1/5 missing=3/5 days=3/5 "
             "twice=2/5 rows=2/5 share=125/100");
}

BOOST_AUTO_TEST_CASE(a_query_of_a_contract_is_one_number_about_its_own_rows) {
  SliceFolder slice;
  slice.write("in/trades/a.csv", "id,cpty,price,day\n1,A,1.25,2026-01-01\n");
  const auto reason = [&](const std::string& query) {
    auto of = trades();
    of.quality("q", Metric::sql).query = query;
    return slice.run(validate(of.object)).reason();
  };
  BOOST_TEST(reason("SELECT count(*) FROM trades WHERE price > 100") == "");
  BOOST_TEST(reason("SELECT -1") == "bad_value");
  BOOST_TEST(reason("SELECT NULL") == "bad_value");
  BOOST_TEST(reason("SELECT id FROM trades WHERE id > 5") == "bad_value");
  BOOST_TEST(reason("SELECT count(*) FROM elsewhere") == "unknown_table");
  BOOST_TEST(reason("SELECT count(*) FROM read_csv('/etc/passwd')") == "syntax");
  BOOST_TEST(reason("SELECT 'x'") == "bad_value");
}

BOOST_AUTO_TEST_CASE(warn_keeps_what_fits_its_types) {
  SliceFolder slice;
  auto of = trades();
  of.object.properties[1].options.max_length = 1;
  slice.write("in/trades/a.csv", "id,cpty,price,day\n1,AB,,\n2,AB,x,\n3,,,\n4\n");
  const Ended ended = slice.run(validate(of.object, OnViolation::warn));
  BOOST_TEST(accounts(slice, ended) == "4 = 2 + 2");
  BOOST_TEST(slice.query("SELECT id, cpty FROM " + kChecked) == "1|AB / 3|NULL");
  BOOST_TEST(rules(slice) == "2|maxLength(cpty),type(price) / 4|too_few_columns");
  BOOST_TEST(counted(ended) ==
             "too_few_columns=1/4 required(cpty)=1/4 maxLength(cpty)=2/4 type(price)=1/4");
}

BOOST_AUTO_TEST_CASE(what_is_set_apart_is_readable_whatever_its_bytes_are) {
  SliceFolder slice;
  const auto of = trades();
  slice.write("in/trades/a.csv",
              std::string("id,cpty,price,day\n1,\xff\xfe,1,\n2,a\0b,1,\n3,", 37) + "\"open,1,\n4," +
                  std::string(2u << 20, 'x') + ",1,\n5,A,1,");
  const Ended ended = slice.run(validate(of.object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "5 = 1 + 4");
  BOOST_TEST(slice.query("SELECT reason, cpty, length(raw), raw[:12] FROM " + kRejected) ==
             "bad_utf8|\\xff\\xfe|13|1,\\xff\\xfe,1 / bad_utf8|a\\x00b|11|2,a\\x00b,1, / "
             "record_too_long|NULL|10|3,\"open,1, / record_too_long|NULL|65536|4,xxxxxxxxxx");
}

BOOST_AUTO_TEST_CASE(inputs_without_rows_or_without_their_columns) {
  SliceFolder slice;
  const auto step = validate(trades().object);
  slice.write("in/trades/a.csv", "id,cpty,price,day\n");
  BOOST_TEST(accounts(slice, slice.run(step)) == "0 = 0 + 0");
  slice.write("in/trades/a.csv", "");
  BOOST_TEST(slice.run(step).reason() == "bad_header");
  slice.write("in/trades/a.csv", "a;b;c\n1;2;3\n");
  BOOST_TEST(slice.run(step).reason() == "schema_drift");
  slice.write("in/trades/a.csv", "id,cpty,id\n");
  BOOST_TEST(slice.run(step).reason() == "bad_header");
  slice.write("in/trades/a.csv", "\xff\xfei\0d\0");
  BOOST_TEST(slice.run(step).reason() == "bad_header");
  fs::remove(slice.path("in/trades/a.csv"));
  BOOST_TEST(slice.run(step).reason() == "input_missing");
  slice.write("in/trades/a.jsonl", "");
  BOOST_TEST(accounts(slice, slice.run(step)) == "0 = 0 + 0");
}

BOOST_AUTO_TEST_CASE(contracts_that_cannot_be_checked_fail_the_step) {
  SliceFolder slice;
  slice.write("in/trades/a.csv", "id,cpty,price,day\n1,A,1,2026-01-01\n");
  const auto reason = [&](const auto& change) {
    auto of = trades();
    change(of);
    return slice.run(validate(of.object)).reason();
  };
  BOOST_TEST(reason([](ObjectOf& of) {
               of.object.properties[0].options.minimum = {"five", false};
             }) == "bad_literal");
  BOOST_TEST(reason([](ObjectOf& of) { of.object.properties[3].options.format = "QQQ"; }) ==
             "bad_literal");
  BOOST_TEST(reason([](ObjectOf& of) { of.object.properties[1].options.pattern = "(?=x)"; }) != "");
  BOOST_TEST(reason([](ObjectOf& of) { of.column("ID"); }) == "ambiguous");
  BOOST_TEST(reason([](ObjectOf& of) { of.quality("n", Metric::null_values); }) ==
             "unknown_column");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
