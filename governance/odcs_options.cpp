// `logicalTypeOptions` of an ODCS property: which keys it has, the logicalType decides.
#include <algorithm>
#include <set>

#include "governance/decimal.hpp"
#include "governance/odcs_check.hpp"

namespace runink::governance {
namespace {

constexpr std::string_view integer_formats[] = {"i8", "i16", "i32", "i64", "i128",
                                                "u8", "u16", "u32", "u64", "u128"};
constexpr std::string_view number_formats[] = {"f32", "f64"};

void above_zero(OdcsCheck& check, const YamlNode& node) {
  if (!check.is(node, YamlKind::number)) return;
  if (compare_plain(plain_number(node.text).value_or(node.text), "0") <= 0)
    check.wrong(node, "must be above 0");
}

void names(OdcsCheck& check, const YamlNode& node) {
  check.list(node, odcs_text, 1);
  std::set<std::string_view> seen;
  for (const YamlNode& one : node.list)
    if (one.kind == YamlKind::text && !seen.insert(one.text).second)
      check.wrong(one, "has an item twice");
}

constexpr OdcsCheck::Field of_strings[] = {
    {"minLength", odcs_length},
    {"maxLength", odcs_length},
    {"pattern", odcs_text},
    {"format", odcs_text},
};
constexpr OdcsCheck::Field of_dates[] = {
    {"format", odcs_text},           {"minimum", odcs_text}, {"exclusiveMinimum", odcs_text},
    {"exclusiveMaximum", odcs_text}, {"maximum", odcs_text},
};
constexpr OdcsCheck::Field of_moments[] = {
    {"timezone", odcs_boolean},
    {"defaultTimezone", odcs_text},
};
constexpr OdcsCheck::Field of_numbers[] = {
    {"multipleOf", above_zero},        {"minimum", odcs_number}, {"exclusiveMinimum", odcs_number},
    {"exclusiveMaximum", odcs_number}, {"maximum", odcs_number},
};
constexpr OdcsCheck::Field integer_format[] = {{"format", odcs_word_of<integer_formats>}};
constexpr OdcsCheck::Field number_format[] = {{"format", odcs_word_of<number_formats>}};
constexpr OdcsCheck::Field of_objects[] = {
    {"maxProperties", odcs_length},
    {"minProperties", odcs_length},
    {"required", names},
};
constexpr OdcsCheck::Field of_arrays[] = {
    {"maxItems", odcs_length},
    {"minItems", odcs_length},
    {"uniqueItems", odcs_boolean},
};

}  // namespace

void odcs_type_options(OdcsCheck& check, const YamlNode& node, std::string_view type) {
  if (type == "string") return check.map(node, {of_strings});
  if (type == "date") return check.map(node, {of_dates});
  if (type == "timestamp") return check.map(node, {of_dates, of_moments});
  if (type == "integer") return check.map(node, {of_numbers, integer_format});
  if (type == "number") return check.map(node, {of_numbers, number_format});
  if (type == "object") return check.map(node, {of_objects});
  if (type == "array") return check.map(node, {of_arrays});
  if (!check.is(node, YamlKind::map)) return;
  // Without a logicalType the standard's conditions for all types hold at once, and no option is known
  // to all of them.
  if (type.empty() && !node.map.empty())
    check.wrong(node, "needs a `logicalType` beside it", "options depend on the type");
}

}  // namespace runink::governance
