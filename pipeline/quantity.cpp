#include "pipeline/quantity.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The whole number at the start of `text`, taken off it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t n = 0;
  if (text.empty() || !is_digit(text.front())) return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return n;
}

std::unexpected<Fault> bad(std::string_view text, std::string_view right) {
  return fail(FaultKind::bad_input, "`" + printable(text, 60) + "` is not " + std::string(right));
}

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// Days since 1970-01-01 of a civil date and back: Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms".
std::int64_t days_from_civil(std::int64_t y, std::int64_t m, std::int64_t d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct Civil {
  std::int64_t year, month, day;
};
Civil civil_from_days(std::int64_t z) {
  z += 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t doe = z - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

constexpr std::int64_t us_of_day = 86'400'000'000;

/// Exactly `digits` digits at the start, taken off.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t digits) {
  std::int64_t n = 0;
  if (text.size() < digits) return {};
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return {};
    n = n * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return n;
}
bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return {};
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return {};
  const auto day = take_digits(text, 2);
  if (!day || *year < 1 || *month < 1 || *month > 12 || *day < 1) return {};
  const std::int64_t days = days_from_civil(*year, *month, *day);
  const Civil back = civil_from_days(days);
  if (back.month != *month || back.day != *day) return {};  // 30 February
  return days * us_of_day;
}

/// "08:00", "08:00:00" or "08:00:00.123456" in microseconds.
std::optional<std::int64_t> take_time(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_digits(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return {};
  std::int64_t us = (*hour * 60 + *minute) * 60'000'000;
  if (!take(text, ':')) return us;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return {};
  us += *second * 1'000'000;
  if (!take(text, '.')) return us;
  std::int64_t part = 100'000;
  if (text.empty() || !is_digit(text.front())) return {};
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), part /= 10)
    us += part * (text.front() - '0');
  return us;
}

/// "Z", "+01:00" or "-0130": how far local time is ahead of UTC, in microseconds.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool behind = take(text, '-');
  if (!behind && !take(text, '+')) return {};
  const auto hour = take_digits(text, 2);
  take(text, ':');
  const auto minute = take_digits(text, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return {};
  const std::int64_t us = (*hour * 60 + *minute) * 60'000'000;
  return behind ? -us : us;
}

}  // namespace

Result<MilliCpu> parse_cpu(std::string_view text) {
  constexpr std::string_view right = "a number of cores, as in \"500m\", \"2\" or \"0.5\"";
  constexpr std::uint64_t most = 1'000'000;
  std::string_view rest = text;
  const auto whole = take_number(rest);
  if (!whole || *whole > most * 1000) return bad(text, right);
  if (rest == "m") return MilliCpu{*whole};
  if (*whole > most) return bad(text, right);
  std::uint64_t milli = *whole * 1000;
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    if (rest.empty() || rest.size() > 3) return bad(text, right);
    for (std::uint64_t part = 100; !rest.empty(); rest.remove_prefix(1), part /= 10) {
      if (!is_digit(rest.front())) return bad(text, right);
      milli += part * static_cast<std::uint64_t>(rest.front() - '0');
    }
  }
  if (!rest.empty()) return bad(text, right);
  return MilliCpu{milli};
}

