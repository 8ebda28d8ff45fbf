#include "vocabulary/diagnostic.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/text.hpp"

namespace runink {
namespace {

std::string count(std::size_t n, std::string_view word) {
  return std::to_string(n) + " " + std::string(word) + (n == 1 ? "" : "s");
}

/// The line under the source line. Tabs stay tabs, so both lines are as wide on any terminal.
std::string caret_line(const Diagnostic& d) {
  std::string out;
  const std::string_view line = d.source_line;
  std::size_t at = 0;
  for (std::uint32_t column = d.shown_from; column < d.column; ++column) {
    if (at < line.size() && line[at] == '\t')
      out += '\t';
    else
      out.append(at < line.size() ? static_cast<std::size_t>(cells(line, at)) : 1, ' ');
    at += code_point_bytes(line, at);
  }
  std::size_t width = 0;
  for (std::uint32_t i = 0; i < d.length && at < line.size(); ++i) {
    width += static_cast<std::size_t>(cells(line, at));
    at += code_point_bytes(line, at);
  }
  out += '^';
  if (width > 1) out.append(width - 1, '~');
  return out;
}

}  // namespace

bool Diagnostics::failed() const {
  return dropped > 0 ||
         std::ranges::any_of(list, [](const auto& d) { return d.severity == Severity::error; });
}

std::string render(const Diagnostic& d) {
  std::string out;
  if (!d.file.empty()) {
    out += d.file + ":";
    if (d.line > 0) out += std::to_string(d.line) + ":" + std::to_string(d.column) + ":";
    out += ' ';
  }
  out += std::string(to_string(d.severity)) + ": " + d.message + "\n";
  std::string margin = "  ";
  if (d.line > 0) {
    const std::string number = std::to_string(d.line);
    margin.append(std::max<std::size_t>(4, number.size()), ' ');
    out += margin.substr(number.size()) + number + " | " + d.source_line + "\n";
    out += margin + " | " + caret_line(d) + "\n";
  }
  if (!d.hint.empty()) out += margin + " = " + d.hint + "\n";
  return out;
}

std::string render(const Diagnostics& diagnostics) {
  std::string out;
  std::size_t errors = 0, warnings = 0;
  for (const Diagnostic& one : diagnostics.list) {
    out += render(one);
    ++(one.severity == Severity::error ? errors : warnings);
  }
  if (diagnostics.list.empty()) return out;
  if (errors > 0) out += count(errors, "error");
  if (errors > 0 && warnings > 0) out += ", ";
  if (warnings > 0) out += count(warnings, "warning");
  if (diagnostics.dropped > 0) out += ", and " + std::to_string(diagnostics.dropped) + " more";
  return out + "\n";
}

std::string to_json(const Diagnostic& d) {
  return "{\"severity\":" + json_string(to_string(d.severity)) +
         ",\"file\":" + json_string(d.file) + ",\"line\":" + std::to_string(d.line) +
         ",\"column\":" + std::to_string(d.column) + ",\"length\":" + std::to_string(d.length) +
         ",\"message\":" + json_string(d.message) + ",\"hint\":" + json_string(d.hint) +
         ",\"source_line\":" + json_string(d.source_line) +
         ",\"shown_from\":" + std::to_string(d.shown_from) + "}";
}

std::string to_json(const Diagnostics& diagnostics) {
  std::string out = "{\"diagnostics\":[";
  for (const Diagnostic& one : diagnostics.list) {
    if (out.back() == '}') out += ',';
    out += to_json(one);
  }
  return out + "],\"dropped\":" + std::to_string(diagnostics.dropped) + "}";
}

Fault to_fault(const Diagnostics& diagnostics) {
  return {FaultKind::bad_input, render(diagnostics)};
}

}  // namespace runink
