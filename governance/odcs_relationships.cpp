// The relationships of an ODCS document, and how they name what they relate.
#include <algorithm>

#include "governance/odcs_check.hpp"

namespace runink::governance {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// [A-Za-z_][A-Za-z0-9_]*
bool is_identifier(std::string_view text) {
  return !text.empty() && is_letter(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

/// [A-Za-z0-9_-]+
bool is_id(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

/// "table.column"
bool is_shorthand(std::string_view text) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && is_identifier(text.substr(0, dot)) &&
         is_identifier(text.substr(dot + 1));
}

/// "https://host/folder/file.yaml"
bool is_yaml_file(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (text.starts_with(scheme)) {
      text.remove_prefix(scheme.size());
      break;
    }
  return text.size() > 5 && text.ends_with(".yaml") && std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/';
         });
}

/// "schema/orders/properties/id", a file and '#' before it if need be
bool is_fully_qualified(std::string_view text) {
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    if (!is_yaml_file(text.substr(0, hash))) return false;
    text.remove_prefix(hash + 1);
  }
  if (text.starts_with('/')) text.remove_prefix(1);
  bool section = true;
  for (;;) {
    const std::size_t end = std::min(text.find('/'), text.size());
    const std::string_view part = text.substr(0, end);
    if (section ? !is_identifier(part) : !is_id(part)) return false;
    if (end == text.size()) return !section;
    text.remove_prefix(end + 1);
    section = !section;
  }
}

void end_name(OdcsCheck& check, const YamlNode& node) {
  if (check.is(node, YamlKind::text) && !is_shorthand(node.text) && !is_fully_qualified(node.text))
    check.wrong(node, "names no property",
                "\"table.column\", or by ids \"schema/TABLE/properties/COLUMN\"");
}

/// One name, or the names of a composite key.
void end_of_relationship(OdcsCheck& check, const YamlNode& node) {
  if (node.kind == YamlKind::list)
    check.list(node, end_name, 1);
  else
    end_name(check, node);
}

constexpr std::string_view types[] = {"foreignKey"};

constexpr OdcsCheck::Field relationship[] = {
    {"type", odcs_word_of<types>},
    {"to", end_of_relationship, true},
    {"customProperties", odcs_custom_properties},
};
constexpr OdcsCheck::Field from[] = {{"from", end_of_relationship, true}};

}  // namespace

void odcs_object_relationship(OdcsCheck& check, const YamlNode& node) {
  check.map(node, {relationship, from});
  const YamlNode* left = node.find("from");
  const YamlNode* right = node.find("to");
  if (left != nullptr && right != nullptr &&
      (left->kind == YamlKind::list) != (right->kind == YamlKind::list))
    check.wrong(node, "must have `from` and `to` both as one name, or both as lists");
}

void odcs_property_relationship(OdcsCheck& check, const YamlNode& node) {
  const YamlNode* left = node.find("from");
  if (left != nullptr) {
    check.wrong(*left, "cannot have `from` here",
                "it begins at its own property; leave `from` out");
    check.map(node, {relationship, from});
  } else {
    check.map(node, {relationship});
  }
}

}  // namespace runink::governance
