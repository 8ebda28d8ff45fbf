// The root of an ODCS document and its smaller sections.
#include "governance/odcs_check.hpp"

namespace runink::governance {
namespace {

constexpr std::string_view kinds[] = {"DataContract"};
constexpr std::string_view versions[] = {"v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0",
                                         "v2.2.2", "v2.2.1", "v2.2.0"};

constexpr OdcsCheck::Field support[] = {
    {"id", odcs_stable_id},       {"channel", odcs_text, true},
    {"url", odcs_text},           {"description", odcs_text},
    {"tool", odcs_text},          {"scope", odcs_text},
    {"invitationUrl", odcs_text}, {"customProperties", odcs_custom_properties},
};

constexpr OdcsCheck::Field price[] = {
    {"id", odcs_stable_id},
    {"priceAmount", odcs_number},
    {"priceCurrency", odcs_text},
    {"priceUnit", odcs_text},
};

constexpr OdcsCheck::Field member[] = {
    {"id", odcs_stable_id},
    {"username", odcs_text, true},
    {"name", odcs_text},
    {"description", odcs_text},
    {"role", odcs_text},
    {"dateIn", odcs_date},
    {"dateOut", odcs_date},
    {"replacedByUsername", odcs_text},
    {"tags", odcs_texts},
    {"customProperties", odcs_custom_properties},
    {"authoritativeDefinitions", odcs_definitions},
};

constexpr OdcsCheck::Field team[] = {
    {"id", odcs_stable_id},
    {"name", odcs_text},
    {"description", odcs_text},
    {"members", odcs_list_of<odcs_map_of<member>>},
    {"tags", odcs_texts},
    {"customProperties", odcs_custom_properties},
    {"authoritativeDefinitions", odcs_definitions},
};

/// An object since v3.1.0, before that the list of its members.
void team_or_members(OdcsCheck& check, const YamlNode& node) {
  if (node.kind == YamlKind::list)
    check.list(node, odcs_map_of<member>);
  else
    check.map(node, {team});
}

constexpr OdcsCheck::Field sla_property[] = {
    {"id", odcs_stable_id},        {"property", odcs_text, true}, {"value", odcs_any_scalar, true},
    {"valueExt", odcs_any_scalar}, {"unit", odcs_text},           {"element", odcs_text},
    {"driver", odcs_text},         {"description", odcs_text},    {"scheduler", odcs_text},
    {"schedule", odcs_text},
};

constexpr OdcsCheck::Field description[] = {
    {"usage", odcs_text},
    {"purpose", odcs_text},
    {"limitations", odcs_text},
    {"authoritativeDefinitions", odcs_definitions},
    {"customProperties", odcs_custom_properties},
};

/// The one object of the standard to which anybody may add keys.
void open_description(OdcsCheck& check, const YamlNode& node) {
  check.map(node, {description}, true);
}

constexpr OdcsCheck::Field document[] = {
    {"version", odcs_text, true},
    {"kind", odcs_word_of<kinds>, true},
    {"apiVersion", odcs_word_of<versions>, true},
    {"id", odcs_text, true},
    {"name", odcs_text},
    {"tenant", odcs_text},
    {"tags", odcs_texts},
    {"status", odcs_text, true},
    {"servers", odcs_list_of<odcs_server>},
    {"dataProduct", odcs_text},
    {"description", open_description},
    {"domain", odcs_text},
    {"schema", odcs_list_of<odcs_schema_object>},
    {"support", odcs_list_of<odcs_map_of<support>>},
    {"price", odcs_map_of<price>},
    {"team", team_or_members},
    {"roles", odcs_list_of<odcs_role>},
    {"slaDefaultElement", odcs_text},
    {"slaProperties", odcs_list_of<odcs_map_of<sla_property>>},
    {"authoritativeDefinitions", odcs_definitions},
    {"customProperties", odcs_custom_properties},
    {"contractCreatedTs", odcs_date_time},
};

}  // namespace

void check_odcs(const YamlNode& node, Mistakes& mistakes) {
  OdcsCheck check{mistakes};
  check.map(node, {document});
}

}  // namespace runink::governance
