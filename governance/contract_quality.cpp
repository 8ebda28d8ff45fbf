// Quality rules that a machine can check: types library and sql.
#include <algorithm>
#include <set>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/contract_parts.hpp"
#include "governance/decimal.hpp"
#include "governance/pattern.hpp"
#include "governance/unique_names.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

template <class E>
std::optional<E> named(std::string_view name, E first) {
  for (E one = first; known(one); one = static_cast<E>(static_cast<std::uint8_t>(one) + 1))
    if (to_string(one) == name) return one;
  return std::nullopt;
}

std::string in_ticks(std::string_view text) { return "`" + printable(text, 60) + "`"; }

class QualityReader {
 public:
  QualityReader(Mistakes& mistakes, SchemaObject& object, const ObjectInReading& in_reading)
      : mistakes_(mistakes), object_(object), in_reading_(in_reading) {}

  /// The rules under `owner`; `property` is nullptr for those of the object itself.
  void list(const YamlNode& owner, const Property* property) {
    if (const YamlNode* rules = value_of(owner, "quality", YamlKind::list))
      for (const YamlNode& node : rules->list)
        if (node.kind == YamlKind::map) one(node, property);
  }

 private:
  void one(const YamlNode& node, const Property* property) {
    const std::string type = text_of(node, "type");
    QualityRule rule;
    if (type == "sql") {
      rule.metric = Metric::sql;
    } else if (const auto metric = named(text_of(node, "metric"), Metric::null_values)) {
      rule.metric = *metric;
    } else {
      if (type == "custom")
        mistakes_.warn(node.span, "a rule of type custom is kept, but Runink does not check it");
      return;  // a text is for people
    }
    if (property != nullptr && !property->is_column() && rule.metric != Metric::sql) {
      mistakes_.warn(node.span,
                     "a rule of a part of a column is kept, but Runink does not check it",
                     "put it on the column");
      return;
    }
    columns(node, property, rule);
    arguments(node, rule);
    query(node, property, rule);
    bound(node, rule);
    severity(node, rule);
    rule.dimension = text_of(node, "dimension");
    name(node, rule);
    object_.quality.push_back(std::move(rule));
  }

  void columns(const YamlNode& node, const Property* property, QualityRule& rule) {
    if (property != nullptr) {
      if (rule.metric != Metric::row_count) rule.columns = {property->name};
      return;
    }
    if (rule.metric == Metric::sql || rule.metric == Metric::row_count) return;
    const YamlNode* given = value_of(node, "arguments", YamlKind::map);
    const YamlNode* list = given == nullptr ? nullptr : given->find("properties");
    if (list == nullptr || list->kind != YamlKind::list || list->list.empty()) {
      mistakes_.error(
          node.span, "this rule does not say which columns it is about",
          "put it under a property, or list them in `arguments: { properties: [...] }`");
      return;
    }
    std::set<std::string> listed;
    for (const YamlNode& one : list->list) column(one, rule, listed);
  }

  void column(const YamlNode& node, QualityRule& rule, std::set<std::string>& listed) {
    const auto known = in_reading_.columns_by_letters.find(ascii_lower(node.text));
    if (node.kind != YamlKind::text || known == in_reading_.columns_by_letters.end())
      return mistakes_.error(node.span,
                             in_ticks(object_.name) + " has no column " + in_ticks(node.text),
                             mistakes_.suggest(node.text, in_reading_.column_names));
    if (!listed.insert(known->second).second)
      mistakes_.error(node.span, "the column " + in_ticks(node.text) + " is listed twice");
    rule.columns.push_back(known->second);
  }

  void arguments(const YamlNode& node, QualityRule& rule) {
    const YamlNode* given = value_of(node, "arguments", YamlKind::map);
    if (rule.metric == Metric::missing_values) {
      if (given == nullptr || given->find("missingValues") == nullptr)
        mistakes_.error(node.span, "`missingValues` does not say which values count as missing",
                        "for example `arguments: { missingValues: [null, \"\", \"N/A\"] }`");
      else
        values(*given->find("missingValues"), rule);
    }
    if (rule.metric != Metric::invalid_values) return;
    const YamlNode* valid = given == nullptr ? nullptr : given->find("validValues");
    const YamlNode* pattern = given == nullptr ? nullptr : given->find("pattern");
    if (valid == nullptr && pattern == nullptr)
      mistakes_.error(node.span, "`invalidValues` does not say which values are valid",
                      "give `validValues`, `pattern` or both in its `arguments`");
    if (valid != nullptr) values(*valid, rule);
    if (pattern == nullptr) return;
    if (pattern->kind != YamlKind::text)
      return mistakes_.error(pattern->span, "a pattern must be a text");
    rule.pattern = pattern->text;
    if (const auto mistake = why_no_pattern(pattern->text))
      mistakes_.error(
          pattern->span,
          "the pattern " + mistake->what + ": " + in_ticks(pattern->text.substr(mistake->at, 20)),
          mistake->hint);
  }

  void values(const YamlNode& list, QualityRule& rule) {
    if (list.kind != YamlKind::list || list.list.empty())
      return mistakes_.error(list.span, "this must be a list of values");
    for (const YamlNode& one : list.list) {
      if (one.kind == YamlKind::list || one.kind == YamlKind::map)
        mistakes_.error(one.span, "a value must be a text, a number, true, false or null");
      else if (one.kind == YamlKind::null)
        rule.values.emplace_back(std::nullopt);
      else
        rule.values.emplace_back(one.text);
    }
  }

