// Is there an order of all operations, each between its call and its return, in which every client
// was told the truth? Herlihy and Wing 1990.
//
// The search is that of Wing and Gong (1993) with Lowe's memory of what was tried ("Testing for
// linearizability", 2017): the set of operations placed and the state they leave are remembered, so
// that each such pair is gone into once. A history is linearizable when that of each cell is
// (locality), so each is searched alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checker/history.hpp"

namespace runink::linearizability {

enum class Verdict : std::uint8_t {
  linearizable = 1,
  not_linearizable = 2,
  undecided = 3,  ///< a limit was reached first; says nothing about the history
};
std::string_view to_string(Verdict verdict);

/// Of the search of one cell.
struct Limits {
  std::uint64_t steps_most = 200'000'000;        ///< operations tried
  std::uint64_t memory_bytes_most = 1ull << 30;  ///< of pairs remembered and texts made
};

struct Judgement {
  Verdict verdict = Verdict::linearizable;
  std::string key;          ///< of the cell that was not, or could not be decided
  std::string why;          ///< for a person: how far one can come and what does not fit there
  std::uint64_t steps = 0;  ///< operations tried, over all cells
};

/// `initial`: what each cell held before the first operation. A register begins as nil, and so does
/// a key of Runink's table; the published key-value histories begin with an empty text.
Judgement check(const History& history, const Value& initial, const Limits& limits = {});

}  // namespace runink::linearizability
