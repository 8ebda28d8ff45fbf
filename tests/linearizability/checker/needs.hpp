// What must still be seen. A value that somebody saw, and that nobody who is left can bring about
// anew, binds the search: until all who saw it are placed, the cell may only hold it, or what appends
// make it of. Where every written text is written once, as tests should do, this leaves hardly a
// choice, and a history with thousands of operations is decided at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "checker/cell.hpp"

namespace runink::linearizability {

class Needs {
 public:
  /// Moves are named by their places.
  Needs(std::span<const Move> moves, const Values& values);

  void place(std::size_t move) { count(move, false); }
  void take_back(std::size_t move) { count(move, true); }
  /// May the cell hold `state`? Wrong only where `true` is too much.
  bool allow(ValueId state) const;
  /// The value that binds the cell most, if one does.
  std::optional<ValueId> binding() const;
  /// The same as `allow` for `state` and `more` appended, before a text is made of them.
  bool allow_appended(ValueId state, ValueId more) const;

 private:
  struct Need {
    ValueId value = 0;
    std::uint32_t seen_by = 0;  // moves that are not placed and saw it
    std::uint32_t makers = 0;   // moves that are not placed and can begin what ends as it
  };
  using NeedId = std::uint32_t;

  void add_makers(std::size_t move, const Move& of);
  void count(std::size_t move, bool back);
  void bind(NeedId id);

  const Values& values_;
  std::vector<Need> needs_;
  std::vector<std::optional<NeedId>> sees_;           // by move
  std::vector<std::vector<NeedId>> makes_;            // by move
  std::set<std::pair<std::size_t, NeedId>> binding_;  // the shortest first
};

}  // namespace runink::linearizability
