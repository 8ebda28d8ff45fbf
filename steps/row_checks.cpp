#include "steps/row_checks.hpp"

#include <algorithm>
#include <map>

#include "steps/engine.hpp"
#include "steps/value_checks.hpp"

namespace runink::steps {
namespace {
using governance::Property;
using governance::Rule;
using governance::RuleReason;

bool of_single_values(RuleReason reason) {
  switch (reason) {
    case RuleReason::too_few_columns:
    case RuleReason::too_many_columns:
    case RuleReason::bad_quoting:
    case RuleReason::bad_utf8:
    case RuleReason::record_too_long:
    case RuleReason::bad_json:
    case RuleReason::not_unique:
    case RuleReason::duplicate_key:
    case RuleReason::no_such_reference:
    case RuleReason::duplicate_value:
    case RuleReason::row_count:
    case RuleReason::sql: return false;
    default: return true;
  }
}

/// "address.city" -> ".city"; empty for a column itself.
std::string behind_column(const std::string& path) {
  const auto end = path.find_first_of(".[");
  return end == std::string::npos ? "" : path.substr(end);
}

/// The path of DuckDB's JSON functions: $."city", $[*]."amount".
std::string json_path(const std::string& behind) {
  std::string path = "$";
  for (std::size_t at = 0; at < behind.size();) {
    if (behind.compare(at, 2, "[]") == 0) {
      path += "[*]";
      at += 2;
      continue;
    }
    if (behind[at] == '.') ++at;
    const auto end = std::min(behind.find_first_of(".[", at), behind.size());
    path += ".\"" + behind.substr(at, end - at) + "\"";
    at = std::max(end, at + 1);
  }
  return path;
}

class Planning {
 public:
  Planning(const governance::SchemaObject& object, const Pass& pass)
      : object_(object), pass_(pass) {
    for (std::size_t c = 0; c < pass.columns.size(); ++c) columns_[pass.columns[c].name] = c;
  }

  Outcome<CheckPlan> run() {
    for (const Rule& rule : pass_.numbers.rules) {
      if (!of_single_values(rule.reason)) continue;
      if (rule.columns.empty())
        return give_up(SliceReason::unknown_column,
                       "the contract's rule \"" + rule.name + "\" names no column");
      for (const std::string& path : rule.columns)
        if (auto done = add(rule, path); !done) return std::unexpected(done.error());
    }
    return std::move(plan_);
  }

 private:
  Outcome<void> add(const Rule& rule, const std::string& path) {
    const auto column = columns_.find(std::string_view(path).substr(0, path.find_first_of(".[")));
    const Property* property = rule.property == governance::nowhere
                                   ? object_.find(path)
                                   : &object_.properties[rule.property];
    if (column == columns_.end() || !property)
      return give_up(SliceReason::unknown_column, "the contract's rule \"" + rule.name +
                                                      "\" is about \"" + path +
                                                      "\", which it does not define");
    const std::string behind = behind_column(path);
    if (rule.reason == RuleReason::bad_type && behind.empty()) return {};  // the reader's
    const std::string& pattern = pattern_of(rule, *property);
    const bool text = behind.empty() && pass_.columns[column->second].type.in_text();
    const auto match = text && !pattern.empty() ? PatternMatch::of(pattern) : std::nullopt;
    if (match)
      put(rule, "c" + std::to_string(column->second), column->second, pattern_check(*match));
    else if (!pattern.empty())
      put(rule, pattern_argument(column->second, behind, pattern), column->second, false_check());
    if (rule.reason == RuleReason::pattern) return {};
    const auto type = behind.empty() ? Outcome<ColumnType>(pass_.columns[column->second].type)
                                     : column_type(*property);
    if (!type) return std::unexpected(type.error());
    auto check = rule.reason == RuleReason::bad_type ? Outcome<std::unique_ptr<Check>>(nullptr)
                                                     : value_check(rule, object_, *property, *type);
    if (!check) return std::unexpected(check.error());
    if (behind.empty() && !*check) return {};
    if (!behind.empty() && (*check || rule.reason == RuleReason::bad_type))
      check = part_check(behind, *type, std::move(*check));
    if (*check) put(rule, "c" + std::to_string(column->second), column->second, std::move(*check));
    return {};
  }

  const std::string& pattern_of(const Rule& rule, const Property& property) const {
    static const std::string none;
    if (rule.reason == RuleReason::pattern) return property.options.pattern;
    if (rule.reason == RuleReason::invalid_value) return object_.quality[rule.quality].pattern;
    return none;
  }

  /// True where the text matches, NULL where there is none.
  std::string pattern_argument(std::size_t column, const std::string& behind,
                               const std::string& pattern) const {
    const std::string name = "c" + std::to_string(column);
    const auto matches = [&](const std::string& text) {
      return "regexp_matches(" + text + ", " + literal(pattern) + ")";
    };
    if (behind.empty())
      return matches(pass_.columns[column].type.in_text() ? name : "CAST(" + name + " AS VARCHAR)");
    const std::string texts =
        "json_extract_string(" + name + ", " + literal(json_path(behind)) + ")";
    if (behind.find("[]") == std::string::npos) return matches(texts);
    return "len(list_filter(" + texts + ", lambda x: NOT " + matches("x") + ")) = 0";
  }

  void put(const Rule& rule, const std::string& argument, std::size_t column,
           std::unique_ptr<Check> check) {
    const auto [place, fresh] = places_.try_emplace(argument, plan_.arguments.size());
    if (fresh) plan_.arguments.push_back(argument);
    plan_.checks.push_back({rule.number, rule.scope == governance::RuleScope::dataset,
                            place->second, column, std::move(check)});
  }

  const governance::SchemaObject& object_;
  const Pass& pass_;
  CheckPlan plan_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string_view, std::size_t> columns_;
};

}  // namespace

std::optional<std::size_t> column_of(const Pass& pass, const std::string& path) {
  const std::string_view name = std::string_view(path).substr(0, path.find_first_of(".["));
  const auto found = std::ranges::find(pass.columns, name, &ContractColumn::name);
  if (found == pass.columns.end()) return {};
  return static_cast<std::size_t>(found - pass.columns.begin());
}

std::optional<std::string> expression_of(const Pass& pass, const std::string& path) {
  const auto column = column_of(pass, path);
  const std::string behind = behind_column(path);
  if (!column || behind.find("[]") != std::string::npos) return {};
  const std::string name = "c" + std::to_string(*column);
  if (behind.empty()) return name;
  return "json_extract_string(" + name + ", " + literal(json_path(behind)) + ")";
}

Outcome<CheckPlan> plan_checks(const governance::SchemaObject& object, const Pass& pass) {
  return Planning{object, pass}.run();
}

}  // namespace runink::steps
