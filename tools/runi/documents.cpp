#include "tools/runi/documents.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <string_view>

namespace runink::runi {
namespace {

std::string_view view_of(const boost::json::string& text) { return {text.data(), text.size()}; }

std::string indent(int level) { return std::string(static_cast<std::size_t>(level) * 2, ' '); }

void write_json(std::string& out, const boost::json::value& value, int level) {
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    for (auto member = object->begin(); member != object->end(); ++member) {
      out += indent(level + 1) + boost::json::serialize(member->key()) + ": ";
      write_json(out, member->value(), level + 1);
      out += std::next(member) == object->end() ? "\n" : ",\n";
    }
    out += indent(level) + "}";
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    for (std::size_t i = 0; i < array->size(); ++i) {
      out += indent(level + 1);
      write_json(out, (*array)[i], level + 1);
      out += i + 1 == array->size() ? "\n" : ",\n";
    }
    out += indent(level) + "]";
  } else {
    out += boost::json::serialize(value);
  }
}

/// Letters, digits and a few marks, that begin with a letter and are no word with a meaning.
bool is_plain(std::string_view text) {
  static constexpr std::string_view words[] = {"true", "false", "null", "yes", "no",
                                               "on",   "off",   "y",    "n"};
  if (text.empty() || text.size() > 200 || !std::isalpha(static_cast<unsigned char>(text[0])))
    return false;
  std::string lower;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) &&
        std::string_view("_-./@").find(c) == std::string_view::npos)
      return false;
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return std::ranges::find(words, lower) == std::end(words);
}

/// Texts of several lines that a literal block can hold as they are.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n')
    return false;
  return std::ranges::all_of(text, [](char c) {
    return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

std::string scalar(std::string_view text) {
  return is_plain(text) ? std::string(text) : boost::json::serialize(boost::json::string(text));
}

void write_block(std::string& out, std::string_view text, int level) {
  const std::size_t end = text.find_last_not_of('\n') + 1;
  const std::size_t ends = text.size() - end;
  out += ends == 0 ? "|-\n" : ends == 1 ? "|\n" : "|+\n";
  while (!text.empty()) {
    const auto next = text.find('\n');
    const std::string_view line = text.substr(0, next);
    if (!line.empty()) out.append(indent(level)).append(line);
    out += "\n";
    text = next == std::string_view::npos ? std::string_view{} : text.substr(next + 1);
  }
}

/// Writes what stands after "key:" or "-", with the line's end. `level` is that of what is inside.
void write_yaml(std::string& out, const boost::json::value& value, int level, bool after_dash) {
  if (const auto* object = value.if_object(); object && !object->empty()) {
    if (!after_dash) out += "\n";
    bool first = after_dash;
    for (const auto& member : *object) {
      out += first ? " " : indent(level);
      first = false;
      out += scalar(member.key()) + ":";
      write_yaml(out, member.value(), level + 1, false);
    }
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += "\n";
    for (const auto& one : *array) {
      out += indent(level) + "-";
      write_yaml(out, one, level + 1, true);
    }
  } else if (const auto* text = value.if_string()) {
    out += " ";
    if (is_block(view_of(*text)))
      write_block(out, view_of(*text), level);
    else
      out += scalar(view_of(*text)) + "\n";
  } else {
    out += " " + boost::json::serialize(value) + "\n";
  }
}

}  // namespace

std::string to_json_text(const boost::json::value& value) {
  std::string out;
  write_json(out, value, 0);
  return out + "\n";
}

std::string to_yaml_text(const boost::json::value& value) {
  std::string out;
  write_yaml(out, value, 0, false);
  if (out.starts_with('\n') || out.starts_with(' ')) out.erase(0, 1);
  return out;
}

}  // namespace runink::runi
