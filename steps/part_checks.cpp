// Rules on what lies inside of a column of JSON.
#include <algorithm>
#include <set>

#include "steps/strict_value.hpp"
#include "steps/value_checks.hpp"
#include "vocabulary/json_text.hpp"

namespace runink::steps {
namespace {
using governance::RuleReason;

/// One step of a path: a member, or all items.
struct Step {
  std::string member;  // empty: the items
};

/// ".city", "[]", ".lines[].amount"
std::vector<Step> steps_of(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.starts_with("[]")) {
      steps.push_back({});
      path.remove_prefix(2);
      continue;
    }
    if (path.starts_with('.')) path.remove_prefix(1);
    const auto end = std::min(path.find_first_of(".["), path.size());
    steps.push_back({std::string(path.substr(0, end))});
    path.remove_prefix(std::max<std::size_t>(end, 1));
  }
  return steps;
}

/// The values at the end of a path. A member that an object does not have is NULL; what lies behind
/// a NULL, or behind another kind of JSON, is not there at all.
void collect(const JsonPart& part, std::span<const Step> path, std::vector<JsonPart>& values) {
  if (path.empty()) return values.push_back(part);
  if (path.front().member.empty()) {
    std::vector<JsonPart> items;
    if (part.kind == JsonKind::array) json_items(part.text, items);
    for (const JsonPart& item : items) collect(item, path.subspan(1), values);
    return;
  }
  if (part.kind != JsonKind::object) return;
  std::vector<JsonMember> members;
  json_members(part.text, members);
  std::string room;
  JsonPart found{JsonKind::null, "null"};
  for (const JsonMember& member : members)
    if (json_unquoted(member.key, room) == path.front().member) found = member.value;
  collect(found, path.subspan(1), values);
}

/// A part as a vector of one row.
class OneValue {
 public:
  /// False when the part is not of the type; NULL is of every type.
  bool set(const JsonPart& part, const ColumnType& type) {
    valid_ = part.kind == JsonKind::null ? 0 : 1;
    std::string_view text = part.text;
    if (part.kind == JsonKind::string) {
      const auto said = json_unquoted(part.text, text_);
      if (!said) return false;
      text = *said;
    }
    if (valid_ == 0) return true;
    const JsonKind wanted = type.kind == Kind::object    ? JsonKind::object
                            : type.kind == Kind::array   ? JsonKind::array
                            : type.kind == Kind::boolean ? JsonKind::boolean
                            : type.number()              ? JsonKind::number
                                                         : JsonKind::string;
    if (part.kind != wanted || !write_value(type, text, room_, 0)) return false;
    if (!type.in_text()) return true;
    std::memset(&string_, 0, sizeof string_);
    string_.value.inlined.length = static_cast<std::uint32_t>(text.size());
    if (text.size() <= 12) {
      if (!text.empty()) std::memcpy(string_.value.inlined.inlined, text.data(), text.size());
    } else {
      string_.value.pointer.ptr = const_cast<char*>(text.data());
    }
    std::memcpy(room_, &string_, sizeof string_);
    return true;
  }
  ReadColumn column() const {
    ReadColumn column;
    column.data = room_;
    column.validity = &valid_;
    return column;
  }

 private:
  alignas(16) char room_[16] = {};
  duckdb_string_t string_;
  std::string text_;
  std::uint64_t valid_ = 1;
};

struct PartPredicate {
  std::vector<Step> path;
  ColumnType type;
  std::shared_ptr<const Check> inner;

  bool operator()(const ReadColumn& column, idx_t row) const {
    const std::string_view text = column.text(row);
    std::vector<JsonPart> values;
    collect({json_kind(text), text}, path, values);
    OneValue one;
    std::vector<Found> found;
    for (const JsonPart& value : values) {
      const bool fits = one.set(value, type);
      if (!inner && !fits) return true;
      if (!inner || !fits) continue;  // what is not of its type breaks that rule, not this one
      inner->run(one.column(), 1, 0, found);
      if (!found.empty()) return true;
    }
    return false;
  }
};

std::size_t count_of(std::string_view text) {
  std::vector<JsonMember> members;
  if (json_members(text, members)) return members.size();
  std::vector<JsonPart> items;
  json_items(text, items);
  return items.size();
}

bool repeats(std::string_view text) {
  std::vector<JsonPart> items;
  json_items(text, items);
  std::set<std::string_view> seen;
  return std::ranges::any_of(items,
                             [&](const JsonPart& item) { return !seen.insert(item.text).second; });
}

bool lacks(std::string_view text, const std::vector<std::string>& names) {
  std::vector<JsonMember> members;
  json_members(text, members);
  std::string room;
  return !std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::any_of(
        members, [&](const JsonMember& m) { return json_unquoted(m.key, room) == name; });
  });
}

}  // namespace

std::unique_ptr<Check> part_check(const std::string& path, const ColumnType& type,
                                  std::unique_ptr<Check> inner) {
  return check_of(PartPredicate{steps_of(path), type, std::move(inner)});
}

std::unique_ptr<Check> json_check(const governance::Rule& rule,
                                  const governance::TypeOptions& options) {
  switch (rule.reason) {
    case RuleReason::too_few_items:
    case RuleReason::too_few_properties:
      return check_of([least = *options.min_length](const ReadColumn& column, idx_t row) {
        return count_of(column.text(row)) < least;
      });
    case RuleReason::too_many_items:
    case RuleReason::too_many_properties:
      return check_of([most = *options.max_length](const ReadColumn& column, idx_t row) {
        return count_of(column.text(row)) > most;
      });
    case RuleReason::repeated_items:
      return check_of(
          [](const ReadColumn& column, idx_t row) { return repeats(column.text(row)); });
    case RuleReason::missing_property:
      return check_of([names = options.required_properties](const ReadColumn& column, idx_t row) {
        return lacks(column.text(row), names);
      });
    default: return nullptr;
  }
}

}  // namespace runink::steps
