#include "checker/cell.hpp"

#include <utility>

namespace runink::linearizability {

ValueId Values::id_of(const Value& value) { return value ? id_of_text(*value) : 0; }

Value Values::at(ValueId id) const { return id == 0 ? Value{} : Value{text(id)}; }

ValueId Values::id_of_text(std::string text) {
  const auto [at, is_new] =
      ids_.try_emplace(std::move(text), static_cast<ValueId>(texts_.size() + 1));
  if (is_new) {
    texts_.push_back(&at->first);
    bytes_ += at->first.size() + 64;
  }
  return at->second;
}

ValueId Values::joined(ValueId front, ValueId back) {
  const auto [at, is_new] = joined_.try_emplace(std::uint64_t{front} << 32 | back, 0);
  if (is_new) {
    at->second = id_of_text(text(front) + text(back));
    bytes_ += 32;
  }
  return at->second;
}

Move::Move(const Operation& operation, Values& values)
    : act(operation.act),
      argument(act == Act::remove ? 0 : values.id_of(operation.argument)),
      expected(values.id_of(operation.expected)),
      swapped(operation.swapped),
      open(!operation.done) {
  if (operation.told && !open) told = values.id_of(*operation.told);
}

std::optional<ValueId> Move::seen() const {
  if (open) return std::nullopt;
  return act == Act::compare_and_set && swapped ? expected : told;
}

std::optional<ValueId> after(ValueId state, const Move& move, Values& values) {
  ValueId next = state;
  switch (move.act) {
    case Act::read: break;
    case Act::write: next = move.argument; break;
    case Act::remove: next = 0; break;
    case Act::append: next = values.joined(state, move.argument); break;
    case Act::compare_and_set:
      if (!move.open && (state == move.expected) != move.swapped) return std::nullopt;
      if (state == move.expected) next = move.argument;
      break;
  }
  if (move.told && *move.told != next) return std::nullopt;
  if (move.open && next == state) return std::nullopt;
  return next;
}

}  // namespace runink::linearizability
