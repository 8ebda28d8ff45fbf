#include "tools/runi/texts.hpp"

#include <charconv>
#include <cstdio>
#include <ctime>

#include "vocabulary/limits.hpp"

namespace runink::runi {
namespace {

template <class... Arguments>
std::string format(const char* form, Arguments... arguments) {
  char text[64];
  std::snprintf(text, sizeof(text), form, arguments...);
  return text;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::string time_text(std::int64_t milliseconds) {
  const long long ms = milliseconds < 0 ? 0 : milliseconds;
  if (ms < 1000) return format("%lld ms", ms);
  if (ms < 60'000) return format("%lld.%lld s", ms / 1000, ms % 1000 / 100);
  const long long s = ms / 1000;
  if (s < 3600) return format("%lld min %02lld s", s / 60, s % 60);
  if (s < 86'400) return format("%lld h %02lld min", s / 3600, s % 3600 / 60);
  return format("%lld d %02lld h", s / 86'400, s % 86'400 / 3600);
}

std::string size_text(std::uint64_t bytes) {
  static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  int unit = 0;
  double value = static_cast<double>(bytes) / 1024;
  for (; value >= 1023.95 && unit < 5; ++unit) value /= 1024;
  return format("%.1f %s", value, units[unit]);
}

std::string count_text(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t sign = count < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string counted(std::int64_t count, std::string_view what) {
  return count_text(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::optional<std::int64_t> moment_of(std::string_view rfc3339) {
  const std::string text(rfc3339);
  std::tm when{};
  int milli = 0;
  int read = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &when.tm_year, &when.tm_mon,
                  &when.tm_mday, &when.tm_hour, &when.tm_min, &when.tm_sec, &milli, &read) != 7 ||
      static_cast<std::size_t>(read) != text.size())
    return std::nullopt;
  when.tm_year -= 1900;
  when.tm_mon -= 1;
  return (static_cast<std::int64_t>(::timegm(&when)) * 1000 + milli) * 1000;
}

std::optional<std::int64_t> milliseconds_of(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || !(number >= 0)) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
  double factor = 0;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "ms") factor = 1;
  if (unit == "m" || unit == "min") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = 86'400'000;
  const double all = number * factor;
  constexpr std::int64_t longest_ms = limits::timeout_longest.ns / 1'000'000;
  if (factor == 0 || all < 1 || all > static_cast<double>(longest_ms)) return std::nullopt;
  return static_cast<std::int64_t>(all);
}

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are 0xc2 0x80..0x9f in UTF-8; some terminals obey them.
    const bool c1 = byte == 0xc2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    shown += c1 || byte < 0x20 || byte == 0x7f ? '?' : text[i];
  }
  return shown;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (char byte : text) width += continues(byte) ? 0 : 1;
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t shown = 0; end < text.size(); ++end)
    if (!continues(text[end]) && ++shown == width) break;
  return std::string(text.substr(0, end)) + "~";
}

std::string pad_right(std::string text, std::size_t width) {
  const std::size_t now = width_of(text);
  if (now < width) text.append(width - now, ' ');
  return text;
}

std::string pad_left(std::string text, std::size_t width) {
  const std::size_t now = width_of(text);
  if (now < width) text.insert(0, width - now, ' ');
  return text;
}

}  // namespace runink::runi
