#include "vocabulary/json_text.hpp"

namespace runink {
namespace {

constexpr int kDeepest = 100;

bool digit(char c) { return c >= '0' && c <= '9'; }

int hex(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Goes over a text; `members` and `items` are filled for the outermost value only.
class Walk {
 public:
  explicit Walk(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::vector<JsonMember>* members = nullptr;
  std::vector<JsonPart>* items = nullptr;

  JsonKind whole() {
    blanks();
    const JsonPart part = value(0);
    blanks();
    return at_ == end_ ? part.kind : JsonKind::bad;
  }

 private:
  void blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view text) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(text))
      return false;
    at_ += text.size();
    return true;
  }

  JsonPart value(int depth) {
    const char* begin = at_;
    const JsonKind kind = kind_of(depth);
    if (kind == JsonKind::bad) at_ = end_;
    return {kind, {begin, static_cast<std::size_t>(at_ - begin)}};
  }
  JsonKind kind_of(int depth) {
    if (at_ == end_ || depth > kDeepest) return JsonKind::bad;
    switch (*at_) {
      case '{': return object(depth) ? JsonKind::object : JsonKind::bad;
      case '[': return array(depth) ? JsonKind::array : JsonKind::bad;
      case '"': return string() ? JsonKind::string : JsonKind::bad;
      case 't': return word("true") ? JsonKind::boolean : JsonKind::bad;
      case 'f': return word("false") ? JsonKind::boolean : JsonKind::bad;
      case 'n': return word("null") ? JsonKind::null : JsonKind::bad;
      default: return number() ? JsonKind::number : JsonKind::bad;
    }
  }
  bool number() {
    take('-');
    if (at_ == end_ || !digit(*at_)) return false;
    if (!take('0'))
      while (at_ < end_ && digit(*at_)) ++at_;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }
  bool digits() {
    const char* begin = at_;
    while (at_ < end_ && digit(*at_)) ++at_;
    return at_ > begin;
  }
  bool string() {
    for (++at_; at_ < end_; ++at_) {
      if (*at_ == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(*at_) < 0x20) return false;
      if (*at_ != '\\') continue;
      if (++at_ == end_) return false;
      if (*at_ != 'u') {
        if (std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos) return false;
        continue;
      }
      for (int i = 0; i < 4; ++i)
        if (++at_ == end_ || hex(*at_) < 0) return false;
    }
    return false;
  }
  bool object(int depth) {
    ++at_;
    blanks();
    if (take('}')) return true;
    for (;;) {
      blanks();
      const char* begin = at_;
      if (at_ == end_ || *at_ != '"' || !string()) return false;
      const std::string_view key{begin, static_cast<std::size_t>(at_ - begin)};
      blanks();
      if (!take(':')) return false;
      blanks();
      const JsonPart part = value(depth + 1);
      if (part.kind == JsonKind::bad) return false;
      if (depth == 0 && members) members->push_back({key, part});
      blanks();
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }
  bool array(int depth) {
    ++at_;
    blanks();
    if (take(']')) return true;
    for (;;) {
      blanks();
      const JsonPart part = value(depth + 1);
      if (part.kind == JsonKind::bad) return false;
      if (depth == 0 && items) items->push_back(part);
      blanks();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  const char* at_;
  const char* end_;
};

void append_utf8(std::uint32_t c, std::string& out) {
  const auto byte = [&](std::uint32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | c >> 6), byte(0x80 | (c & 63));
  } else if (c < 0x10000) {
    byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63));
  } else {
    byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63));
    byte(0x80 | (c & 63));
  }
}

std::uint32_t four_digits(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 4 | static_cast<std::uint32_t>(hex(text[at + i]));
  return value;
}

/// The code point of the escape \uXXXX at `at` (of the u); `at` goes behind it. Nothing for half of a
/// pair.
std::optional<std::uint32_t> escaped(std::string_view text, std::size_t& at) {
  std::uint32_t c = four_digits(text, at + 1);
  at += 5;
  if (c >= 0xdc00 && c < 0xe000) return {};
  if (c < 0xd800 || c >= 0xdc00) return c;
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return {};
  const std::uint32_t low = four_digits(text, at + 2);
  if (low < 0xdc00 || low >= 0xe000) return {};
  at += 6;
  return 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
}

}  // namespace

JsonKind json_kind(std::string_view text) { return Walk{text}.whole(); }

bool json_members(std::string_view text, std::vector<JsonMember>& members) {
  members.clear();
  Walk walk{text};
  walk.members = &members;
  return walk.whole() == JsonKind::object;
}

bool json_items(std::string_view text, std::vector<JsonPart>& items) {
  items.clear();
  Walk walk{text};
  walk.items = &items;
  return walk.whole() == JsonKind::array;
}

std::optional<std::string_view> json_unquoted(std::string_view quoted, std::string& room) {
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  if (text.find('\\') == std::string_view::npos) return text;
  room.clear();
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      room += text[at++];
      continue;
    }
    const char c = text[++at];
    if (c == 'u') {
      const auto code = escaped(text, at);
      if (!code || *code == 0) return {};
      append_utf8(*code, room);
      continue;
    }
    ++at;
    constexpr std::string_view from = "bfnrt", to = "\b\f\n\r\t";
    const auto place = from.find(c);
    room += place == std::string_view::npos ? c : to[place];
  }
  return room;
}

}  // namespace runink
