#include <algorithm>
#include <compare>

#include "governance/decimal.hpp"
#include "governance/rules.hpp"

namespace runink::governance {
namespace {

__extension__ typedef unsigned __int128 Wide;

/// counted / of, with of > 0.
struct Share {
  Wide counted;
  std::uint64_t of;
};

/// `share` against `decimal`, both as fractions. First the whole parts, then what is left: a remainder
/// is below its divisor (64 and 60 bits), so no product passes 128 bits.
std::strong_ordering compare(Share share, const Decimal& decimal) {
  if (decimal.units < 0) return std::strong_ordering::greater;
  const auto units = static_cast<std::uint64_t>(decimal.units);
  const auto divisor = static_cast<std::uint64_t>(power_of_ten(decimal.scale));
  const Wide whole = share.counted / share.of;
  const Wide decimal_whole = units / divisor;
  if (whole != decimal_whole) return whole <=> decimal_whole;
  return share.counted % share.of * divisor <=> Wide{units % divisor} * share.of;
}

bool holds(const Bound& bound, Share share) {
  const auto low = compare(share, bound.low);
  const auto inside = [&] { return low > 0 && compare(share, bound.high) < 0; };
  switch (bound.comparison) {
    case Comparison::is: return low == 0;
    case Comparison::is_not: return low != 0;
    case Comparison::greater: return low > 0;
    case Comparison::at_least: return low >= 0;
    case Comparison::less: return low < 0;
    case Comparison::at_most: return low <= 0;
    case Comparison::between: return inside();
    case Comparison::not_between: return !inside();
  }
  return false;
}

}  // namespace

bool holds(const Bound& bound, std::uint64_t counted, std::uint64_t of) {
  if (!bound.percent) return holds(bound, Share{counted, 1});
  return holds(bound, of == 0 ? Share{0, 1} : Share{Wide{counted} * 100, of});
}

Verdict judge(const Rule& rule, std::uint64_t counted, std::uint64_t of) {
  const bool sql = rule.reason == RuleReason::sql;
  const bool kept = sql ? holds(rule.bound, Share{counted, std::max<std::uint64_t>(of, 1)})
                        : holds(rule.bound, counted, of);
  if (kept) return Verdict::kept;
  return rule.severity == RuleSeverity::error ? Verdict::violated : Verdict::warned;
}

std::string to_text(const Bound& bound) {
  const std::string unit = bound.percent ? " %" : "";
  const std::string low = to_text(bound.low) + unit;
  const auto between = [&] {
    return "between " + low + " and " + to_text(bound.high) + unit + " (both excluded)";
  };
  switch (bound.comparison) {
    case Comparison::is: return low;
    case Comparison::is_not: return "not " + low;
    case Comparison::greater: return "more than " + low;
    case Comparison::at_least: return "at least " + low;
    case Comparison::less: return "less than " + low;
    case Comparison::at_most: return "at most " + low;
    case Comparison::between: return between();
    case Comparison::not_between: return "not " + between();
  }
  return {};
}

}  // namespace runink::governance
