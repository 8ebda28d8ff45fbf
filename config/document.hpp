// A TOML text as a tree that knows where each key and value stands. Keeps toml++ in one source.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/mistake.hpp"

namespace runink::config {

/// Where something stands in the text; all count from 1, columns and lengths in characters.
struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t length = 1;
};

enum class Kind : std::uint8_t { text, integer, real, boolean, moment, list, table };
/// For sentences: "a text", "a whole number", "a table".
std::string_view to_string(Kind kind);

struct Entry;

/// One value. Only the member that belongs to `kind` means something; of reals and moments only the
/// place is kept.
struct Value {
  Kind kind = Kind::table;
  Place place;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Value> list;
  std::vector<Entry> table;  ///< in the order of the text
};

struct Entry {
  std::string key;
  Place place;
  Value value;
};

/// The text as a table, or the first place at which it stops being TOML.
std::expected<Value, Mistake> parse_document(std::string_view text);

}  // namespace runink::config
