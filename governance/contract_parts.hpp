// The parts of the reader of contracts: what each section gives, after the JSON schema's own check.
// They take what has the right kind and pass over the rest, which is told already.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governance/contract.hpp"
#include "governance/yaml_tree.hpp"

namespace runink::governance {

/// A schema object while it is read: what else of it is needed to resolve references.
struct ObjectInReading {
  const YamlNode* node = nullptr;
  std::map<std::string, std::string> columns_by_id;
  std::map<std::string, std::string> columns_by_letters;  ///< in lower case; columns only
  std::vector<std::string> column_names;
  struct PropertyPlace {
    const YamlNode* node = nullptr;
    std::string path;
  };
  std::vector<PropertyPlace> places;  ///< of `SchemaObject::properties`, one each
};

struct Reading {
  Mistakes& mistakes;
  Contract& contract;
  std::vector<ObjectInReading> objects;  ///< of `contract.objects`, one each
  std::map<std::string, std::size_t> objects_by_id;
  std::map<std::string, std::size_t> objects_by_letters;
  std::vector<std::string> object_names;
};

// Values of a map, when they are there and of the kind.
const YamlNode* value_of(const YamlNode& map, std::string_view key, YamlKind kind);
std::string text_of(const YamlNode& map, std::string_view key);
bool flag_of(const YamlNode& map, std::string_view key);

/// The properties of an object and all their parts.
void read_properties(Reading& reading, std::size_t object);
/// The type of a property and its options, ranges and patterns checked.
void read_type(Mistakes& mistakes, const YamlNode& node, Property& property);
/// The primary key over the columns of an object.
void read_primary_key(Mistakes& mistakes, SchemaObject& object, const ObjectInReading& in_reading);
/// The quality rules of an object, then those of its properties.
void read_quality(Reading& reading, std::size_t object);
/// The relationships of an object and of its properties; all objects must be there.
void read_references(Reading& reading, std::size_t object);

}  // namespace runink::governance
