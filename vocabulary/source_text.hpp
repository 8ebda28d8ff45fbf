// A text that a person wrote, with its lines, and the mistakes that are found in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/diagnostic.hpp"

namespace runink {

/// Bytes of the text.
struct Span {
  std::size_t at = 0;
  std::size_t length = 1;
};

class SourceText {
 public:
  /// `path` is only for messages. A byte order mark is taken off.
  SourceText(std::string path, std::string_view text);

  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }
  /// The byte at which a place begins; line and column from 1, columns in characters.
  std::size_t offset(std::uint32_t line, std::uint32_t column) const;
  /// The first byte that is no UTF-8, if there is one.
  std::optional<std::size_t> not_utf8() const;
  /// The place of `span` as a diagnostic without words. Its line is fit for terminals and JSON: a '?'
  /// stands for each control character and each byte that is no UTF-8.
  Diagnostic place(Span span) const;

 private:
  std::string path_;
  std::string text_;
  std::vector<std::size_t> lines_;     ///< where each begins
  std::vector<std::uint32_t> starts_;  ///< where each character begins
  std::vector<std::size_t> first_of_;  ///< of each line, its first character in `starts_`
};

/// Collects what is wrong, to be told at once. Refers to the text, which must live as long.
class Mistakes {
 public:
  explicit Mistakes(const SourceText& source) : source_(&source) {}

  void error(Span span, std::string message, std::string hint = {});
  void warn(Span span, std::string message, std::string hint = {});
  /// About the file as a whole, or (`file` empty) about the request.
  void error_without_place(std::string file, std::string message, std::string hint = {});
  bool failed() const { return failed_; }

  /// `suggestion(wrong, known)` while that is cheap: a file full of mistakes must not cost minutes.
  std::string suggest(std::string_view wrong, const std::vector<std::string>& known);

  /// All of them by place, each once, at most `limits::diagnostics`.
  Diagnostics diagnostics() const;

 private:
  struct Mistake {
    Severity severity;
    bool placed;
    Span span;
    std::string file;
    std::string message;
    std::string hint;
  };
  const SourceText* source_;
  std::vector<Mistake> list_;
  std::uint32_t dropped_ = 0;
  bool failed_ = false;
  std::size_t effort_ = 0;  ///< spent on suggestions, in steps of the edit distance

  void add(Mistake mistake);
};

/// "did you mean `checked`?" when a known name is near, else all of them if they are few, else "".
std::string suggestion(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace runink
