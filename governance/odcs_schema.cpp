// The section `schema` of an ODCS document: objects, properties and their relationships.
#include <algorithm>

#include "governance/odcs_check.hpp"

namespace runink::governance {
namespace {

void property(OdcsCheck& check, const YamlNode& node);
void items(OdcsCheck& check, const YamlNode& node);

constexpr std::string_view object_types[] = {"object"};
constexpr std::string_view property_types[] = {"string",  "date",   "timestamp", "time",   "number",
                                               "integer", "object", "array",     "boolean"};

constexpr OdcsCheck::Field element[] = {
    {"id", odcs_stable_id},      {"name", odcs_text},
    {"physicalType", odcs_text}, {"description", odcs_text},
    {"businessName", odcs_text}, {"authoritativeDefinitions", odcs_definitions},
    {"tags", odcs_texts},        {"customProperties", odcs_custom_properties},
};

constexpr OdcsCheck::Field object[] = {
    {"name", odcs_text, true},
    {"logicalType", odcs_word_of<object_types>},
    {"physicalName", odcs_text},
    {"dataGranularityDescription", odcs_text},
    {"properties", odcs_list_of<property>},
    {"relationships", odcs_list_of<odcs_object_relationship>},
    {"quality", odcs_list_of<odcs_quality>},
};

constexpr OdcsCheck::Field any_property[] = {
    {"primaryKey", odcs_boolean},
    {"primaryKeyPosition", odcs_whole_number},
    {"logicalType", odcs_word_of<property_types>},
    {"logicalTypeOptions", odcs_anything},  // with the type: see `typed`
    {"physicalName", odcs_text},
    {"required", odcs_boolean},
    {"unique", odcs_boolean},
    {"partitioned", odcs_boolean},
    {"partitionKeyPosition", odcs_whole_number},
    {"classification", odcs_text},
    {"encryptedName", odcs_text},
    {"transformSourceObjects", odcs_texts},
    {"transformLogic", odcs_text},
    {"transformDescription", odcs_text},
    {"examples", odcs_list_of<odcs_any_type>},
    {"criticalDataElement", odcs_boolean},
    {"relationships", odcs_list_of<odcs_property_relationship>},
    {"quality", odcs_list_of<odcs_quality>},
};
constexpr OdcsCheck::Field named[] = {{"name", odcs_text, true}};
constexpr OdcsCheck::Field of_objects[] = {{"properties", odcs_list_of<property>}};
constexpr OdcsCheck::Field of_arrays[] = {{"items", items}};
constexpr OdcsCheck::Field of_both[] = {{"properties", odcs_list_of<property>}, {"items", items}};

/// What else a property may have. The standard's conditions hold without a logicalType, too: then it
/// may have both.
OdcsCheck::Fields parts_of(const YamlNode* type) {
  if (type == nullptr) return of_both;
  if (type->kind != YamlKind::text) return of_both;
  if (type->text == "object") return of_objects;
  if (type->text == "array") return of_arrays;
  const bool known = std::ranges::find(property_types, type->text) != std::end(property_types);
  return known ? OdcsCheck::Fields{} : of_both;
}

template <OdcsCheck::Check options>
constexpr OdcsCheck::Field with_options[] = {{"logicalTypeOptions", options}};

void options_of_string(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "string"); }
void options_of_moment(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "timestamp"); }
void options_of_date(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "date"); }
void options_of_integer(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "integer"); }
void options_of_number(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "number"); }
void options_of_object(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "object"); }
void options_of_array(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "array"); }
void options_of_others(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, "boolean"); }
void options_of_nothing(OdcsCheck& c, const YamlNode& n) { odcs_type_options(c, n, ""); }

OdcsCheck::Fields options_of(const YamlNode* type) {
  if (type == nullptr) return with_options<options_of_nothing>;
  const std::string& name = type->text;
  if (name == "string") return with_options<options_of_string>;
  if (name == "date") return with_options<options_of_date>;
  if (name == "timestamp" || name == "time") return with_options<options_of_moment>;
  if (name == "integer") return with_options<options_of_integer>;
  if (name == "number") return with_options<options_of_number>;
  if (name == "object") return with_options<options_of_object>;
  if (name == "array") return with_options<options_of_array>;
  return with_options<options_of_others>;
}

/// The first of two fields with the same key is taken.
void typed(OdcsCheck& check, const YamlNode& node, OdcsCheck::Fields name) {
  const YamlNode* type = node.find("logicalType");
  check.map(node, {options_of(type), name, any_property, element, parts_of(type)});
}

void property(OdcsCheck& check, const YamlNode& node) { typed(check, node, named); }
void items(OdcsCheck& check, const YamlNode& node) { typed(check, node, {}); }

}  // namespace

void odcs_schema_object(OdcsCheck& check, const YamlNode& node) {
  check.map(node, {object, element});
}

}  // namespace runink::governance
