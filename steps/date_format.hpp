// Texts of dates and times, read strictly.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runink::steps {

/// What a text must hold.
enum class Moments : std::uint8_t { date = 1, time = 2, both = 3 };

/// A date and a time of day; what the text does not hold is 1970-01-01, 00:00:00.
struct Moment_ {
  std::int32_t days = 0;              ///< since 1970-01-01
  std::int64_t microseconds = 0;      ///< of the day
  std::optional<int> offset_minutes;  ///< east of UTC, where the text says one
};

/// A pattern of the JDK's DateTimeFormatter, or ISO 8601 when there is none. The whole text must fit:
/// no blanks around it, no missing digits, no day that does not exist, no more precision than
/// microseconds (further digits must be 0).
///
/// Letters: y u (yyyy, uuuu, yy: 2000 to 2099), M (M, MM, MMM in English), d, H, h with a, m, s, S,
/// X x Z (offsets), E (EEE in English, checked against nothing), 'text', '' and all other
/// characters as they are. Others are not understood, [ and ] among them.
class DateFormat {
 public:
  DateFormat() = default;
  /// An error continues "the format of "x" in the contract ...". An empty pattern is ISO 8601:
  /// 2026-01-31, 10:20:30[.123456], and both with a T or a blank between them; offsets Z, +02, +02:00
  /// and +0200 only where they are required.
  static std::expected<DateFormat, std::string> parse(std::string_view pattern, Moments holds);

  /// From here on a text must say its offset from UTC (only ISO; a pattern says it by itself).
  void require_offset() { offset_ = true; }
  bool needs_offset() const { return offset_; }
  std::optional<Moment_> read(std::string_view text) const;

 private:
  struct Part {
    char letter = 0;  // 0: `literal`
    std::uint8_t count = 0;
    std::string literal;
  };
  std::vector<Part> parts_;  // empty: ISO 8601
  Moments holds_ = Moments::date;
  bool offset_ = false;
};

/// Days since 1970-01-01 of a day of the Gregorian calendar; nothing when there is no such day.
std::optional<std::int32_t> days_of(int year, int month, int day);

}  // namespace runink::steps
