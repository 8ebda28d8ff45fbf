// Columns, their parts, and the primary key.
#include <algorithm>
#include <set>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/contract_parts.hpp"
#include "governance/decimal.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

class PropertyReader {
 public:
  PropertyReader(Mistakes& mistakes, SchemaObject& object, ObjectInReading& in_reading)
      : mistakes_(mistakes), object_(object), in_reading_(in_reading) {}

  /// `prefix`: the path of what they are parts of, with its dot; empty for columns.
  void list(const YamlNode& properties, const std::string& prefix) {
    std::set<std::string> names, ids;
    for (const YamlNode& node : properties.list) {
      const YamlNode* name = value_of(node, "name", YamlKind::text);
      if (name == nullptr || !usable(*name, prefix)) continue;
      if (!names.insert(ascii_lower(name->text)).second)
        mistakes_.error(name->span, "there are two properties `" + printable(name->text, 60) + "`",
                        "upper and lower case are the same here");
      if (const YamlNode* id = value_of(node, "id", YamlKind::text)) {
        if (!ids.insert(id->text).second)
          mistakes_.error(id->span,
                          "the id `" + printable(id->text, 60) + "` stands in this list twice");
        if (prefix.empty()) in_reading_.columns_by_id.emplace(id->text, name->text);
      }
      if (prefix.empty()) {
        in_reading_.columns_by_letters.emplace(ascii_lower(name->text), name->text);
        in_reading_.column_names.push_back(name->text);
      }
      one(node, prefix + name->text);
    }
  }

 private:
  bool usable(const YamlNode& name, const std::string& prefix) {
    if (name.text.empty() || prefix.size() + name.text.size() > limits::contract_name_bytes) {
      mistakes_.error(name.span, "a property's name, with what it is a part of, has 1 to " +
                                     std::to_string(limits::contract_name_bytes) + " bytes");
      return false;
    }
    if (name.text.find_first_of(".[]") != std::string::npos) {
      mistakes_.error(name.span, "a property's name holds no `.`, `[` or `]`",
                      "parts of an object stand in its `properties`");
      return false;
    }
    return true;
  }

  void one(const YamlNode& node, const std::string& path) {
    Property property;
    property.name = path;
    property.description = text_of(node, "description");
    property.physical_type = text_of(node, "physicalType");
    property.classification = text_of(node, "classification");
    property.required = flag_of(node, "required");
    property.unique = flag_of(node, "unique");
    read_type(mistakes_, node, property);
    if (!property.is_column()) without_keys(node, property);
    object_.properties.push_back(std::move(property));
    in_reading_.places.push_back({&node, path});
    if (const YamlNode* parts = value_of(node, "properties", YamlKind::list))
      list(*parts, path + ".");
    if (const YamlNode* items = value_of(node, "items", YamlKind::map)) {
      if (path.size() + 2 > limits::contract_name_bytes)
        mistakes_.error(items->span, "this list is nested too deep");
      else
        one(*items, path + "[]");
    }
  }

  /// Keys are of whole columns.
  void without_keys(const YamlNode& node, Property& property) {
    for (const std::string_view key : {"unique", "primaryKey"})
      if (flag_of(node, key))
        mistakes_.warn(node.find(key)->span,
                       "`" + std::string(key) + "` of a part of a column is not checked");
    property.unique = false;
  }

  Mistakes& mistakes_;
  SchemaObject& object_;
  ObjectInReading& in_reading_;
};

/// `primaryKeyPosition`; nothing when it is left out or -1, which the standard has for "none".
std::optional<std::int64_t> position_of(const YamlNode& node) {
  const YamlNode* position = value_of(node, "primaryKeyPosition", YamlKind::number);
  if (position == nullptr) return std::nullopt;
  const auto plain = plain_number(position->text);
  const auto decimal = plain ? to_decimal(*plain) : std::nullopt;
  if (!decimal || decimal->scale > 0 || decimal->units == -1) return std::nullopt;
  return decimal->units;
}

}  // namespace

void read_properties(Reading& reading, std::size_t object) {
  ObjectInReading& in_reading = reading.objects[object];
  PropertyReader reader{reading.mistakes, reading.contract.objects[object], in_reading};
  if (const YamlNode* list = value_of(*in_reading.node, "properties", YamlKind::list))
    reader.list(*list, "");
  read_primary_key(reading.mistakes, reading.contract.objects[object], in_reading);
}

void read_primary_key(Mistakes& mistakes, SchemaObject& object, const ObjectInReading& in_reading) {
  std::vector<std::size_t> key;
  std::size_t positions = 0;
  for (std::size_t i = 0; i < object.properties.size(); ++i) {
    const YamlNode& node = *in_reading.places[i].node;
    if (!object.properties[i].is_column()) continue;
    const auto position = position_of(node);
    if (flag_of(node, "primaryKey")) {
      key.push_back(i);
      positions += position ? 1 : 0;
    } else if (position) {
      mistakes.error(node.find("primaryKeyPosition")->span,
                     "a position in the primary key without `primaryKey: true`");
    }
  }
  std::set<std::int64_t> taken;
  for (std::size_t n = 0; n < key.size(); ++n) {
    const YamlNode& node = *in_reading.places[key[n]].node;
    const auto position = position_of(node);
    if (!position && positions > 0) {
      mistakes.error(node.find("primaryKey")->span,
                     "this column of the primary key has no `primaryKeyPosition`",
                     "give one to each column of the key, or to none");
      continue;
    }
    const std::int64_t place = position.value_or(static_cast<std::int64_t>(n) + 1);
    if (place < 1 || place > static_cast<std::int64_t>(key.size()))
      mistakes.error(node.find("primaryKeyPosition")->span,
                     "the primary key has " + std::to_string(key.size()) +
                         (key.size() == 1 ? " column" : " columns") + ", so there is no position " +
                         std::to_string(place),
                     "positions begin at 1");
    else if (!taken.insert(place).second)
      mistakes.error(node.find("primaryKeyPosition")->span,
                     "two columns have position " + std::to_string(place) + " in the primary key");
    else
      object.properties[key[n]].primary_key = static_cast<std::uint16_t>(place);
  }
}

const YamlNode* value_of(const YamlNode& map, std::string_view key, YamlKind kind) {
  const YamlNode* value = map.find(key);
  return value != nullptr && value->kind == kind ? value : nullptr;
}

std::string text_of(const YamlNode& map, std::string_view key) {
  const YamlNode* value = value_of(map, key, YamlKind::text);
  return value == nullptr ? std::string() : value->text;
}

bool flag_of(const YamlNode& map, std::string_view key) {
  const YamlNode* value = value_of(map, key, YamlKind::boolean);
  return value != nullptr && value->boolean;
}

}  // namespace runink::governance
