#include "governance/yaml_tree.hpp"

#include <algorithm>

#include "governance/decimal.hpp"
#include "governance/yaml_scalar.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

/// Plain letters and digits that no reader can take for anything else.
bool is_plain(std::string_view text) {
  if (text.empty() || core_kind(text) != YamlKind::text) return false;
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return letter(text.front()) && std::ranges::all_of(text, [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
         });
}

/// A JSON string is a YAML double-quoted scalar.
std::string quoted(std::string_view text) {
  return is_plain(text) ? std::string(text) : json_string(text);
}

class Writer {
 public:
  std::string text;

  void node(const YamlNode& node, std::size_t indent) {
    if (node.kind == YamlKind::map && !node.map.empty()) return map(node, indent);
    if (node.kind == YamlKind::list && !node.list.empty()) return list(node, indent);
    scalar(node);
    text += '\n';
  }

 private:
  void scalar(const YamlNode& node) {
    switch (node.kind) {
      case YamlKind::null: text += "null"; break;
      case YamlKind::boolean: text += node.boolean ? "true" : "false"; break;
      case YamlKind::number:
      case YamlKind::not_finite: text += node.text; break;
      case YamlKind::text: text += quoted(node.text); break;
      case YamlKind::list: text += "[]"; break;
      case YamlKind::map: text += "{}"; break;
    }
  }
  static bool is_block(const YamlNode& node) {
    return (node.kind == YamlKind::map && !node.map.empty()) ||
           (node.kind == YamlKind::list && !node.list.empty());
  }
  /// The text stands at `indent` already.
  void map(const YamlNode& node, std::size_t indent) {
    for (std::size_t i = 0; i < node.map.size(); ++i) {
      const YamlEntry& entry = node.map[i];
      if (i > 0) text.append(indent, ' ');
      // A key of more than 1024 bytes must be explicit (YAML 1.2, 7.4.2).
      const std::string key = quoted(entry.key);
      text += key.size() > 1000 ? "? " + key + "\n" + std::string(indent, ' ') + ":" : key + ":";
      child(entry.value, indent + 2, true);
    }
  }
  void list(const YamlNode& node, std::size_t indent) {
    for (std::size_t i = 0; i < node.list.size(); ++i) {
      if (i > 0) text.append(indent, ' ');
      text += '-';
      child(node.list[i], indent + 2, false);
    }
  }
  void child(const YamlNode& value, std::size_t indent, bool on_next_line) {
    if (is_block(value) && on_next_line) {
      text += '\n';
      text.append(indent, ' ');
    } else {
      text += ' ';
    }
    node(value, indent);
  }
};

}  // namespace

std::string_view to_string(YamlKind kind) {
  static constexpr std::string_view names[] = {
      "nothing (null)", "true or false", "a number", "no finite number",
      "a text",         "a list",        "a map"};
  return names[static_cast<std::size_t>(kind)];
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : map)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

bool same(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case YamlKind::null: return true;
    case YamlKind::boolean: return a.boolean == b.boolean;
    case YamlKind::number: {
      const auto left = plain_number(a.text), right = plain_number(b.text);
      return left && right ? *left == *right : a.text == b.text;
    }
    case YamlKind::not_finite:
    case YamlKind::text: return a.text == b.text;
    case YamlKind::list: return std::ranges::equal(a.list, b.list, same);
    case YamlKind::map:
      return std::ranges::equal(a.map, b.map, [](const YamlEntry& x, const YamlEntry& y) {
        return x.key == y.key && same(x.value, y.value);
      });
  }
  return false;
}

std::string write_yaml(const YamlNode& tree) {
  Writer writer;
  writer.node(tree, 0);
  return writer.text;
}

}  // namespace runink::governance
