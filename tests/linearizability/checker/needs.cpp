#include "checker/needs.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace runink::linearizability {
namespace {

/// Does it put a value there, whatever was there before?
bool replaces(const Move& move) {
  return move.act == Act::write || move.act == Act::remove ||
         (move.act == Act::compare_and_set && (move.open || move.swapped));
}

}  // namespace

Needs::Needs(std::span<const Move> moves, const Values& values)
    : values_(values), sees_(moves.size()), makes_(moves.size()) {
  std::map<ValueId, NeedId> ids;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const auto value = moves[i].seen();
    if (!value) continue;
    const auto [at, is_new] = ids.try_emplace(*value, static_cast<NeedId>(needs_.size()));
    if (is_new) needs_.push_back({*value, 0, 0});
    ++needs_[at->second].seen_by;
    sees_[i] = at->second;
  }
  const bool with_appends =
      std::ranges::any_of(moves, [](const Move& move) { return move.act == Act::append; });
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (!replaces(moves[i])) continue;
    if (with_appends) {
      add_makers(i, moves[i]);
    } else if (const auto found = ids.find(moves[i].argument); found != ids.end()) {
      ++needs_[found->second].makers;
      makes_[i].push_back(found->second);
    }
  }
  for (NeedId id = 0; id < needs_.size(); ++id) bind(id);
}

// Where there are appends, who writes the beginning of a value can make it.
void Needs::add_makers(std::size_t move, const Move& of) {
  for (NeedId id = 0; id < needs_.size(); ++id) {
    Need& need = needs_[id];
    const bool makes =
        need.value == of.argument ||
        (need.value != 0 && values_.text(need.value).starts_with(values_.text(of.argument)));
    if (!makes) continue;
    ++need.makers;
    makes_[move].push_back(id);
  }
}

void Needs::count(std::size_t move, bool back) {
  const auto change = [&](std::uint32_t& number) { back ? ++number : --number; };
  if (const auto seen = sees_[move]) {
    change(needs_[*seen].seen_by);
    bind(*seen);
  }
  for (const NeedId id : makes_[move]) {
    change(needs_[id].makers);
    bind(id);
  }
}

void Needs::bind(NeedId id) {
  const Need& need = needs_[id];
  const std::pair place{values_.text(need.value).size(), id};
  if (need.seen_by > 0 && need.makers == 0)
    binding_.insert(place);
  else
    binding_.erase(place);
}

bool Needs::allow(ValueId state) const {
  const auto needed = binding();
  if (!needed || state == *needed) return true;
  return *needed != 0 && values_.text(*needed).starts_with(values_.text(state));
}

std::optional<ValueId> Needs::binding() const {
  if (binding_.empty()) return std::nullopt;
  return needs_[binding_.begin()->second].value;
}

bool Needs::allow_appended(ValueId state, ValueId more) const {
  const auto needed = binding();
  if (!needed) return true;
  if (*needed == 0) return false;
  const std::string_view target = values_.text(*needed);
  const std::size_t held = values_.text(state).size();
  return held <= target.size() && target.substr(held).starts_with(values_.text(more));
}

}  // namespace runink::linearizability