Result<Bytes> parse_bytes(std::string_view text) {
  constexpr std::string_view right = "a number of bytes, as in \"512Mi\", \"2Gi\" or \"500M\"";
  static constexpr Unit units[] = {{"", 1},
                                   {"Ki", 1ull << 10},
                                   {"Mi", 1ull << 20},
                                   {"Gi", 1ull << 30},
                                   {"Ti", 1ull << 40},
                                   {"k", 1'000},
                                   {"M", 1'000'000},
                                   {"G", 1'000'000'000},
                                   {"T", 1'000'000'000'000}};
  std::string_view rest = text;
  const auto n = take_number(rest);
  if (!n) return bad(text, right);
  for (const Unit& unit : units) {
    if (rest != unit.name) continue;
    if (*n > (1ull << 62) / unit.size) return bad(text, "a number of bytes that a machine has");
    return Bytes{*n * unit.size};
  }
  return bad(text, right);
}

Result<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view right =
      "a length of time, as in \"500ms\", \"30s\", \"5m\", \"1h30m\" or \"2d\"";
  static constexpr Unit units[] = {
      {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
  constexpr std::uint64_t most_ms = 9'000'000'000'000;  // fits nanoseconds in 64 bits
  std::string_view rest = text;
  std::uint64_t ms = 0;
  const Unit* next = units;
  do {
    const auto n = take_number(rest);
    if (!n) return bad(text, right);
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    rest.remove_prefix(name.size());
    while (next != std::end(units) && next->name != name) ++next;
    if (next == std::end(units)) return bad(text, right);
    if (*n > most_ms / next->size) return bad(text, right);
    ms += *n * next->size;
    if (ms > most_ms) return bad(text, right);
    ++next;
  } while (!rest.empty());
  return milliseconds(static_cast<std::int64_t>(ms));
}

std::string to_text(MilliCpu cpu) {
  if (cpu.value % 1000 == 0) return std::to_string(cpu.value / 1000);
  return std::to_string(cpu.value) + "m";
}

std::string to_text(Bytes bytes) {
  static constexpr Unit units[] = {
      {"Ti", 1ull << 40}, {"Gi", 1ull << 30}, {"Mi", 1ull << 20}, {"Ki", 1ull << 10}};
  for (const Unit& unit : units)
    if (bytes.value >= unit.size && bytes.value % unit.size == 0)
      return std::to_string(bytes.value / unit.size) + std::string(unit.name);
  return std::to_string(bytes.value);
}

std::string to_text(Duration duration) {
  static constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
  std::int64_t ms = duration.ns / 1'000'000;
  std::string out;
  for (const auto& [name, size] : units) {
    if (ms >= size) out += std::to_string(ms / size) + std::string(name);
    ms %= size;
  }
  return out.empty() ? "0s" : out;
}

Result<WallTime> parse_moment(std::string_view text) {
  constexpr std::string_view right =
      "a moment, as in \"2026-11-20\" or \"2026-11-20T08:00:00Z\" (with an offset from UTC)";
  std::string_view rest = text;
  const auto date = take_date(rest);
  if (!date) return bad(text, right);
  if (rest.empty()) return WallTime{*date};
  if (!take(rest, 'T') && !take(rest, ' ')) return bad(text, right);
  const auto time = take_time(rest);
  if (!time) return bad(text, right);
  const auto offset = take_offset(rest);
  if (!offset || !rest.empty()) return bad(text, right);
  return WallTime{*date + *time - *offset};
}

namespace {

struct Broken {
  Civil date;
  int hour, minute, second, us;
};
Broken broken(WallTime time) {
  std::int64_t days = time.us / us_of_day, us = time.us % us_of_day;
  if (us < 0) {
    us += us_of_day;
    --days;
  }
  const auto part = [us](std::int64_t size, std::int64_t most) {
    return static_cast<int>(us / size % most);
  };
  return {civil_from_days(days), part(3'600'000'000, 24), part(60'000'000, 60), part(1'000'000, 60),
          part(1, 1'000'000)};
}

}  // namespace

std::string date_text(WallTime time) {
  const Civil date = broken(time).date;
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", static_cast<int>(date.year),
                static_cast<int>(date.month), static_cast<int>(date.day));
  return text;
}

std::string moment_text(WallTime time) {
  const Broken b = broken(time);
  char text[64];
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d", b.hour, b.minute, b.second);
  std::string out = date_text(time) + text;
  if (b.us != 0) {
    std::snprintf(text, sizeof text, ".%06d", b.us);
    out += text;
  }
  return out + "+00:00";
}

}  // namespace runink::pipeline
