#include "config/document.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/toml_guarded.hpp"

namespace runink::config {
namespace {

Place place_of(const toml::source_region& region) {
  Place place{region.begin.line, region.begin.column, 1};
  if (region.end.line == region.begin.line && region.end.column > region.begin.column)
    place.length = region.end.column - region.begin.column;
  return place;
}

Value value_of(const toml::node& node);

Value table_of(const toml::table& table) {
  Value value{.kind = Kind::table, .place = place_of(table.source())};
  for (const auto& [key, node] : table)
    value.table.push_back({std::string(key.str()), place_of(key.source()), value_of(node)});
  // toml++ sorts keys by name; people read from the top.
  std::ranges::sort(value.table, [](const Entry& a, const Entry& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  return value;
}

Value list_of(const toml::array& array) {
  Value value{.kind = Kind::list, .place = place_of(array.source())};
  for (const toml::node& node : array) value.list.push_back(value_of(node));
  return value;
}

Value value_of(const toml::node& node) {
  const Place place = place_of(node.source());
  if (const auto* table = node.as_table()) return table_of(*table);
  if (const auto* array = node.as_array()) return list_of(*array);
  if (const auto* text = node.as_string())
    return {.kind = Kind::text, .place = place, .text = text->get()};
  if (const auto* integer = node.as_integer())
    return {.kind = Kind::integer, .place = place, .integer = integer->get()};
  if (const auto* boolean = node.as_boolean())
    return {.kind = Kind::boolean, .place = place, .boolean = boolean->get()};
  return {.kind = node.is_floating_point() ? Kind::real : Kind::moment, .place = place};
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::text: return "a text";
    case Kind::integer: return "a whole number";
    case Kind::real: return "a fraction";
    case Kind::boolean: return "true or false";
    case Kind::moment: return "a date or time";
    case Kind::list: return "a list";
    case Kind::table: return "a table";
  }
  return "something else";
}

std::expected<Value, Mistake> parse_document(std::string_view text) {
  try {
    return table_of(toml::parse(text));
  } catch (const toml::parse_error& error) {
    const Place place = place_of(error.source());
    return std::unexpected(Mistake{place.line, place.column, place.length,
                                   "This is not TOML: " + std::string(error.description()) + "."});
  } catch (const TomlGaveUp&) {
    return std::unexpected(
        Mistake{1, 1, 1, "This is not TOML, and the parser lost its way in it."});
  }
}

}  // namespace runink::config
