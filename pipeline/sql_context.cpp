#include "pipeline/sql_context.hpp"

#include <algorithm>

namespace runink::pipeline {
namespace {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '$'; }

bool is_plain_name(std::string_view v) {
  return !v.empty() && (is_letter(v.front()) || v.front() == '_') &&
         std::ranges::all_of(v, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

bool is_number(std::string_view v) {
  if (!v.empty() && v.front() == '-') v.remove_prefix(1);
  const std::size_t dot = v.find('.');
  const std::string_view whole = v.substr(0, dot);
  const std::string_view part = dot == std::string_view::npos ? "0" : v.substr(dot + 1);
  return !whole.empty() && !part.empty() && std::ranges::all_of(whole, is_digit) &&
         std::ranges::all_of(part, is_digit);
}

bool is_harmless(std::string_view v) {
  return std::ranges::all_of(v, [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view("_.:/ +-").find(c) != std::string_view::npos;
  });
}

std::string doubled(std::string_view value, char quote) {
  std::string out;
  for (const char c : value) {
    if (c == quote) out += c;
    out += c;
  }
  return out;
}

/// "$tag$" at the start of `rest`, or nothing.
std::string_view dollar_tag(std::string_view rest) {
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '$' && is_word(rest[end])) ++end;
  if (end >= rest.size() || rest[end] != '$' || (end > 1 && is_digit(rest[1]))) return {};
  return rest.substr(0, end + 1);
}

}  // namespace

void SqlContext::read(std::string_view sql) {
  while (!sql.empty()) sql.remove_prefix(std::min(step(sql), sql.size()));
}

std::size_t SqlContext::step_outside(std::string_view rest) {
  const char c = rest.front();
  const std::string_view two = rest.substr(0, 2);
  const char before = before_;
  const char before_that = before_that_;
  before_that_ = before_;
  before_ = c;
  if (c == '\'') {
    // E'..' only where the E is a word of its own; in date'...' it is not.
    const bool escaped = (before == 'e' || before == 'E') && !is_word(before_that);
    place_ = escaped ? Place::escaped_text : Place::text;
    return 1;
  }
  if (c == '"') {
    place_ = Place::name;
    return 1;
  }
  if (two == "--") {
    place_ = Place::line_comment;
    return 2;
  }
  if (two == "/*") {
    place_ = Place::block_comment;
    depth_ = 1;
    return 2;
  }
  if (c == '$' && !is_word(before)) {
    const std::string_view tag = dollar_tag(rest);
    if (!tag.empty()) {
      place_ = Place::dollar_text;
      tag_ = tag;
      return tag.size();
    }
  }
  return 1;
}

std::size_t SqlContext::step(std::string_view rest) {
  const char c = rest.front();
  const std::string_view two = rest.substr(0, 2);
  const auto leave = [this](std::size_t bytes) {
    place_ = Place::outside;
    before_ = before_that_ = ' ';
    return bytes;
  };
  switch (place_) {
    case Place::outside: return step_outside(rest);
    case Place::text:
      // A doubled quote leaves and comes back at once, which is the same.
      return c == '\'' ? leave(1) : 1;
    case Place::escaped_text:
      if (c == '\\' || two == "''") return 2;
      return c == '\'' ? leave(1) : 1;
    case Place::name: return c == '"' ? leave(1) : 1;
    case Place::dollar_text: return rest.starts_with(tag_) ? leave(tag_.size()) : 1;
    case Place::line_comment: return c == '\n' || c == '\r' ? leave(1) : 1;
    case Place::block_comment:
      if (two == "/*") {
        ++depth_;
        return 2;
      }
      if (two != "*/") return 1;
      return --depth_ == 0 ? leave(2) : 2;
  }
  return 1;
}

std::expected<std::string, SqlContext::Refusal> SqlContext::quote(std::string_view value) {
  const auto refuse = [](std::string why, bool can_be_quoted = false) {
    return std::unexpected(Refusal{std::move(why), can_be_quoted});
  };
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(value, is_control)) return refuse("it has a control character");
  switch (place_) {
    case Place::text: return doubled(value, '\'');
    case Place::name:
      if (value.empty()) return refuse("it is empty");
      return doubled(value, '"');
    case Place::outside:
      if (!is_number(value) && !is_plain_name(value))
        return refuse("outside quotes it must be a number or a plain name", true);
      // "1-{{ x }}" with -2 would begin a comment; "e{{ x }}" would make another word.
      if (is_word(before_)) return refuse("it would become part of the word before it");
      if (before_ == '-' && value.front() == '-') return refuse("it would begin a comment");
      before_ = before_that_ = value.back();
      return std::string(value);
    case Place::escaped_text:
    case Place::dollar_text:
    case Place::line_comment:
    case Place::block_comment:
      if (!is_harmless(value) || value.find("*/") != std::string_view::npos)
        return refuse("here it may only have letters, digits and \"_.:/ +-\"");
      return std::string(value);
  }
  return refuse("nothing is known of this place");
}

}  // namespace runink::pipeline
