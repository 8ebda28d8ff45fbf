// Histories as JSON lines, so that other checkers can judge them too: one operation a line.
//
//   {"client": 3, "call": 120, "return": 180,
//    "input": {"op": "cas", "key": "a", "from": "1", "to": "2"}, "output": {"ok": true}}
//
// client  a whole number. A client has one operation at a time; after an unknown outcome it may go on.
// call, return
//         whole numbers, of one clock that never goes back (nanoseconds, as a rule). "return" is null
//         or absent when the outcome is unknown: a timeout, a broken connection, a killed node.
// input   "op" and what it needs; "key" is a text, "" when absent. Values are texts, whole numbers
//         (which count as their decimal text) or null (no such key).
//           read, get            nothing else
//           write, put           "value"
//           append               "value", a text
//           cas                  "from", "to"
//           remove, delete       nothing else
// output  ignored, and may be null or absent, when "return" is:
//           read, get            {"value": what was seen}
//           cas                  {"ok": true or false}
//           append               {"value": what it left}, where the client is told
//           every operation      {"refused": true}: it is known to have had no effect
//
// Other fields are ignored, so that a writer may add what helps it (node, term, error text).
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "checker/history.hpp"
#include "vocabulary/fault.hpp"

namespace runink::linearizability {

inline constexpr std::size_t json_line_bytes_most = 1 << 20;
inline constexpr std::size_t operations_most = 4'000'000;

/// `name` names the history in faults. Empty lines are skipped; refused operations are left out.
Result<History> read_json_lines(std::istream& in, const std::string& name);

/// One line, without its end.
std::string to_json_line(const Operation& operation);

}  // namespace runink::linearizability
