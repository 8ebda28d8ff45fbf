// The numbered list of rules: the order is for ever, since counts in the log go by it.
#include "governance/rules.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "governance/value_format.hpp"

using namespace runink::governance;

namespace {

Property column(std::string name, LogicalType type) {
  Property property;
  property.name = std::move(name);
  property.type = type;
  property.type_given = true;
  return property;
}

QualityRule quality(std::string name, Metric metric, Bound bound) {
  QualityRule rule;
  rule.name = std::move(name);
  rule.metric = metric;
  rule.bound = bound;
  if (metric != Metric::row_count) rule.columns = {"email"};
  return rule;
}

SchemaObject trades() {
  SchemaObject object;
  object.name = "trades";
  Property id = column("id", LogicalType::integer);
  id.primary_key = 2;
  id.options.minimum = Limit{"1", false};
  Property day = column("day", LogicalType::date);
  day.primary_key = 1;
  day.options.maximum = Limit{"2027-01-01", true};
  Property email = column("email", LogicalType::string);
  email.required = email.unique = true;
  email.options = {.min_length = 3, .max_length = 80, .pattern = "@", .format = "email"};
  Property secret = column("secret", LogicalType::string);
  secret.options.format = "password";
  Property tags = column("tags", LogicalType::array);
  tags.options = {.min_length = 1, .max_length = 9};
  tags.options.unique_items = true;
  Property address = column("address", LogicalType::object);
  address.options.min_length = 1;
  address.options.required_properties = {"city"};
  Property price = column("price", LogicalType::number);
  price.options.multiple_of = Decimal{1, 2};
  object.properties = {id, day, email, secret, tags, address, price};
  object.references = {{{"email"}, "people", {"mail"}}, {{"email", "id"}, "others", {"a", "b"}}};
  const Bound zero{Comparison::is, {0, 0}, {}, false};
  const Bound few{Comparison::at_most, {5, 0}, {}, true};
  QualityRule mild = quality("mild", Metric::null_values, zero);
  mild.severity = RuleSeverity::warning;
  object.quality = {quality("enough", Metric::row_count, {Comparison::greater, {0, 0}, {}, false}),
                    quality("valid", Metric::invalid_values, zero),
                    quality("unique(email)", Metric::duplicate_values, zero),
                    quality("few", Metric::missing_values, few), mild};
  return object;
}

std::string lines(const std::vector<Rule>& rules) {
  std::string all;
  for (const Rule& rule : rules) {
    all += std::to_string(rule.number) + " " + rule.name + " " +
           std::string(to_string(rule.reason)) + " " + std::string(to_string(rule.scope)) + " [";
    for (const std::string& one : rule.columns) all += one + " ";
    all += "] " + to_text(rule.bound) + "\n";
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rules_of_a_schema_object)

BOOST_AUTO_TEST_CASE(the_list_and_its_numbers_are_golden) {
  BOOST_TEST(lines(rules_of(trades())) ==
             "0 too_few_columns too_few_columns row [] 0\n"
             "1 too_many_columns too_many_columns row [] 0\n"
             "2 bad_quoting bad_quoting row [] 0\n"
             "3 bad_utf8 bad_utf8 row [] 0\n"
             "4 record_too_long record_too_long row [] 0\n"
             "5 bad_json bad_json row [] 0\n"
             "6 type(id) bad_type row [id ] 0\n"
             "7 required(id) not_null row [id ] 0\n"
             "8 minimum(id) below_minimum row [id ] 0\n"
             "9 type(day) bad_type row [day ] 0\n"
             "10 required(day) not_null row [day ] 0\n"
             "11 exclusiveMaximum(day) above_maximum row [day ] 0\n"
             "12 type(email) bad_type row [email ] 0\n"
             "13 required(email) not_null row [email ] 0\n"
             "14 minLength(email) too_short row [email ] 0\n"
             "15 maxLength(email) too_long row [email ] 0\n"
             "16 pattern(email) pattern row [email ] 0\n"
             "17 format(email) bad_format row [email ] 0\n"
             "18 unique(email) not_unique row [email ] 0\n"
             "19 type(secret) bad_type row [secret ] 0\n"
             "20 type(tags) bad_type row [tags ] 0\n"
             "21 minItems(tags) too_few_items row [tags ] 0\n"
             "22 maxItems(tags) too_many_items row [tags ] 0\n"
             "23 uniqueItems(tags) repeated_items row [tags ] 0\n"
             "24 type(address) bad_type row [address ] 0\n"
             "25 minProperties(address) too_few_properties row [address ] 0\n"
             "26 requiredProperties(address) missing_property row [address ] 0\n"
             "27 type(price) bad_type row [price ] 0\n"
             "28 multipleOf(price) not_multiple row [price ] 0\n"
             "29 primaryKey duplicate_key row [day id ] 0\n"
             "30 reference(email) no_such_reference row [email ] 0\n"
             "31 reference(email)#2 no_such_reference row [email id ] 0\n"
             "32 valid invalid_value row [email ] 0\n"
             "33 unique(email)#2 duplicate_value row [email ] 0\n"
             "34 enough row_count dataset [] more than 0\n"
             "35 few missing_value dataset [email ] at most 5 %\n"
             "36 mild null_value dataset [email ] 0\n");
}

BOOST_AUTO_TEST_CASE(every_rule_finds_what_it_is_about) {
  const SchemaObject object = trades();
  std::set<std::string> names;
  for (const Rule& rule : rules_of(object)) {
    BOOST_TEST(names.insert(rule.name).second);
    BOOST_TEST(known(rule.reason));
    if (rule.property != nowhere) {
      BOOST_TEST(object.properties.at(rule.property).name == rule.columns.front());
    }
    if (rule.quality != nowhere) {
      BOOST_TEST((object.quality.at(rule.quality).bound == rule.bound));
    }
    if (rule.reference != nowhere) {
      BOOST_TEST(object.references.at(rule.reference).columns == rule.columns,
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(only_a_library_rule_of_values_that_must_be_nought_sets_rows_apart) {
  const Bound zero{Comparison::is, {0, 0}, {}, false};
  BOOST_TEST(sets_rows_apart(quality("a", Metric::null_values, zero)));
  BOOST_TEST(
      sets_rows_apart(quality("a", Metric::duplicate_values, {Comparison::is, {}, {}, true})));
  BOOST_TEST(!sets_rows_apart(quality("a", Metric::row_count, zero)));
  BOOST_TEST(!sets_rows_apart(quality("a", Metric::sql, zero)));
  BOOST_TEST(
      !sets_rows_apart(quality("a", Metric::null_values, {Comparison::is, {1, 0}, {}, false})));
  BOOST_TEST(
      !sets_rows_apart(quality("a", Metric::null_values, {Comparison::at_most, {}, {}, false})));
}

BOOST_AUTO_TEST_CASE(codes_are_stable) {
  BOOST_TEST(to_string(RuleReason::not_null) == "not_null");
  BOOST_TEST(to_string(RuleReason::no_such_reference) == "no_such_reference");
  BOOST_TEST(to_string(static_cast<RuleReason>(99)) == "?");
  BOOST_TEST(!known(static_cast<RuleReason>(7)));
  int count = 0;
  for (int number = 0; number < 256; ++number)
    count += known(static_cast<RuleReason>(number)) ? 1 : 0;
  BOOST_TEST(count == 30);
}

BOOST_AUTO_TEST_CASE(formats_are_checked_by_their_standards) {
  struct Row {
    const char* format;
    const char* text;
    bool fits;
  };
  for (const Row& row : {
           Row{"email", "a.b+c@example.org", true},
           {"email", "a..b@example.org", false},
           {"email", "a@localhost", false},
           {"email", "a b@example.org", false},
           {"email", "@example.org", false},
           {"uuid", "53581432-6c55-4ba2-a65f-72344a91553a", true},
           {"uuid", "53581432-6c55-4ba2-a65f-72344a91553", false},
           {"uuid", "53581432x6c55-4ba2-a65f-72344a91553a", false},
           {"uri", "https://user@[2001:db8::1]:8080/a?b#c", true},
           {"uri", "az://my-data-location", true},
           {"uri", "mailto:a@b", true},
           {"uri", "s3:", false},
           {"uri", "no scheme", false},
           {"uri", "https://[::1", false},
           {"uri", "https://a/%zz", false},
           {"hostname", "a-b.example.org", true},
           {"hostname", "-a.org", false},
           {"hostname", "a..org", false},
           {"ipv4", "192.168.0.255", true},
           {"ipv4", "192.168.0.256", false},
           {"ipv4", "192.168.00.1", false},
           {"ipv6", "::", true},
           {"ipv6", "2001:db8:0:0:0:0:0:1", true},
           {"ipv6", "::ffff:10.0.0.1", true},
           {"ipv6", "1::2::3", false},
           {"ipv6", "1:2:3:4:5:6:7:8:9", false},
           {"ipv6", "12345::", false},
           {"byte", "YWJj", true},
           {"byte", "YWI=", true},
           {"byte", "YWI", false},
           {"byte", "Y===", false},
           {"password", "anything", true},
       })
    BOOST_TEST_CONTEXT(row.format << " " << row.text)
  BOOST_TEST(has_format(row.format, row.text) == row.fits);
  BOOST_TEST(is_date("2024-02-29"));
  BOOST_TEST(!is_date("2023-02-29"));
  BOOST_TEST(!is_date("2023-2-09"));
  BOOST_TEST(is_date_time("2026-11-20T23:59:60Z"));
  BOOST_TEST(!is_date_time("2026-11-20T12:59:60Z"));
  BOOST_TEST(is_date_time("2026-11-20 08:00:00.5+0100"));
  BOOST_TEST(!is_date_time("2026-11-20T08:00:00"));
  BOOST_TEST(!is_date_time("2026-11-20T08:00:00+24:00"));
}

BOOST_AUTO_TEST_SUITE_END()
