#include "steps/sql_text.hpp"

#include <algorithm>
#include <cctype>

namespace runink::steps {
namespace {

bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  /// The end of the token, comment or blank that starts at `at`; `matters` tells a token.
  std::size_t skip(std::size_t at, bool& matters) const {
    matters = false;
    if (starts(at, "--")) return std::min(sql_.find('\n', at), sql_.size());
    if (starts(at, "/*")) return comment(at);
    if (blank(sql_[at])) return at + 1;
    matters = true;
    const char c = sql_[at];
    if (c == '\'') return quoted(at, '\'', escapes(at));
    if (c == '"') return quoted(at, '"', false);
    if (c == '$' && (at == 0 || !word(sql_[at - 1]))) return dollar(at);
    return at + 1;
  }

 private:
  bool starts(std::size_t at, std::string_view with) const {
    return sql_.substr(at, with.size()) == with;
  }
  /// E'..' knows backslashes.
  bool escapes(std::size_t at) const {
    return at > 0 && (sql_[at - 1] == 'e' || sql_[at - 1] == 'E') &&
           (at < 2 || !word(sql_[at - 2]));
  }
  std::size_t comment(std::size_t at) const {
    int depth = 0;
    while (at < sql_.size()) {
      if (starts(at, "/*")) {
        ++depth, at += 2;
      } else if (starts(at, "*/")) {
        --depth, at += 2;
        if (depth == 0) break;
      } else {
        ++at;
      }
    }
    return std::min(at, sql_.size());
  }
  std::size_t quoted(std::size_t at, char quote, bool backslash) const {
    for (++at; at < sql_.size(); ++at) {
      if (backslash && sql_[at] == '\\') {
        ++at;
      } else if (sql_[at] == quote) {
        if (at + 1 >= sql_.size() || sql_[at + 1] != quote) return at + 1;
        ++at;
      }
    }
    return sql_.size();
  }
  std::size_t dollar(std::size_t at) const {
    std::size_t tag = at + 1;
    while (tag < sql_.size() && word(sql_[tag])) ++tag;
    if (tag >= sql_.size() || sql_[tag] != '$' ||
        (tag > at + 1 && std::isdigit(static_cast<unsigned char>(sql_[at + 1]))))
      return at + 1;  // a parameter
    const std::string_view mark = sql_.substr(at, tag + 1 - at);
    const auto end = sql_.find(mark, tag + 1);
    return end == std::string_view::npos ? sql_.size() : end + mark.size();
  }

  std::string_view sql_;
};

}  // namespace

std::vector<StatementPlace> statements_of(std::string_view sql) {
  std::vector<StatementPlace> found;
  const Lexer lexer{sql};
  bool open = false;
  for (std::size_t at = 0; at < sql.size();) {
    if (sql[at] == ';') {
      if (open) found.back().end = at;
      open = false;
      ++at;
      continue;
    }
    bool matters = false;
    const std::size_t end = lexer.skip(at, matters);
    if (matters && !open) {
      found.push_back({at, sql.size()});
      open = true;
    }
    at = end;
  }
  return found;
}

}  // namespace runink::steps
