// Tables and scripts in the form of cockroachdb/datadriven, as etcd-io/raft publishes them: a
// command with arguments, maybe lines of input, "----", and what must come out, up to an empty
// line.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::conformance {

// What a stranger's file may hold at most.
inline constexpr std::size_t file_bytes_most = 4u << 20;
inline constexpr std::size_t nodes_most = 64;
inline constexpr std::uint64_t number_most = 100'000;

/// `key`, `key=value` or `key=(value, value)`.
struct Argument {
  std::string key;
  std::vector<std::string> values;
};

struct Command {
  std::string name;
  std::vector<Argument> arguments;

  /// The values behind `key=`; empty when there is none.
  std::vector<std::string> values_of(std::string_view key) const;
  /// The arguments without a value, in order.
  std::vector<std::string> words() const;
};

struct Line {
  std::uint64_t number = 0;
  std::string text;
};

struct Directive {
  std::string file;
  std::uint64_t line = 0;
  Command command;
  std::vector<std::string> input;
  std::vector<Line> expected;

  /// FILE:LINE, where people look.
  std::string where() const { return file + ":" + std::to_string(line); }
};

/// One line; `bad_input` says what is wrong with it.
Result<Command> read_command(std::string_view line);

/// All directives of a file, in order. A directive without "----" and a line that is no command are
/// `bad_input` with FILE:LINE; so is a file without directives, or one that is too large.
Result<std::vector<Directive>> read_directives(std::istream& in, const std::string& file);

/// A decimal number up to `most`; `bad_input` names `what` it should have been.
Result<std::uint64_t> number_in(std::string_view text, std::string_view what,
                                std::uint64_t most = number_most);
/// All of them node ids from 1 to `nodes_most`.
Result<std::vector<NodeId>> ids_in(const std::vector<std::string>& texts);

/// The node ids as the files draw them: "(1 2 3)".
std::string drawn(const std::set<NodeId>& ids);

}  // namespace runink::conformance
