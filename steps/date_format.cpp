#include "steps/date_format.hpp"

#include <array>

namespace runink::steps {
namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Mon", "Tue", "Wed", "Thu",
                                                      "Fri", "Sat", "Sun"};
constexpr std::int64_t kSecond = 1'000'000;

/// What was read so far.
struct Parts {
  int year = 1970, month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  std::int64_t nanosecond = 0;
  int half = -1;  // 0 AM, 1 PM
  std::optional<int> offset;
};

/// Reads from the front of a text; after a mistake nothing more fits.
class Reading {
 public:
  explicit Reading(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool good() const { return good_; }
  bool done() const { return good_ && at_ == end_; }
  bool more() const { return at_ < end_; }
  char peek() const { return at_ < end_ ? *at_ : '\0'; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void fail() { good_ = false; }

  int digits(int least, int most) {
    int value = 0, n = 0;
    while (n < most && at_ < end_ && *at_ >= '0' && *at_ <= '9')
      value = value * 10 + (*at_++ - '0'), ++n;
    if (n < least) good_ = false;
    return value;
  }
  void expect(char c) {
    if (at_ < end_ && *at_ == c) {
      ++at_;
    } else {
      good_ = false;
    }
  }
  void expect(std::string_view text) {
    for (const char c : text) expect(c);
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  /// Up to nine digits of a fraction as nanoseconds.
  std::int64_t fraction(int least, int most) {
    std::int64_t value = 0;
    int n = 0;
    while (n < most && at_ < end_ && *at_ >= '0' && *at_ <= '9')
      value = value * 10 + (*at_++ - '0'), ++n;
    if (n < least || n == 0) good_ = false;
    for (; n < 9; ++n) value *= 10;
    return value;
  }
  template <std::size_t N>
  int word(const std::array<std::string_view, N>& words) {
    for (std::size_t i = 0; i < N; ++i) {
      if (std::string_view(at_, left()).starts_with(words[i])) {
        at_ += words[i].size();
        return static_cast<int>(i);
      }
    }
    good_ = false;
    return 0;
  }
  /// +02, +02:00 or +0200.
  int offset(bool colon_or_not) {
    const bool west = peek() == '-';
    if (!west && peek() != '+') fail();
    if (!good_) return 0;
    ++at_;
    const int hours = digits(2, 2);
    int minutes = 0;
    if (colon_or_not && take(':')) {
      minutes = digits(2, 2);
    } else if (more() && peek() >= '0' && peek() <= '9') {
      minutes = digits(2, 2);
    }
    if (hours > 18 || minutes > 59) good_ = false;
    return west ? -(hours * 60 + minutes) : hours * 60 + minutes;
  }

 private:
  const char* at_;
  const char* end_;
  bool good_ = true;
};

void iso_date(Reading& text, Parts& parts) {
  parts.year = text.digits(4, 4);
  text.expect('-');
  parts.month = text.digits(2, 2);
  text.expect('-');
  parts.day = text.digits(2, 2);
}

void iso_time(Reading& text, Parts& parts) {
  parts.hour = text.digits(2, 2);
  text.expect(':');
  parts.minute = text.digits(2, 2);
  text.expect(':');
  parts.second = text.digits(2, 2);
  if (text.good() && text.take('.')) parts.nanosecond = text.fraction(1, 9);
}

void iso_offset(Reading& text, Parts& parts) {
  parts.offset = text.take('Z') ? 0 : text.offset(true);
}

/// One run of letters of a pattern.
void letter(char c, int count, Reading& text, Parts& parts) {
  const int most = count == 1 ? 2 : count;
  switch (c) {
    case 'y':
    case 'u':
      parts.year = count == 2 ? 2000 + text.digits(2, 2)
                              : text.digits(count == 1 ? 4 : count, count == 1 ? 4 : count);
      break;
    case 'M': parts.month = count == 3 ? text.word(months) + 1 : text.digits(count, most); break;
    case 'd': parts.day = text.digits(count, most); break;
    case 'H': parts.hour = text.digits(count, most); break;
    case 'h':
      parts.hour = text.digits(count, most);
      if (parts.hour < 1 || parts.hour > 12) text.fail();
      break;
    case 'm': parts.minute = text.digits(count, most); break;
    case 's': parts.second = text.digits(count, most); break;
    case 'S': parts.nanosecond = text.fraction(count, count); break;
    case 'a':
      parts.half = text.take('P') ? 1 : text.take('A') ? 0 : -1;
      if (parts.half < 0) text.fail();
      text.expect('M');
      break;
    case 'E': text.word(weekdays); break;
    case 'X': parts.offset = text.take('Z') ? 0 : text.offset(count > 2); break;
    case 'x':
    case 'Z': parts.offset = text.offset(c == 'x' && count > 2); break;
    default: text.fail();
  }
}

std::optional<Moment_> moment_of(Parts parts, bool half_day) {
  if (half_day) {
    if (parts.half < 0 || parts.hour < 1 || parts.hour > 12) return {};
    parts.hour = parts.hour % 12 + 12 * parts.half;
  }
  const auto days = days_of(parts.year, parts.month, parts.day);
  if (!days || parts.hour > 23 || parts.minute > 59 || parts.second > 59) return {};
  if (parts.nanosecond % 1000 != 0) return {};
  const std::int64_t seconds = parts.hour * 3600 + parts.minute * 60 + parts.second;
  return Moment_{*days, seconds * kSecond + parts.nanosecond / 1000, parts.offset};
}

/// Which of date and time the letters of a pattern give, and whether hours are of half days.
struct Given {
  bool date = false, hour = false, half = false, mark = false;
};

}  // namespace

std::optional<std::int32_t> days_of(int year, int month, int day) {
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return {};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) return {};
  // Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  const int y = month <= 2 ? year - 1 : year;
  const int era = y / 400, year_of_era = y - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

std::expected<DateFormat, std::string> DateFormat::parse(std::string_view pattern, Moments holds) {
  DateFormat format;
  format.holds_ = holds;
  Given given;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    Part part;
    if (c == '\'') {
      const auto end = pattern.find('\'', at + 1);
      if (end == std::string_view::npos) return std::unexpected("has a quote that is not closed");
      part.literal = end == at + 1 ? "'" : std::string(pattern.substr(at + 1, end - at - 1));
      at = end + 1;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      std::size_t end = at;
      while (end < pattern.size() && pattern[end] == c) ++end;
      part.letter = c;
      part.count = static_cast<std::uint8_t>(end - at);
      const std::string_view known = "yuMdHhmsSaEXxZ";
      const std::size_t most = c == 'y' || c == 'u' ? 4 : c == 'S' ? 9 : c == 'a' ? 1 : 3;
      if (known.find(c) == std::string_view::npos || end - at > most)
        return std::unexpected("has the letters \"" + std::string(pattern.substr(at, end - at)) +
                               "\", which are not understood");
      given.date |= c == 'd';
      given.hour |= c == 'H' || c == 'h';
      given.half |= c == 'h';
      given.mark |= c == 'a';
      at = end;
    } else if (std::string_view("[]{}#").find(c) != std::string_view::npos) {
      return std::unexpected(std::string("has a ") + c + ", which is not understood");
    } else {
      part.literal = std::string(1, c);
      ++at;
    }
    format.parts_.push_back(std::move(part));
  }
  if (given.half != given.mark) return std::unexpected("needs h and a together");
  const auto needs = static_cast<unsigned>(holds);
  if (!pattern.empty() && ((needs & 1 && !given.date) || (needs & 2 && !given.hour)))
    return std::unexpected("gives no whole date or time of day");
  return format;
}

std::optional<Moment_> DateFormat::read(std::string_view text) const {
  Reading reading{text};
  Parts parts;
  bool half_day = false;
  if (parts_.empty()) {
    if (holds_ != Moments::time) iso_date(reading, parts);
    if (holds_ == Moments::both && reading.good() && !reading.take('T')) reading.expect(' ');
    if (holds_ != Moments::date) iso_time(reading, parts);
    if (offset_ && reading.good()) iso_offset(reading, parts);
  }
  for (const Part& part : parts_) {
    if (!reading.good()) return {};
    half_day |= part.letter == 'h';
    if (part.letter == 0) {
      reading.expect(part.literal);
    } else {
      letter(part.letter, part.count, reading, parts);
    }
  }
  if (!reading.done()) return {};
  return moment_of(parts, half_day);
}

}  // namespace runink::steps
