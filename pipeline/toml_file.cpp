#include "pipeline/toml_file.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/text.hpp"
#include "vocabulary/toml_guarded.hpp"

namespace runink::pipeline {
namespace {

/// Walks one string of the file and remembers where each byte of its value came from. TOML 1.0.0,
/// "String". The text is known to be TOML, so only what moves bytes matters here.
class StringWalk {
 public:
  StringWalk(std::string_view file, std::size_t at) : file_(file), at_(at) {}

  /// The value and its origins; false when the walk ran out of the file.
  bool walk() {
    if (at_ >= file_.size() || (file_[at_] != '"' && file_[at_] != '\'')) return false;
    quote_ = file_[at_];
    multi_line_ = file_.substr(at_, 3) == std::string(3, quote_);
    at_ += multi_line_ ? 3 : 1;
    if (multi_line_) skip_line_end();
    while (at_ < file_.size()) {
      if (at_end()) {
        origin.push_back(static_cast<std::uint32_t>(at_));
        end = at_ + (multi_line_ ? 3 : 1);
        return true;
      }
      if (quote_ == '"' && file_[at_] == '\\')
        escape();
      else if (file_.substr(at_, 2) == "\r\n")
        take(2, "\n");
      else
        take(1, file_.substr(at_, 1));
    }
    return false;
  }

  std::string value;
  std::vector<std::uint32_t> origin;
  std::size_t end = 0;

 private:
  bool at_end() const {
    if (file_[at_] != quote_) return false;
    if (!multi_line_) return true;
    // Up to two quotes may stand before the closing three: the last three of a row close.
    const std::string three(3, quote_);
    return file_.substr(at_, 3) == three && (at_ + 3 >= file_.size() || file_[at_ + 3] != quote_);
  }
  void take(std::size_t source_bytes, std::string_view made) {
    origin.insert(origin.end(), made.size(), static_cast<std::uint32_t>(at_));
    value += made;
    at_ += source_bytes;
  }
  void skip_line_end() {
    if (file_.substr(at_, 2) == "\r\n")
      at_ += 2;
    else if (file_.substr(at_, 1) == "\n")
      ++at_;
  }
  void escape() {
    const char c = at_ + 1 < file_.size() ? file_[at_ + 1] : '\\';
    switch (c) {
      case 'b': return take(2, "\b");
      case 't': return take(2, "\t");
      case 'n': return take(2, "\n");
      case 'f': return take(2, "\f");
      case 'r': return take(2, "\r");
      case 'u': return code_point(4);
      case 'U': return code_point(8);
      case '"':
      case '\\': return take(2, file_.substr(at_ + 1, 1));
      default: {  // a line that is continued
        at_ = std::min(file_.find_first_not_of(" \t\r\n", at_ + 1), file_.size());
      }
    }
  }
  void code_point(std::size_t digits) {
    std::uint32_t c = 0;
    for (const char digit : file_.substr(at_ + 2, digits))
      c = c << 4 |
          static_cast<std::uint32_t>(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    std::string made;
    const auto add = [&](std::uint32_t byte) { made += static_cast<char>(byte); };
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xC0 | c >> 6);
    } else {
      if (c < 0x10000) {
        add(0xE0 | c >> 12);
      } else {
        add(0xF0 | c >> 18);
        add(0x80 | (c >> 12 & 0x3F));
      }
      add(0x80 | (c >> 6 & 0x3F));
    }
    if (c >= 0x80) add(0x80 | (c & 0x3F));
    take(2 + digits, made);
  }

  std::string_view file_;
  std::size_t at_;
  char quote_ = '"';
  bool multi_line_ = false;
};

class Reader {
 public:
  explicit Reader(const SourceText& source) : source_(source) {}

  Value table(const toml::table& from) const {
    Value value = plain(Kind::table, from);
    for (const auto& [key, node] : from)
      value.table.push_back({std::string(key.str()), span(key.source()), any(node)});
    // toml++ sorts keys by name; people read from the top.
    std::ranges::stable_sort(value.table, {}, [](const Entry& e) { return e.span.at; });
    return value;
  }

  Span span(const toml::source_region& region) const {
    const std::size_t at = source_.offset(region.begin.line, region.begin.column);
    const std::size_t end = source_.offset(region.end.line, region.end.column);
    return {at, end > at ? end - at : 1};
  }

 private:
  Value plain(Kind kind, const toml::node& node) const {
    Value value;
    value.kind = kind;
    value.span = span(node.source());
    return value;
  }
  Value any(const toml::node& node) const {
    if (const auto* one = node.as_table()) return table(*one);
    if (const auto* one = node.as_string()) return text(*one);
    if (const auto* one = node.as_array()) {
      Value value = plain(Kind::list, node);
      for (const toml::node& element : *one) value.list.push_back(any(element));
      return value;
    }
    if (const auto* one = node.as_integer()) {
      Value value = plain(Kind::integer, node);
      value.integer = one->get();
      return as_written(std::move(value));
    }
    if (const auto* one = node.as_boolean()) {
      Value value = plain(Kind::boolean, node);
      value.boolean = one->get();
      return as_written(std::move(value));
    }
    return as_written(plain(node.is_floating_point() ? Kind::real : Kind::moment, node));
  }
  /// `text` of what is no text is the value as the file spells it.
  Value as_written(Value value) const {
    value.text = source_.text().substr(value.span.at, value.span.length);
    while (!value.text.empty() && (value.text.back() == ' ' || value.text.back() == '\t'))
      value.text.pop_back();
    return value;
  }
  Value text(const toml::value<std::string>& from) const {
    Value value = plain(Kind::text, from);
    value.text = from.get();
    StringWalk walk{source_.text(), value.span.at};
    if (walk.walk() && walk.value == value.text) {
      value.origin = std::move(walk.origin);
      value.span.length = walk.end - value.span.at;
    }
    return value;
  }

  const SourceText& source_;
};

/// toml++ says first what it was doing; the place says that better.
std::string in_short(std::string_view description) {
  if (description.starts_with("Error while parsing "))
    if (const std::size_t colon = description.find(": "); colon != std::string_view::npos)
      description.remove_prefix(colon + 2);
  return printable(description, 300);
}

}  // namespace

std::string_view to_string(Kind kind) {
  static constexpr std::string_view names[] = {"a text",        "a whole number", "a fraction",
                                               "true or false", "a date or time", "a list",
                                               "a table"};
  return names[static_cast<std::size_t>(kind)];
}

Span Value::in_file(std::size_t at, std::size_t length) const {
  if (origin.empty()) return span;
  const std::size_t first = std::min(at, origin.size() - 1);
  const std::size_t last = std::min(at + std::max<std::size_t>(1, length), origin.size() - 1);
  const std::size_t bytes = origin[last] - origin[first];
  return {origin[first], std::max<std::size_t>(1, bytes)};
}

std::expected<Value, TomlMistake> read_toml(const SourceText& source) {
  const Reader reader{source};
  if (const auto at = source.not_utf8())
    return std::unexpected(
        TomlMistake{{*at, 1}, "a byte that is no UTF-8; save the file as UTF-8"});
  try {
    return reader.table(toml::parse(std::string_view(source.text())));
  } catch (const toml::parse_error& error) {
    Span place = reader.span(error.source());
    place.length = 1;
    return std::unexpected(TomlMistake{place, in_short(error.description())});
  } catch (const TomlGaveUp&) {
    return std::unexpected(TomlMistake{{0, 1}, "the parser lost its way in it"});
  }
}

}  // namespace runink::pipeline
