// JSON as it stands in a text (RFC 8259): what kind it is and where its parts lie. Numbers keep their
// digits, which a parser into doubles would lose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runink {

enum class JsonKind : std::uint8_t { bad, null, boolean, number, string, array, object };

/// One value: `text` is all of it, with the quotes of a string.
struct JsonPart {
  JsonKind kind = JsonKind::bad;
  std::string_view text;
};
struct JsonMember {
  std::string_view key;  ///< with its quotes
  JsonPart value;
};

/// What `text` is as a whole, blanks around it aside; `bad` when it is not well formed, or nested
/// deeper than 100.
JsonKind json_kind(std::string_view text);
/// The members of an object in their order, keys as often as they come; false when it is none.
bool json_members(std::string_view text, std::vector<JsonMember>& members);
/// The items of an array; false when it is none.
bool json_items(std::string_view text, std::vector<JsonPart>& items);
/// What a string says; `room` holds it when it has escapes. Nothing for half of a surrogate pair and
/// for \u0000, which is no text.
std::optional<std::string_view> json_unquoted(std::string_view quoted, std::string& room);

}  // namespace runink
