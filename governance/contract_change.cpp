#include "governance/contract_change.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/change_list.hpp"

namespace runink::governance {
namespace {

using enum ChangeKind;

void compare_heads(std::vector<Change>& changes, const Contract& before, const Contract& after) {
  ChangeList list{changes, ""};
  const auto text = [&](ChangeKind kind, const std::string& from, const std::string& to) {
    if (from != to) list.add(kind, "", {}, from, to);
  };
  text(contract_id_changed, before.id, after.id);
  text(contract_renamed, before.name, after.name);
  text(version_changed, before.version, after.version);
  const bool retired = same_letters(after.status, "retired");
  text(retired ? contract_retired : status_changed, before.status, after.status);
}

template <class T>
const T* find_named(const std::vector<T>& list, const std::string& name) {
  for (const T& one : list)
    if (same_letters(one.name, name)) return &one;
  return nullptr;
}

std::vector<std::string> key_of(const SchemaObject& object) {
  std::vector<const Property*> key;
  for (const Property& property : object.properties)
    if (property.primary_key > 0) key.push_back(&property);
  std::ranges::stable_sort(key, {}, &Property::primary_key);
  std::vector<std::string> names;
  for (const Property* property : key) names.push_back(ascii_lower(property->name));
  return names;
}

void compare_keys(ChangeList& list, const SchemaObject& before, const SchemaObject& after) {
  auto from = key_of(before), to = key_of(after);
  if (from == to) return;
  const std::string was = joined(from), is = joined(to);
  if (from.empty()) return list.add(primary_key_added, "", to, was, is);
  if (to.empty()) return list.add(primary_key_removed, "", from, was, is);
  std::ranges::sort(from);
  std::ranges::sort(to);
  const bool same = from == to;
  from.insert(from.end(), to.begin(), to.end());
  list.add(same ? primary_key_reordered : primary_key_changed, "", std::move(from), was, is);
}

/// The columns that both have, in the order of `object`.
std::vector<std::string> order_of(const SchemaObject& object, const SchemaObject& other) {
  std::vector<std::string> names;
  for (const Property& property : object.properties)
    if (property.is_column() && find_named(other.properties, property.name) != nullptr)
      names.push_back(ascii_lower(property.name));
  return names;
}

void compare_columns(ChangeList& list, const SchemaObject& before, const SchemaObject& after) {
  for (const Property& property : before.properties) {
    const Property* now = find_named(after.properties, property.name);
    if (now != nullptr)
      compare_properties(list, property, *now);
    else
      list.add(property.is_column() ? column_removed : part_removed, property.name,
               {column_of(property.name)}, "", "");
  }
  for (const Property& property : after.properties) {
    if (find_named(before.properties, property.name) != nullptr) continue;
    const bool required = property.required || property.primary_key > 0;
    list.add(property.is_column() ? (required ? required_column_added : column_added)
                                  : (required ? required_part_added : part_added),
             property.name, {column_of(property.name)}, "", std::string(to_string(property.type)));
  }
  if (order_of(before, after) != order_of(after, before))
    list.add(columns_reordered, "", {}, "", "");
}

std::string text_of(const Reference& reference) {
  return joined(reference.columns) + " -> " + reference.to_object + "(" +
         joined(reference.to_columns) + ")";
}

void compare_references(ChangeList& list, const SchemaObject& before, const SchemaObject& after) {
  const auto has = [](const SchemaObject& object, const Reference& one) {
    return std::ranges::find(object.references, one) != object.references.end();
  };
  for (const Reference& one : before.references)
    if (!has(after, one)) list.add(reference_removed, "", one.columns, text_of(one), "");
  for (const Reference& one : after.references)
    if (!has(before, one)) list.add(reference_added, "", one.columns, "", text_of(one));
}

void compare_objects(std::vector<Change>& changes, const SchemaObject& before,
                     const SchemaObject& after) {
  ChangeList list{changes, before.name};
  if (before.name != after.name) list.add(object_respelled, "", {}, before.name, after.name);
  if (before.physical_name != after.physical_name)
    list.add(object_physical_name_changed, "", {}, before.physical_name, after.physical_name);
  compare_columns(list, before, after);
  compare_keys(list, before, after);
  compare_references(list, before, after);
  compare_quality(list, before, after);
}

bool touches(const Change& change, const ContractConsumer& consumer) {
  if (!change.breaks_readers()) return false;
  if (change.object.empty()) return true;
  if (!same_letters(change.object, consumer.object)) return false;
  if (change.columns.empty() || consumer.columns.empty()) return true;
  return std::ranges::any_of(change.columns, [&](const std::string& touched) {
    return std::ranges::any_of(
        consumer.columns, [&](const std::string& used) { return same_letters(used, touched); });
  });
}

}  // namespace

std::string column_of(const std::string& path) {
  return path.substr(0, std::min(path.find_first_of(".["), path.size()));
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::vector<Change> changes_between(const Contract& before, const Contract& after) {
  std::vector<Change> changes;
  compare_heads(changes, before, after);
  for (const SchemaObject& object : before.objects) {
    const SchemaObject* now = find_named(after.objects, object.name);
    if (now != nullptr)
      compare_objects(changes, object, *now);
    else
      ChangeList{changes, object.name}.add(object_removed, "", {}, "", "");
  }
  for (const SchemaObject& object : after.objects)
    if (find_named(before.objects, object.name) == nullptr)
      ChangeList{changes, object.name}.add(object_added, "", {}, "", "");
  return changes;
}

std::string to_text(const Change& change) {
  std::string text = change.object;
  if (!change.property.empty()) text += (text.empty() ? "" : ".") + change.property;
  if (!text.empty()) text += ": ";
  text += sentence_of(change.kind);
  if (!change.from.empty() && !change.to.empty())
    text += ": " + change.from + " became " + change.to;
  else if (!change.from.empty() || !change.to.empty())
    text += ": " + change.from + change.to;
  if (change.breaking()) text += " (breaks " + std::string(to_string(breaks_of(change.kind))) + ")";
  return text;
}

std::vector<BrokenConsumer> broken_consumers(const std::vector<Change>& changes,
                                             const std::vector<ContractConsumer>& consumers) {
  std::map<std::string, std::vector<std::size_t>> broken;
  for (const ContractConsumer& consumer : consumers)
    for (std::size_t i = 0; i < changes.size(); ++i)
      if (touches(changes[i], consumer)) broken[consumer.name].push_back(i);
  std::vector<BrokenConsumer> all;
  for (auto& [name, indexes] : broken) {
    // A consumer may read several objects.
    std::ranges::sort(indexes);
    const auto rest = std::ranges::unique(indexes);
    indexes.erase(rest.begin(), rest.end());
    all.push_back({name, std::move(indexes)});
  }
  return all;
}

}  // namespace runink::governance
