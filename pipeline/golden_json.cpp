// JSON lines as rows that can be compared.
#include <algorithm>
#include <map>
#include <utility>

#include "governance/decimal.hpp"
#include "pipeline/golden.hpp"
#include "vocabulary/json_text.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

/// One long line widens every other: a row has a cell for each column, whether it has the key or not.
constexpr std::size_t most_golden_cells = 2'000'000;
constexpr std::size_t shown_key_bytes = 80;

using OrWhy = std::expected<void, std::string>;

/// The end of the string that begins at `at` of a well-formed text, behind its quote.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

/// A well-formed value in the one form that equal values have: without blanks, with as few escapes as
/// can be, and numbers by their value, of which floating point would lose digits.
std::expected<std::string, std::string> one_form(std::string_view text) {
  std::string form, room;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (c == '"') {
      end = end_of_string(text, at);
      const std::string_view quoted = text.substr(at, end - at);
      // What is no text, as \u0000, is only itself.
      const auto said = json_unquoted(quoted, room);
      form += said ? json_string(*said) : std::string(quoted);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      end = std::min(text.find_first_not_of("+-.eE0123456789", at), text.size());
      const auto number = governance::exact_number(text.substr(at, end - at));
      if (!number)
        return std::unexpected("the exponent of " +
                               printable(text.substr(at, end - at), shown_key_bytes) +
                               " is too large to be compared");
      form += *number;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      form += c;
    }
    at = end;
  }
  return form;
}

class JsonRows {
 public:
  /// One line; the error without its place.
  OrWhy take(std::string_view line) {
    if ((table_.rows.size() + 1) * table_.columns.size() > most_golden_cells)
      return too_many_cells();
    if (!json_members(line, members_)) return std::unexpected("it is no JSON object");
    auto& row = table_.rows.emplace_back(table_.columns.size());
    for (const JsonMember& member : members_) {
      const auto place = place_of(member.key);
      if (!place) return std::unexpected(place.error());
      row.resize(table_.columns.size());
      if (member.value.kind == JsonKind::null) continue;
      auto form = one_form(member.value.text);
      if (!form) return std::unexpected(form.error());
      row[*place] = std::move(*form);
    }
    if (table_.rows.size() * table_.columns.size() > most_golden_cells) return too_many_cells();
    return {};
  }

  TextTable table() && {
    for (auto& row : table_.rows) row.resize(table_.columns.size());
    return std::move(table_);
  }

 private:
  static OrWhy too_many_cells() {
    return std::unexpected("there are more than " + std::to_string(most_golden_cells) + " cells");
  }

  /// The column of a key, which the row at hand names for the first time.
  std::expected<std::size_t, std::string> place_of(std::string_view quoted) {
    const auto key = json_unquoted(quoted, room_);
    if (!key)
      return std::unexpected("the key " + printable(quoted, shown_key_bytes) + " is no text");
    auto at = places_.find(*key);
    if (at == places_.end()) {
      if (table_.columns.size() == limits::contract_rules)
        return std::unexpected("there are more than " + std::to_string(limits::contract_rules) +
                               " keys");
      at = places_.emplace(std::string(*key), table_.columns.size()).first;
      table_.columns.emplace_back(*key);
      named_in_.push_back(0);
    }
    if (std::exchange(named_in_[at->second], table_.rows.size()) == table_.rows.size())
      return std::unexpected("the key `" + printable(*key, shown_key_bytes) + "` is there twice");
    return at->second;
  }

  TextTable table_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::vector<std::size_t> named_in_;  ///< by column: the last row, from 1, that has its key
  std::vector<JsonMember> members_;
  std::string room_;
};

}  // namespace

std::expected<TextTable, std::string> read_json_lines(std::string_view text) {
  if (!is_utf8(text)) return std::unexpected("it is not UTF-8");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  JsonRows rows;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto taken = rows.take(one); !taken)
      return std::unexpected("line " + std::to_string(line) + ": " + taken.error());
  }
  return std::move(rows).table();
}

}  // namespace runink::pipeline
