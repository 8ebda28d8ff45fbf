#include "config/mistake.hpp"

#include <algorithm>
#include <string_view>

namespace runink::config {
namespace {

/// Line `number` (from 1) of `text`, without its end.
std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t i = 1; i < number; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// The line that puts carets under `length` characters from `column` of `line`. Tabs stay tabs, so
/// that it stands right at every width of a tab.
std::string carets(std::string_view line, std::uint32_t column, std::uint32_t length) {
  std::string under;
  std::uint32_t at = 1;
  std::size_t i = 0;
  const auto next_character = [&] {
    ++i;
    while (i < line.size() && (static_cast<unsigned char>(line[i]) & 0xC0u) == 0x80u) ++i;
    ++at;
  };
  while (i < line.size() && at < column) {
    under += line[i] == '\t' ? '\t' : ' ';
    next_character();
  }
  std::uint32_t drawn = 0;
  while (i < line.size() && drawn < length) {
    under += '^';
    ++drawn;
    next_character();
  }
  return drawn == 0 ? under + '^' : under;
}

}  // namespace

std::string to_text(const Mistakes& mistakes) {
  std::string text;
  for (const Mistake& one : mistakes.list) {
    if (one.line == 0) {
      text += mistakes.path + ": error: " + one.what + "\n";
      continue;
    }
    const std::string_view line = line_of(mistakes.text, one.line);
    text += mistakes.path + ":" + std::to_string(one.line) + ":" + std::to_string(one.column) +
            ": error: " + one.what + "\n";
    text += "  " + std::string(line) + "\n";
    text += "  " + carets(line, one.column, one.length) + "\n";
  }
  const std::size_t count = mistakes.list.size();
  text += std::to_string(count) + (count == 1 ? " mistake in " : " mistakes in ") + mistakes.path +
          "\n";
  return text;
}

}  // namespace runink::config
