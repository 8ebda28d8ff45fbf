// A YAML text as a tree that knows the place of every key and value. YAML 1.2 with the core schema:
// `yes` is a text, `1.0` a number. The one source behind this header is the only one of the room
// that knows yaml-cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/source_text.hpp"

namespace runink::governance {

enum class YamlKind : std::uint8_t {
  null,
  boolean,
  number,      ///< finite
  not_finite,  ///< .inf, .nan, and numbers too great for a binary64; JSON has none of them
  text,
  list,
  map
};
/// For sentences: "a text", "a number", "nothing (null)".
std::string_view to_string(YamlKind kind);

struct YamlEntry;

/// One value. Aliases are resolved: each stands where it is used, at the place of the alias.
struct YamlNode {
  YamlKind kind = YamlKind::null;
  bool boolean = false;
  std::string text;  ///< of a text its characters, of a number, null or boolean its spelling
  Span span;
  std::vector<YamlNode> list;
  std::vector<YamlEntry> map;  ///< in the order of the document

  /// The value of `key`, or nullptr.
  const YamlNode* find(std::string_view key) const;
};

/// Keys are scalars and stand here as texts: `1: a` has the key "1".
struct YamlEntry {
  std::string key;
  Span span;
  YamlNode value;
};

/// Equal in kind and value; places, comments, styles and the spelling of numbers do not count, the
/// order of keys does.
bool same(const YamlNode& a, const YamlNode& b);

/// The one document of the text, or nothing when it makes no tree; the reasons stand in `mistakes`. A
/// key that stands twice is a mistake too, but both are in the tree.
/// Refused: what is no YAML, several documents, keys that are lists or maps, tags beyond
/// the core schema, directives but %YAML 1.2, control characters, more depth than
/// `limits::contract_depth`, more values than `limits::contract_nodes` and more than four times the
/// bytes of the longest document, aliases resolved. An empty document is null.
std::optional<YamlNode> read_yaml(const SourceText& source, Mistakes& mistakes);

/// The tree in canonical form: block style, two spaces, texts quoted where they must be. Promised:
/// read_yaml(write_yaml(tree)) is the `same` tree. Comments and layout are not in the tree; they
/// are kept only where the text itself is kept.
std::string write_yaml(const YamlNode& tree);

}  // namespace runink::governance
