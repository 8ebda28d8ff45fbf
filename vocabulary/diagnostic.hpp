// What is wrong in a text that a person wrote, where, and what would be right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink {

enum class Severity : std::uint8_t { error = 1, warning = 2 };
constexpr bool known(Severity s) { return s == Severity::error || s == Severity::warning; }
constexpr std::string_view to_string(Severity s) {
  return s == Severity::error ? "error" : "warning";
}

/// One mistake at one place.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;              ///< path in the bundle; empty = the request itself
  std::uint32_t line = 0;        ///< from 1; 0 = the file as a whole
  std::uint32_t column = 0;      ///< from 1, in characters (code points)
  std::string message;           ///< what is wrong, in one line
  std::string source_line;       ///< the line as it stands in the file, or a window of a long one
  std::uint32_t length = 1;      ///< characters to underline, at least 1
  std::string hint;              ///< what to do ("did you mean `checked`?"); may be empty
  std::uint32_t shown_from = 1;  ///< the column of the first character of `source_line`
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
  static auto fields(auto& self) {
    return std::tie(self.severity, self.file, self.line, self.column, self.message,
                    self.source_line, self.length, self.hint, self.shown_from);
  }
};

/// Every mistake of one text, by place; at most `limits::diagnostics`, the rest is counted.
struct Diagnostics {
  std::vector<Diagnostic> list;
  std::uint32_t dropped = 0;
  /// True when at least one is an error; warnings alone do not fail.
  bool failed() const;
  friend bool operator==(const Diagnostics&, const Diagnostics&) = default;
  static auto fields(auto& self) { return std::tie(self.list, self.dropped); }
};

/// For a terminal: "file:line:column: error: message", the line, a caret line, the hint. Tabs stay
/// tabs in both lines, so the caret stands right whatever their width; ends with a newline.
std::string render(const Diagnostic& diagnostic);
/// All of them, and a last line that counts: "2 errors, 1 warning".
std::string render(const Diagnostics& diagnostics);

/// One object: {"severity","file","line","column","length","message","hint","source_line"}.
std::string to_json(const Diagnostic& diagnostic);
/// {"diagnostics":[...],"dropped":0}
std::string to_json(const Diagnostics& diagnostics);

/// All of them as one `bad_input` fault, rendered.
Fault to_fault(const Diagnostics& diagnostics);

}  // namespace runink
