// Which columns are masked and how: the strictest demand wins, and a step may only ask for more.
#include "governance/masking.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "vocabulary/codec.hpp"

using namespace runink;
using namespace runink::governance;

namespace {

Property column(std::string name, std::string classification,
                LogicalType type = LogicalType::string) {
  Property property;
  property.name = std::move(name);
  property.type = type;
  property.classification = std::move(classification);
  return property;
}

SchemaObject people() {
  SchemaObject object;
  object.name = "people";
  object.properties = {column("id", ""),
                       column("Email", "confidential"),
                       column("iban", ""),
                       column("country", "public"),
                       column("salary", "Restricted", LogicalType::number),
                       column("nickname", "unheard of"),
                       column("address", "", LogicalType::object),
                       column("address.city", "confidential"),
                       column("tags", "", LogicalType::array),
                       column("tags[]", "")};
  return object;
}

HerdPolicy policy() {
  HerdPolicy policy;
  policy.masking.by_classification = {{"Confidential", MaskMethod::tokenise},
                                      {"restricted", MaskMethod::redact}};
  policy.masking.by_field = {
      {"email", MaskMethod::hash}, {"IBAN", MaskMethod::partial}, {"tags", MaskMethod::partial}};
  return policy;
}

std::string lines(const std::vector<ColumnMask>& masks) {
  std::string all;
  for (const ColumnMask& one : masks)
    all += one.column + " " + std::string(to_string(one.method)) + " " + one.why + "\n";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(masking)

BOOST_AUTO_TEST_CASE(the_strictest_of_class_and_field_is_taken) {
  const auto masks = masks_for(people(), policy(), {});
  BOOST_REQUIRE(masks);
  BOOST_TEST(lines(*masks) ==
             "Email hash herd policy for Email\n"
             "iban partial herd policy for iban\n"
             "salary redact classification Restricted\n"
             "nickname redact classification unheard of\n"
             "address tokenise classification confidential\n"
             "tags redact herd policy for tags\n");
}

BOOST_AUTO_TEST_CASE(without_a_policy_every_class_but_public_is_redacted) {
  const auto masks = masks_for(people(), {}, {});
  BOOST_REQUIRE(masks);
  BOOST_TEST(lines(*masks) ==
             "Email redact classification confidential\n"
             "salary redact classification Restricted\n"
             "nickname redact classification unheard of\n"
             "address redact classification confidential\n");
}

BOOST_AUTO_TEST_CASE(a_policy_may_mask_what_is_public) {
  HerdPolicy strict;
  strict.masking.by_classification = {{"public", MaskMethod::hash}};
  BOOST_TEST(lines(masks_for(people(), strict, {}).value()).find("country hash") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_step_may_be_stricter) {
  const auto masks =
      masks_for(people(), policy(), {{"email", MaskMethod::redact}, {"id", MaskMethod::tokenise}});
  BOOST_REQUIRE(masks);
  BOOST_TEST(lines(*masks).starts_with("id tokenise step\nEmail redact step\n"));
}

BOOST_AUTO_TEST_CASE(a_step_that_asks_for_what_is_demanded_changes_nothing) {
  BOOST_TEST(lines(masks_for(people(), policy(), {{"email", MaskMethod::hash}}).value()) ==
             lines(masks_for(people(), policy(), {}).value()));
}

BOOST_AUTO_TEST_CASE(every_override_that_is_too_lax_or_unknown_is_told) {
  const auto masks = masks_for(people(), policy(),
                               {{"email", MaskMethod::partial},
                                {"salary", MaskMethod::keep},
                                {"adress", MaskMethod::redact},
                                {"address.city", MaskMethod::redact}});
  BOOST_REQUIRE(!masks);
  std::string all;
  for (const MaskMistake& one : masks.error()) all += to_text(one) + "\n";
  BOOST_TEST(
      all ==
      "the contract has no column `address.city`\n"
      "the contract has no column `adress`\n"
      "`Email` must be masked at least as `hash` (herd policy for Email); `partial` is laxer\n"
      "`salary` must be masked at least as `redact` (classification Restricted); `keep` is "
      "laxer\n");
}

BOOST_AUTO_TEST_CASE(no_column_is_masked_less_than_anybody_demands) {
  // Every pair of demands and every override: what stands is never below any of them.
  for (std::uint8_t by_class = 0; by_class <= 4; ++by_class)
    for (std::uint8_t by_field = 0; by_field <= 4; ++by_field)
      for (std::uint8_t asked = 0; asked <= 4; ++asked) {
        HerdPolicy herd;
        herd.masking.by_classification = {{"c", static_cast<MaskMethod>(by_class)}};
        herd.masking.by_field = {{"x", static_cast<MaskMethod>(by_field)}};
        SchemaObject object;
        object.properties = {column("x", "c")};
        const auto demanded = std::max(by_class, by_field);
        const auto masks = masks_for(object, herd, {{"x", static_cast<MaskMethod>(asked)}});
        BOOST_TEST(masks.has_value() == (asked >= demanded));
        if (!masks) continue;
        const MaskMethod method = masks->empty() ? MaskMethod::keep : masks->front().method;
        BOOST_TEST(static_cast<int>(method) == std::max<int>(demanded, asked));
      }
}

BOOST_AUTO_TEST_CASE(methods_have_names_and_a_policy_survives_the_codec) {
  for (std::uint8_t i = 0; i <= 4; ++i) {
    const auto method = static_cast<MaskMethod>(i);
    BOOST_TEST((mask_method(to_string(method)) == method));
  }
  BOOST_TEST((mask_method("tokenize") == MaskMethod::tokenise));
  BOOST_TEST(!mask_method("none"));
  const auto again = decode<HerdPolicy>(encode(policy()), "policy");
  BOOST_REQUIRE(again);
  BOOST_TEST((*again == policy()));
  std::string bad = encode(policy());
  bad[2] = 9;  // the fallback: a method that does not exist
  BOOST_TEST(!decode<HerdPolicy>(bad, "policy"));
}

BOOST_AUTO_TEST_SUITE_END()
