#include "vocabulary/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace runink {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  ///< 0 = not UTF-8
};

CodePoint code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < n) return {};
  std::uint32_t value = first & (0x7Fu >> n);
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[n] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, n};
}

/// One `[...]` at the start of `pattern` against `c`. Takes it off; an unclosed one is a plain '['.
bool class_matches(std::string_view& pattern, char c) {
  const std::size_t end = pattern.find(']', 2);
  if (end == std::string_view::npos) {
    pattern.remove_prefix(1);
    return c == '[';
  }
  std::string_view set = pattern.substr(1, end - 1);
  pattern.remove_prefix(end + 1);
  const bool negated = set.front() == '!' || set.front() == '^';
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= c && c <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == c;
    }
  }
  return found != negated;
}

/// One part of a path against one part of a pattern; linear, by remembering only the last star.
bool part_matches(std::string_view pattern, std::string_view part) {
  std::string_view after_star, retry;
  bool star = false;
  while (!part.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      retry = part;
      star = true;
      continue;
    }
    bool fits = false;
    if (!pattern.empty() && pattern.front() == '[') {
      fits = class_matches(pattern, part.front());
    } else if (!pattern.empty()) {
      fits = pattern.front() == '?' || pattern.front() == part.front();
      pattern.remove_prefix(1);
    }
    if (fits) {
      part.remove_prefix(1);
    } else if (star) {
      retry.remove_prefix(1);
      part = retry;
      pattern = after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

std::string_view first_part(std::string_view path) { return path.substr(0, path.find('/')); }
std::string_view other_parts(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint one = code_point(text);
    if (one.bytes == 0) return false;
    text.remove_prefix(one.bytes);
  }
  return true;
}

std::size_t code_point_bytes(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 1;
  return std::max<std::size_t>(1, code_point(text.substr(at)).bytes);
}

std::size_t characters(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); i += code_point_bytes(text, i)) ++n;
  return n;
}

int cells(std::string_view text, std::size_t at) {
  const std::uint32_t c = at < text.size() ? code_point(text.substr(at)).value : 0;
  const auto in = [c](std::uint32_t low, std::uint32_t high) { return low <= c && c <= high; };
  // Combining marks, joiners and variation selectors take no cell of their own.
  if (in(0x300, 0x36F) || in(0x200B, 0x200F) || in(0x20D0, 0x20FF) || in(0xFE00, 0xFE0F)) return 0;
  // UAX 11: the blocks that are wide as a whole.
  const bool wide = in(0x1100, 0x115F) || in(0x2E80, 0xA4CF) || in(0xAC00, 0xD7A3) ||
                    in(0xF900, 0xFAFF) || in(0xFE30, 0xFE6F) || in(0xFF00, 0xFF60) ||
                    in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1F64F) || in(0x1F900, 0x1F9FF) ||
                    in(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint one = code_point(text.substr(i));
    const std::size_t n = std::max<std::size_t>(1, one.bytes);
    if (out.size() + n > most) return out + "...";
    const bool control = one.value < 0x20 || (one.value >= 0x7F && one.value < 0xA0);
    if (one.bytes == 0 || control)
      out += '?';
    else
      out += text.substr(i, n);
    i += n;
  }
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const CodePoint one = code_point(text.substr(i));
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (one.bytes == 0) {
      out += "\\ufffd";
    } else if (one.value < 0x20 || one.value == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", one.value);
      out += escape;
    } else {
      out += text.substr(i, one.bytes);
    }
    i += std::max<std::size_t>(1, one.bytes);
  }
  return out + '"';
}

std::string_view why_not_relative(std::string_view path) {
  if (path.empty()) return "it is empty";
  if (path.front() == '/') return "it is absolute";
  for (const char c : path) {
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) return "it has a control character";
    if (c == '\\') return "it has a backslash; folders are parted by '/'";
  }
  if (path.back() == '/') return "it ends in '/' and so names a folder";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty()) return "it has '//' in it";
    if (part == "..") return "it has '..' in it, and a path may not leave its folder";
    if (part == ".") return "it has a part '.' in it";
    begin = end + 1;
  }
  return {};
}

bool is_glob(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

bool glob_part_matches(std::string_view part, std::string_view name) {
  if (name.starts_with('.') && !part.starts_with('.')) return false;
  return part_matches(part, name);
}

bool glob_matches(std::string_view pattern, std::string_view path) {
  // As in part_matches, going back to the last `**` is enough.
  std::string_view after_stars, retry;
  bool stars = false;
  while (!path.empty()) {
    if (first_part(pattern) == "**") {
      pattern = other_parts(pattern);
      if (pattern.empty()) return !path.starts_with('.') && path.find("/.") == path.npos;
      after_stars = pattern;
      retry = path;
      stars = true;
    } else if (!pattern.empty() && glob_part_matches(first_part(pattern), first_part(path))) {
      pattern = other_parts(pattern);
      path = other_parts(path);
    } else if (stars && !retry.starts_with('.')) {
      retry = other_parts(retry);
      path = retry;
      pattern = after_stars;
    } else {
      return false;
    }
  }
  return pattern.empty();
}

}  // namespace runink
