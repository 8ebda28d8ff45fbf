// Relationships: names and ids resolved to columns of the same contract.
#include <algorithm>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/contract_parts.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

/// A column of the contract: the index of its object, and its name.
struct ColumnPlace {
  std::size_t object = 0;
  std::string column;
};

enum class Outcome { found, elsewhere, wrong };

std::string in_ticks(std::string_view text) { return "`" + printable(text, 60) + "`"; }

/// Takes off what stands before the next '/'.
std::string_view next_part(std::string_view& text) {
  const std::size_t end = std::min(text.find('/'), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

class ReferenceReader {
 public:
  ReferenceReader(Reading& reading, std::size_t object) : reading_(reading), object_(object) {}

  void list(const YamlNode& owner, const Property* property) {
    const YamlNode* relationships = value_of(owner, "relationships", YamlKind::list);
    if (relationships == nullptr) return;
    for (const YamlNode& node : relationships->list)
      if (node.kind == YamlKind::map) one(node, property);
  }

 private:
  Mistakes& mistakes() { return reading_.mistakes; }
  SchemaObject& object() { return reading_.contract.objects[object_]; }

  void one(const YamlNode& node, const Property* property) {
    const YamlNode* to = node.find("to");
    const YamlNode* from = node.find("from");
    if (to == nullptr || (property == nullptr && from == nullptr)) return;
    std::vector<ColumnPlace> right, left;
    if (!all(*to, right)) return;
    if (property != nullptr) {
      if (!property->is_column())
        return mistakes().warn(node.span, "a relationship of a part of a column is not checked");
      left.push_back({object_, property->name});
    } else if (!all(*from, left)) {
      return;
    }
    if (left.size() != right.size())
      return mistakes().error(to->span, "the relationship has " + std::to_string(left.size()) +
                                            " columns on one side and " +
                                            std::to_string(right.size()) + " on the other");
    add(left, right, property == nullptr ? *from : node, *to);
  }

  void add(const std::vector<ColumnPlace>& left, const std::vector<ColumnPlace>& right,
           const YamlNode& from, const YamlNode& to) {
    Reference reference;
    reference.to_object = reading_.contract.objects[right.front().object].name;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i].object != object_)
        return mistakes().error(from.span,
                                "`from` must name columns of " + in_ticks(object().name));
      if (right[i].object != right.front().object)
        return mistakes().error(to.span, "`to` must name columns of one object");
      check_types(left[i], right[i], to);
      reference.columns.push_back(left[i].column);
      reference.to_columns.push_back(right[i].column);
    }
    object().references.push_back(std::move(reference));
  }

  void check_types(const ColumnPlace& left, const ColumnPlace& right, const YamlNode& to) {
    const Property* a = property_of(left);
    const Property* b = property_of(right);
    if (a == nullptr || b == nullptr || !a->type_given || !b->type_given || a->type == b->type)
      return;
    mistakes().error(to.span, in_ticks(a->name) + " is of type " + std::string(to_string(a->type)) +
                                  " and " + in_ticks(b->name) + " of type " +
                                  std::string(to_string(b->type)) + ": their values never match");
  }

  const Property* property_of(const ColumnPlace& place) {
    return reading_.contract.objects[place.object].find(place.column);
  }

  /// The columns that one side names; false when one is not in this contract.
  bool all(const YamlNode& node, std::vector<ColumnPlace>& places) {
    if (node.kind == YamlKind::text) return column(node, places);
    bool fine = node.kind == YamlKind::list && !node.list.empty();
    for (const YamlNode& name : node.list) fine = column(name, places) && fine;
    return fine;
  }

  bool column(const YamlNode& node, std::vector<ColumnPlace>& places) {
    if (node.kind != YamlKind::text) return false;
    ColumnPlace place;
    const std::string_view text = node.text;
    const Outcome outcome = text.find('/') == std::string_view::npos   ? by_name(node, place)
                            : text.find('#') != std::string_view::npos ? Outcome::elsewhere
                                                                       : by_id(node, place);
    if (outcome == Outcome::elsewhere)
      mistakes().warn(node.span,
                      "a relationship with " + in_ticks(text) + " is kept, but not checked",
                      "only columns of this contract are");
    if (outcome == Outcome::found) places.push_back(std::move(place));
    return outcome == Outcome::found;
  }

  Outcome by_name(const YamlNode& node, ColumnPlace& place) {
    const std::size_t dot = node.text.find('.');
    if (dot == std::string::npos) return Outcome::wrong;  // told by the schema's check
    const std::string_view table = std::string_view(node.text).substr(0, dot);
    const auto found = reading_.objects_by_letters.find(ascii_lower(table));
    if (found == reading_.objects_by_letters.end())
      return none(node, "the contract has no object " + in_ticks(table), table,
                  reading_.object_names);
    place.object = found->second;
    return column_by_name(node, std::string_view(node.text).substr(dot + 1), place);
  }

  Outcome column_by_name(const YamlNode& node, std::string_view column, ColumnPlace& place) {
    const ObjectInReading& object = reading_.objects[place.object];
    const auto known = object.columns_by_letters.find(ascii_lower(column));
    if (known == object.columns_by_letters.end())
      return none(
          node,
          in_ticks(reading_.object_names[place.object]) + " has no column " + in_ticks(column),
          column, object.column_names);
    place.column = known->second;
    return Outcome::found;
  }

  Outcome none(const YamlNode& node, std::string message, std::string_view wrong,
               const std::vector<std::string>& known) {
    mistakes().error(node.span, std::move(message), mistakes().suggest(wrong, known));
    return Outcome::wrong;
  }

  /// "schema/TABLE/properties/COLUMN", by ids.
  Outcome by_id(const YamlNode& node, ColumnPlace& place) {
    std::string_view rest = node.text;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    const std::string_view section = next_part(rest), table = next_part(rest);
    const std::string_view properties = next_part(rest), column = next_part(rest);
    if (section != "schema" || properties != "properties" || column.empty()) {
      mistakes().error(node.span, in_ticks(node.text) + " names no property",
                       "by ids it is schema/TABLE/properties/COLUMN");
      return Outcome::wrong;
    }
    if (!rest.empty()) return Outcome::elsewhere;  // a part of a column
    const auto object = reading_.objects_by_id.find(std::string(table));
    if (object == reading_.objects_by_id.end())
      return none(node, "no object of the contract has the id " + in_ticks(table), table, {});
    place.object = object->second;
    const auto& columns = reading_.objects[place.object].columns_by_id;
    const auto known = columns.find(std::string(column));
    if (known != columns.end()) {
      place.column = known->second;
      return Outcome::found;
    }
    return none(node, "no column of " + in_ticks(table) + " has the id " + in_ticks(column), column,
                {});
  }

  Reading& reading_;
  std::size_t object_;
};

}  // namespace

void read_references(Reading& reading, std::size_t object) {
  const ObjectInReading& in_reading = reading.objects[object];
  ReferenceReader reader{reading, object};
  reader.list(*in_reading.node, nullptr);
  for (std::size_t i = 0; i < in_reading.places.size(); ++i) {
    const Property property = reading.contract.objects[object].properties[i];
    reader.list(*in_reading.places[i].node, &property);
  }
}

}  // namespace runink::governance
