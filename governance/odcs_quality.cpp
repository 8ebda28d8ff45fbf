// The quality rules of an ODCS document.
#include <algorithm>

#include "governance/decimal.hpp"
#include "governance/odcs_check.hpp"

namespace runink::governance {
namespace {

constexpr std::string_view types[] = {"text", "library", "sql", "custom"};
constexpr std::string_view metrics[] = {"nullValues", "missingValues", "invalidValues",
                                        "duplicateValues", "rowCount"};
constexpr std::string_view dimensions[] = {"accuracy", "completeness", "conformity", "consistency",
                                           "coverage", "timeliness",   "uniqueness"};

void two_numbers(OdcsCheck& check, const YamlNode& node) {
  check.list(node, odcs_number, 2, 2);
  if (node.list.size() == 2 && same(node.list[0], node.list[1]))
    check.wrong(node, "must have two different numbers");
}

void an_object(OdcsCheck& check, const YamlNode& node) { check.is(node, YamlKind::map); }

void text_or_map(OdcsCheck& check, const YamlNode& node) {
  if (node.kind != YamlKind::map) check.is(node, YamlKind::text);
}

constexpr OdcsCheck::Field any_rule[] = {
    {"id", odcs_stable_id},        {"authoritativeDefinitions", odcs_definitions},
    {"businessImpact", odcs_text}, {"customProperties", odcs_custom_properties},
    {"description", odcs_text},    {"dimension", odcs_word_of<dimensions>},
    {"method", odcs_text},         {"name", odcs_text},
    {"schedule", odcs_text},       {"scheduler", odcs_text},
    {"severity", odcs_text},       {"tags", odcs_texts},
    {"type", odcs_word_of<types>}, {"unit", odcs_text},
};
constexpr OdcsCheck::Field operators[] = {
    {"mustBe", odcs_anything},          {"mustNotBe", odcs_anything},
    {"mustBeGreaterThan", odcs_number}, {"mustBeGreaterOrEqualTo", odcs_number},
    {"mustBeLessThan", odcs_number},    {"mustBeLessOrEqualTo", odcs_number},
    {"mustBeBetween", two_numbers},     {"mustNotBeBetween", two_numbers},
};
constexpr OdcsCheck::Field library[] = {
    {"metric", odcs_word_of<metrics>, true},
    {"rule", odcs_text},
    {"arguments", an_object},
};
constexpr OdcsCheck::Field sql[] = {{"query", odcs_text, true}};
constexpr OdcsCheck::Field custom[] = {
    {"engine", odcs_text, true},
    {"implementation", text_or_map, true},
};

/// Exactly one of the eight.
void check_operators(OdcsCheck& check, const YamlNode& node) {
  const auto given = std::ranges::count_if(
      operators, [&](const OdcsCheck::Field& one) { return node.find(one.key) != nullptr; });
  if (given == 1) return;
  check.wrong(node, given == 0 ? "says not what the number must be" : "has more than one operator",
              "exactly one of mustBe, mustNotBe, mustBeGreaterThan, mustBeGreaterOrEqualTo, "
              "mustBeLessThan, mustBeLessOrEqualTo, mustBeBetween, mustNotBeBetween");
}

}  // namespace

void odcs_quality(OdcsCheck& check, const YamlNode& node) {
  const YamlNode* type = node.find("type");
  const YamlNode* metric = node.find("metric");
  const auto is = [&](std::string_view name) {
    return type != nullptr && type->kind == YamlKind::text && type->text == name;
  };
  const bool of_library = is("library") || (metric != nullptr && metric->kind == YamlKind::text);
  const OdcsCheck::Fields none;
  const bool counts = of_library || is("sql");
  check.map(node, {any_rule, of_library ? OdcsCheck::Fields(library) : none,
                   is("sql") ? OdcsCheck::Fields(sql) : none,
                   is("custom") ? OdcsCheck::Fields(custom) : none,
                   counts ? OdcsCheck::Fields(operators) : none});
  if (counts && node.kind == YamlKind::map) check_operators(check, node);
}

}  // namespace runink::governance
