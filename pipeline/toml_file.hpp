// A TOML text as a tree that knows the bytes of each key and value. The one source behind this
// header is the only one of the room that knows toml++.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/source_text.hpp"

namespace runink::pipeline {

enum class Kind : std::uint8_t { text, integer, real, boolean, moment, list, table };
/// For sentences: "a text", "a whole number".
std::string_view to_string(Kind kind);

struct Entry;

/// One value. Only the members that belong to `kind` mean something.
struct Value {
  Kind kind = Kind::table;
  Span span;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Value> list;
  std::vector<Entry> table;  ///< in the order of the file

  /// Where bytes [at, at + length) of `text` stand in the file, through quotes, escapes and
  /// multi-line strings.
  Span in_file(std::size_t at, std::size_t length) const;
  /// For a text: where each of its bytes begins in the file, and where the last one ends; empty
  /// when that is not known.
  std::vector<std::uint32_t> origin;
};

struct Entry {
  std::string key;
  Span span;
  Value value;
};

struct TomlMistake {
  Span span;
  std::string what;
};

/// The text as a table, or the first place at which it stops being TOML.
std::expected<Value, TomlMistake> read_toml(const SourceText& source);

}  // namespace runink::pipeline
