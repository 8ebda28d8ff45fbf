// One cell as the search sees it: every text has a number, so a step costs nearly nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "checker/history.hpp"

namespace runink::linearizability {

/// The number of a value; equal values have equal numbers. 0 = nil.
using ValueId = std::uint32_t;

class Values {
 public:
  ValueId id_of(const Value& value);
  Value at(ValueId id) const;
  const std::string& text(ValueId id) const { return id == 0 ? empty_ : *texts_[id - 1]; }
  ValueId joined(ValueId front, ValueId back);
  std::uint64_t bytes() const { return bytes_; }

 private:
  ValueId id_of_text(std::string text);

  std::string empty_;
  std::unordered_map<std::string, ValueId> ids_;
  std::vector<const std::string*> texts_;  // borrowed from ids_, whose nodes stay where they are
  std::unordered_map<std::uint64_t, ValueId> joined_;
  std::uint64_t bytes_ = 0;
};

/// An operation with numbers for values.
struct Move {
  explicit Move(const Operation& operation, Values& values);
  /// What it needs the cell to hold, before or after it.
  std::optional<ValueId> seen() const;
  Act act;
  ValueId argument;
  ValueId expected;
  std::optional<ValueId> told;
  bool swapped;
  bool open;  ///< the outcome is unknown
};

/// What the cell holds after `move`; nothing when its client would have been told something else,
/// or when an open one changes nothing, so that it need not have happened.
std::optional<ValueId> after(ValueId state, const Move& move, Values& values);

}  // namespace runink::linearizability
