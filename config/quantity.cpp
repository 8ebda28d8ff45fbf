#include "config/quantity.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace runink::config {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

/// Digits to the front, a unit behind them; nothing when it is not so, or too large for 63 bits.
template <std::size_t N>
std::optional<std::uint64_t> whole_times_unit(std::string_view text,
                                              const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest == text.data()) return {};
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (number > most / unit.factor) return {};
    return number * unit.factor;
  }
  return {};
}

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 40)) + "'"; }

/// "1.5" in thousandths; at most three decimals.
std::optional<std::uint64_t> thousandths(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view decimals = text.substr(dot + 1);
  if (dot == 0 || dot > 9 || decimals.empty() || decimals.size() > 3) return {};
  std::uint64_t value = 0;
  std::string digits = std::string(text.substr(0, dot)) + std::string(decimals);
  digits.append(3 - decimals.size(), '0');
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || rest != digits.data() + digits.size()) return {};
  return value;
}

}  // namespace

Result<MilliCpu> parse_cpu(std::string_view text) {
  static constexpr std::array<Unit, 2> units{{{"", 1000}, {"m", 1}}};
  const auto value =
      text.find('.') == std::string_view::npos ? whole_times_unit(text, units) : thousandths(text);
  if (!value)
    return fail(FaultKind::bad_input,
                quoted(text) + " is not a number of cores. Write \"4\", \"0.5\" or \"500m\".");
  return MilliCpu{*value};
}

Result<Bytes> parse_bytes(std::string_view text) {
  static constexpr std::array<Unit, 9> units{{{"", 1},
                                              {"Ki", 1ull << 10},
                                              {"Mi", 1ull << 20},
                                              {"Gi", 1ull << 30},
                                              {"Ti", 1ull << 40},
                                              {"k", 1'000},
                                              {"M", 1'000'000},
                                              {"G", 1'000'000'000},
                                              {"T", 1'000'000'000'000}}};
  const auto value = whole_times_unit(text, units);
  if (!value)
    return fail(FaultKind::bad_input,
                quoted(text) + " is not a number of bytes. Write \"512Mi\", \"16Gi\" or \"2T\".");
  return Bytes{*value};
}

Result<Duration> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 5> units{{{"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000}}};
  const auto value = whole_times_unit(text, units);
  if (!value)
    return fail(FaultKind::bad_input,
                quoted(text) + " is not a length of time. Write \"1500ms\", \"60s\" or \"5m\".");
  return Duration{static_cast<std::int64_t>(*value)};
}

}  // namespace runink::config
