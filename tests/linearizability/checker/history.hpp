// What clients did to a set of cells, and what they were told. Library `linearizability`, in this
// order: history.hpp, check.hpp, json_lines.hpp and published_logs.hpp (two ways to read a history).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runink::linearizability {

/// What a cell holds; nothing = nil, no such key.
using Value = std::optional<std::string>;

enum class Act : std::uint8_t {
  read = 1,
  write = 2,
  compare_and_set = 3,
  append = 4,  ///< to nil as to an empty text
  remove = 5,  ///< leaves nil
};

/// One operation on the cell named `key`. Times are of one clock; only their order counts.
struct Operation {
  std::uint64_t client = 0;
  std::int64_t call = 0;
  /// Nothing: the client was never told. It may take effect at any time after `call`, or never.
  std::optional<std::int64_t> done;
  Act act = Act::read;
  std::string key;
  Value argument;  ///< of write, append and compare_and_set: what is written
  Value expected;  ///< of compare_and_set: what must be there
  std::optional<Value>
      told;  ///< of read: what it saw; of append, where the client heard it: what it left
  bool swapped = true;  ///< of compare_and_set: `expected` was there
  friend bool operator==(const Operation&, const Operation&) = default;
};

/// In no particular order. What is known to have had no effect at all is not in it, and a failed
/// compare_and_set is: it saw another value.
using History = std::vector<Operation>;

/// For a person: `client 3 read "5" [12, 19]`.
std::string to_string(const Operation& operation);

}  // namespace runink::linearizability
