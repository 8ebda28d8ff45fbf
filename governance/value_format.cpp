#include "governance/value_format.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "governance/ascii.hpp"
#include "governance/internet_name.hpp"

namespace runink::governance {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The two digits at `at`; nothing when they are none.
std::optional<int> two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

struct Offset {
  int hours = 0;
  int minutes = 0;
};

/// "Z", "+02", "+0200", "+02:00"; hours come with their sign, and so do minutes.
std::optional<Offset> offset_of(std::string_view text) {
  if (text == "Z" || text == "z") return Offset{};
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  const auto hours = two_digits(text, 1);
  std::string_view rest = text.substr(3);
  if (rest.size() == 3 && rest[0] == ':') rest.remove_prefix(1);
  const auto minutes = rest.empty() ? 0 : two_digits(rest, 0);
  if (!hours || !minutes || rest.size() > 2 || *hours > 23 || *minutes > 59) return std::nullopt;
  return Offset{sign * *hours, sign * *minutes};
}

/// RFC 3339, full-time; second 60 only where a leap second may be, 23:59 UTC.
bool is_time(std::string_view text) {
  const auto hour = two_digits(text, 0), minute = two_digits(text, 3), second = two_digits(text, 6);
  if (!hour || !minute || !second || text[2] != ':' || text[5] != ':') return false;
  std::size_t at = 8;
  if (at < text.size() && text[at] == '.') {
    const std::size_t first = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == first) return false;
  }
  const auto offset = offset_of(text.substr(at));
  if (!offset) return false;
  if (*hour <= 23 && *minute <= 59 && *second < 60) return true;
  const int utc_minute = *minute - offset->minutes;
  const int utc_hour = *hour - offset->hours - (utc_minute < 0 ? 1 : 0);
  return (utc_hour == 23 || utc_hour == -1) && (utc_minute == 59 || utc_minute == -1) &&
         *second < 61;
}

/// The bytes of the white space that stands at `at` (ECMA-262 WhiteSpace and LineTerminator); 0 = none.
std::size_t white_space(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.front() == ' ' || (rest.front() >= '\t' && rest.front() <= '\r')) return 1;
  if (rest.starts_with("\xC2\xA0")) return 2;
  constexpr std::string_view wide[] = {
      "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
      "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
      "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
      "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"};
  return std::ranges::any_of(wide, [&](auto one) { return rest.starts_with(one); }) ? 3 : 0;
}

bool is_uuid(std::string_view text) {
  if (ascii_lower(text.substr(0, 9)) == "urn:uuid:") text.remove_prefix(9);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

/// RFC 4648, section 4, with padding.
bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return std::ranges::all_of(text.substr(0, text.size() - padding), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '/';
  });
}

/// RFC 5322, dot-atom, and behind the '@' a name of at least two labels.
bool is_email(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  bool after_dot = true;
  for (const char c : text.substr(0, at)) {
    const bool dot = c == '.';
    const bool atom = is_letter(c) || is_digit(c) ||
                      std::string_view("!#$%&'*+/=?^_`{|}~-").find(c) != std::string_view::npos;
    if (dot ? after_dot : !atom) return false;
    after_dot = dot;
  }
  const std::string_view host = text.substr(at + 1);
  return !after_dot && host.find('.') != std::string_view::npos && !host.ends_with('.') &&
         is_hostname(host);
}

struct Format {
  std::string_view name;
  bool (*fits)(std::string_view);
};
constexpr Format formats[] = {
    {"email", is_email}, {"uuid", is_uuid}, {"uri", is_uri},     {"hostname", is_hostname},
    {"ipv4", is_ipv4},   {"ipv6", is_ipv6}, {"byte", is_base64},
};

}  // namespace

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto century = two_digits(text, 0), year = two_digits(text, 2);
  const auto month = two_digits(text, 5), day = two_digits(text, 8);
  if (!century || !year || !month || !day || *month < 1 || *month > 12) return false;
  const int full = *century * 100 + *year;
  const bool leap = full % 4 == 0 && (full % 100 != 0 || full % 400 == 0);
  constexpr std::array days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int last = *month == 2 && leap ? 29 : days[static_cast<std::size_t>(*month - 1)];
  return *day >= 1 && *day <= last;
}

bool is_date_time(std::string_view text) {
  if (text.size() < 12 || !is_date(text.substr(0, 10))) return false;
  const std::size_t separator = text[10] == 'T' || text[10] == 't' ? 1 : white_space(text, 10);
  return separator > 0 && is_time(text.substr(10 + separator));
}

bool is_checked_format(std::string_view format) {
  return std::ranges::find(formats, format, &Format::name) != std::end(formats);
}

bool has_format(std::string_view format, std::string_view text) {
  const auto* one = std::ranges::find(formats, format, &Format::name);
  return one == std::end(formats) || one->fits(text);
}

}  // namespace runink::governance
