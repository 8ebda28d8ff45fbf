#include "checker/check.hpp"

#include <map>

#include "checker/search.hpp"

namespace runink::linearizability {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::linearizable: return "linearizable";
    case Verdict::not_linearizable: return "not-linearizable";
    case Verdict::undecided: return "undecided";
  }
  return "";
}

Judgement check(const History& history, const Value& initial, const Limits& limits) {
  std::map<std::string, History> cells;
  for (const Operation& one : history) cells[one.key].push_back(one);
  Judgement judgement;
  for (const auto& [key, cell] : cells) {
    Search search(cell, initial, limits);
    const Verdict verdict = search.run();
    judgement.steps += search.steps();
    if (verdict == Verdict::linearizable) continue;
    if (verdict == Verdict::undecided && judgement.verdict == Verdict::undecided) continue;
    judgement.verdict = verdict;
    judgement.key = key;
    judgement.why = verdict == Verdict::undecided
                        ? "The search of " + std::to_string(cell.size()) +
                              " operations reached its limit; give it more, or use more keys."
                        : search.why();
    if (verdict == Verdict::not_linearizable) break;
  }
  return judgement;
}

}  // namespace runink::linearizability
