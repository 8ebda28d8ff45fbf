#include "runner/directives.hpp"

#include <algorithm>
#include <charconv>
#include <istream>

namespace runink::conformance {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

std::unexpected<Fault> bad(std::string what) { return fail(FaultKind::bad_input, std::move(what)); }

/// Takes what stands before the first of `ends` off the front.
std::string_view take_until(std::string_view& rest, std::string_view ends) {
  const auto at = std::min(rest.find_first_of(ends), rest.size());
  const auto taken = rest.substr(0, at);
  rest.remove_prefix(at);
  return taken;
}

/// Behind "key=(": the values up to the parenthesis that closes it.
Result<std::vector<std::string>> take_values(std::string_view& rest) {
  std::vector<std::string> values;
  while (true) {
    const auto value = trimmed(take_until(rest, ",()"));
    if (rest.empty() || rest.front() == '(') return bad("a list of values must end with ')'");
    values.emplace_back(value);
    const bool last = rest.front() == ')';
    rest.remove_prefix(1);
    if (last) break;
  }
  if (values.size() == 1 && values.front().empty()) values.clear();  // "()": none
  return values;
}

/// Lines with their numbers.
class Lines {
 public:
  explicit Lines(std::istream& in) : in_(in) {}
  bool next() {
    if (!std::getline(in_, text_)) return false;
    ++number_;
    read_ += text_.size() + 1;
    return true;
  }
  const std::string& text() const { return text_; }
  std::uint64_t number() const { return number_; }
  std::size_t read() const { return read_; }

 private:
  std::istream& in_;
  std::string text_;
  std::uint64_t number_ = 0;
  std::size_t read_ = 0;
};

constexpr std::string_view separator = "----";

void read_expected(Lines& lines, Directive& into) {
  if (!lines.next()) return;
  if (lines.text() != separator) {  // up to the first empty line
    do {
      if (trimmed(lines.text()).empty()) return;
      into.expected.push_back({lines.number(), lines.text()});
    } while (lines.next());
    return;
  }
  while (lines.next()) {  // up to two separators; empty lines count
    if (lines.text() == separator) {
      if (!lines.next() || lines.text() == separator) return;
      into.expected.push_back({lines.number() - 1, std::string(separator)});
    }
    into.expected.push_back({lines.number(), lines.text()});
  }
}

/// True when the separator came.
bool read_input(Lines& lines, Directive& into) {
  while (lines.next()) {
    if (lines.text() == separator) return true;
    if (const auto text = trimmed(lines.text()); !text.empty()) into.input.emplace_back(text);
  }
  return false;
}

}  // namespace

std::vector<std::string> Command::values_of(std::string_view key) const {
  for (const Argument& one : arguments)
    if (one.key == key && !one.values.empty()) return one.values;
  return {};
}

std::vector<std::string> Command::words() const {
  std::vector<std::string> words;
  for (const Argument& one : arguments)
    if (one.values.empty()) words.push_back(one.key);
  return words;
}

Result<Command> read_command(std::string_view line) {
  std::string_view rest = trimmed(line);
  Command command;
  command.name = take_until(rest, " ");
  for (rest = trimmed(rest); !rest.empty(); rest = trimmed(rest)) {
    Argument argument;
    argument.key = take_until(rest, " =");
    if (argument.key.empty()) return bad("an argument has no name");
    if (rest.starts_with("=(")) {
      rest.remove_prefix(2);
      auto values = take_values(rest);
      if (!values) return std::unexpected(values.error());
      argument.values = std::move(*values);
    } else if (rest.starts_with("=")) {
      rest.remove_prefix(1);
      argument.values.emplace_back(take_until(rest, " "));
    }
    command.arguments.push_back(std::move(argument));
  }
  return command;
}

Result<std::vector<Directive>> read_directives(std::istream& in, const std::string& file) {
  std::vector<Directive> all;
  Lines lines(in);
  while (lines.next()) {
    std::string text(trimmed(lines.text()));
    if (text.empty() || text.front() == '#') continue;
    Directive one;
    one.file = file;
    one.line = lines.number();
    while (text.ends_with('\\') && lines.next())
      text = text.substr(0, text.size() - 1) + " " + std::string(trimmed(lines.text()));
    auto command = read_command(text);
    if (!command) return bad(one.where() + ": " + command.error().what + ".");
    one.command = std::move(*command);
    if (one.command.name == "subtest") continue;  // names what follows
    if (!read_input(lines, one))
      return bad(one.where() + ": no \"----\" follows this command before the end of the file.");
    read_expected(lines, one);
    if (lines.read() > file_bytes_most) return bad(file + " is larger than 4 MiB.");
    all.push_back(std::move(one));
  }
  if (all.empty()) return bad(file + ":1: there is no command in this file.");
  return all;
}

Result<std::uint64_t> number_in(std::string_view text, std::string_view what, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > most)
    return bad("\"" + std::string(text) + "\" is no " + std::string(what) + " from 0 to " +
               std::to_string(most));
  return number;
}

Result<std::vector<NodeId>> ids_in(const std::vector<std::string>& texts) {
  std::vector<NodeId> ids;
  for (const std::string& text : texts) {
    const auto number = number_in(text, "node");
    if (!number) return std::unexpected(number.error());
    if (*number == 0 || *number > nodes_most)
      return bad("\"" + text + "\" is no node from 1 to " + std::to_string(nodes_most));
    ids.push_back(NodeId{*number});
  }
  return ids;
}

std::string drawn(const std::set<NodeId>& ids) {
  std::string out;
  for (const NodeId id : ids) out += (out.empty() ? "" : " ") + std::to_string(id.value);
  return "(" + out + ")";
}

}  // namespace runink::conformance
