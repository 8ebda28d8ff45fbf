#include "governance/contract_reader.hpp"

#include <algorithm>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/contract_parts.hpp"
#include "governance/odcs_check.hpp"
#include "governance/rules.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

void read_head(Contract& contract, const YamlNode& root) {
  contract.id = text_of(root, "id");
  contract.name = text_of(root, "name");
  contract.version = text_of(root, "version");
  contract.status = text_of(root, "status");
}

void read_object_names(Reading& reading, const YamlNode& schema) {
  for (const YamlNode& node : schema.list) {
    const YamlNode* name = value_of(node, "name", YamlKind::text);
    if (name == nullptr) continue;
    if (name->text.empty() || name->text.size() > limits::contract_name_bytes)
      reading.mistakes.error(name->span, "a schema object's name has 1 to " +
                                             std::to_string(limits::contract_name_bytes) +
                                             " bytes");
    const std::size_t index = reading.objects.size();
    if (!reading.objects_by_letters.emplace(ascii_lower(name->text), index).second)
      reading.mistakes.error(name->span,
                             "there are two schema objects `" + printable(name->text, 60) + "`",
                             "upper and lower case are the same here");
    const YamlNode* id = value_of(node, "id", YamlKind::text);
    if (id != nullptr && !reading.objects_by_id.emplace(id->text, index).second)
      reading.mistakes.error(id->span,
                             "the id `" + printable(id->text, 60) + "` stands in this list twice");
    SchemaObject object;
    object.name = name->text;
    object.physical_name = text_of(node, "physicalName");
    reading.contract.objects.push_back(std::move(object));
    reading.object_names.push_back(name->text);
    reading.objects.emplace_back().node = &node;
  }
}

void check_size(Reading& reading, const std::string& path) {
  for (std::size_t i = 0; i < reading.objects.size(); ++i)
    if (rules_of(reading.contract.objects[i]).size() > limits::contract_rules)
      reading.mistakes.error(reading.objects[i].node->span,
                             "this object has more than " + std::to_string(limits::contract_rules) +
                                 " rules, those of its types included");
  const std::size_t bytes = encode(reading.contract).size();
  if (bytes > limits::contract_typed.value)
    reading.mistakes.error_without_place(
        path,
        "what the contract says of its data takes " + std::to_string(bytes) + " bytes; at most " +
            std::to_string(limits::contract_typed.value) + " fit the log",
        "split it into several contracts, or shorten descriptions");
}

void read_contract(Contract& contract, const YamlNode& root, const std::string& path,
                   Mistakes& mistakes) {
  check_odcs(root, mistakes);
  Reading reading{mistakes, contract, {}, {}, {}, {}};
  read_head(contract, root);
  if (const YamlNode* schema = value_of(root, "schema", YamlKind::list))
    read_object_names(reading, *schema);
  for (std::size_t i = 0; i < reading.objects.size(); ++i) read_properties(reading, i);
  for (std::size_t i = 0; i < reading.objects.size(); ++i) {
    read_quality(reading, i);
    read_references(reading, i);
  }
  if (!mistakes.failed()) check_size(reading, path);
}

/// The letters of `check_name`; a run of others becomes one '-'.
std::string as_name(std::string_view text) {
  std::string name;
  for (const char c : ascii_lower(text)) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool other = (c >= '0' && c <= '9') || c == '_';
    if (letter || (other && !name.empty()))
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
    if (name.size() == limits::name_bytes) break;
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

}  // namespace

std::expected<ReadContract, Diagnostics> parse_contract(const std::string& path,
                                                        std::string_view text) {
  const bool fits = text.size() <= limits::contract_document.value;
  const SourceText source{path, fits ? text : ""};
  Mistakes mistakes{source};
  ReadContract read;
  if (!fits)
    mistakes.error_without_place(
        path, "the contract has " + std::to_string(text.size()) + " bytes; at most " +
                  std::to_string(limits::contract_document.value) + " are allowed");
  else if (const auto root = read_yaml(source, mistakes))
    read_contract(read.contract, *root, path, mistakes);
  if (mistakes.failed()) return std::unexpected(mistakes.diagnostics());
  read.warnings = mistakes.diagnostics();
  return read;
}

std::string proposed_name(const Contract& contract, std::string_view path) {
  if (const std::size_t slash = path.rfind('/'); slash != std::string_view::npos)
    path.remove_prefix(slash + 1);
  const std::string_view stem = path.substr(0, path.find('.'));
  for (const std::string_view text :
       {std::string_view(contract.name), std::string_view(contract.id), stem})
    if (std::string name = as_name(text); !name.empty()) return name;
  return {};
}

}  // namespace runink::governance