  /// The standard writes both ${table} and ${object}, ${column} and ${property}; the first of each is
  /// what the typed rule keeps.
  void query(const YamlNode& node, const Property* property, QualityRule& rule) {
    const YamlNode* given = value_of(node, "query", YamlKind::text);
    if (rule.metric != Metric::sql || given == nullptr) return;
    if (given->text.find_first_not_of(" \t\r\n") == std::string::npos)
      mistakes_.error(given->span, "the query is empty");
    const std::string& text = given->text;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t open = text.find("${", at);
      const std::size_t close = open == std::string::npos ? open : text.find('}', open);
      if (close == std::string::npos) {
        rule.query += text.substr(at);
        break;
      }
      const std::string word = text.substr(open + 2, close - open - 2);
      rule.query += text.substr(at, open - at);
      if (word == "table" || word == "object")
        rule.query += "${table}";
      else if ((word == "column" || word == "property") && property != nullptr)
        rule.query += "${column}";
      else
        mistakes_.error(
            given->span,
            "the query has ${" + printable(word, 40) + "}, which stands for nothing here",
            property != nullptr ? "known are ${table} and ${column}"
                                : "known is ${table}; ${column} only under a property");
      at = close + 1;
    }
  }

  std::optional<Decimal> number(const YamlNode& node) {
    if (node.kind != YamlKind::number) {
      mistakes_.error(node.span, "a count is compared with a number, not with " +
                                     std::string(to_string(node.kind)));
      return std::nullopt;
    }
    const auto plain = plain_number(node.text);
    const auto decimal = plain ? to_decimal(*plain) : std::nullopt;
    if (!decimal) mistakes_.error(node.span, "this number has more than 18 digits or decimals");
    return decimal;
  }

  void bound(const YamlNode& node, QualityRule& rule) {
    unit(node, rule);
    for (auto one = Comparison::is; known(one);
         one = static_cast<Comparison>(static_cast<std::uint8_t>(one) + 1)) {
      const YamlNode* given = node.find(to_string(one));
      if (given == nullptr) continue;
      rule.bound.comparison = one;
      if (one == Comparison::between || one == Comparison::not_between)
        return two_ends(*given, rule.bound);
      const auto low = number(*given);
      if (low) rule.bound.low = *low;
      if (low && rule.bound.percent && (low->units < 0 || compare(*low, {100, 0}) > 0))
        mistakes_.warn(given->span, "a share lies between 0 and 100 percent");
      return;
    }
  }

  void two_ends(const YamlNode& node, Bound& bound) {
    if (node.kind != YamlKind::list || node.list.size() != 2) return;
    const auto low = number(node.list[0]), high = number(node.list[1]);
    if (!low || !high) return;
    bound.low = *low;
    bound.high = *high;
    if (compare(*low, *high) > 0)
      mistakes_.error(node.span, "the first number is more than the second");
  }

  void unit(const YamlNode& node, QualityRule& rule) {
    const YamlNode* given = value_of(node, "unit", YamlKind::text);
    if (given == nullptr || given->text == "rows") return;
    if (given->text != "percent")
      return mistakes_.error(given->span, "the unit cannot be " + in_ticks(given->text),
                             "known are `rows` and `percent`");
    if (rule.metric == Metric::row_count)
      return mistakes_.error(given->span, "a number of rows is no share of itself",
                             "leave `unit` out");
    rule.bound.percent = true;
  }

  void severity(const YamlNode& node, QualityRule& rule) {
    const YamlNode* given = value_of(node, "severity", YamlKind::text);
    if (given == nullptr) return;
    if (const auto severity = named(ascii_lower(given->text), RuleSeverity::info))
      rule.severity = *severity;
    else
      mistakes_.warn(given->span, "the severity " + in_ticks(given->text) + " is taken as `error`",
                     "known are `info`, `warning` and `error`");
  }

  /// Its name, its id, or metric and columns; kept apart by numbers.
  void name(const YamlNode& node, QualityRule& rule) {
    std::string name = text_of(node, "name");
    if (name.empty()) name = text_of(node, "id");
    if (name.empty()) {
      name = to_string(rule.metric);
      if (!rule.columns.empty()) name += "(" + rule.columns.front() + ")";
    }
    if (name.size() > limits::contract_name_bytes)
      mistakes_.error(node.span, "a rule's name has at most " +
                                     std::to_string(limits::contract_name_bytes) + " bytes");
    rule.name = names_.unique(name);
  }

  Mistakes& mistakes_;
  SchemaObject& object_;
  const ObjectInReading& in_reading_;
  UniqueNames names_;
};

}  // namespace

void read_quality(Reading& reading, std::size_t object) {
  const ObjectInReading& in_reading = reading.objects[object];
  SchemaObject& target = reading.contract.objects[object];
  QualityReader reader{reading.mistakes, target, in_reading};
  reader.list(*in_reading.node, nullptr);
  for (std::size_t i = 0; i < target.properties.size(); ++i)
    reader.list(*in_reading.places[i].node, &target.properties[i]);
}

}  // namespace runink::governance
