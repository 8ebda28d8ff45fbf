// Words for people: lengths of time, sizes, counts, moments, and lines cut to a width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace runink::runi {

/// "0 ms", "340 ms", "1.2 s", "59.9 s", "3 min 20 s", "2 h 05 min", "3 d 04 h".
std::string time_text(std::int64_t milliseconds);
/// "0 B", "999 B", "1.0 KiB", "13.5 MiB".
std::string size_text(std::uint64_t bytes);
/// "1,200,000".
std::string count_text(std::int64_t count);
/// "1 row", "1,200 rows".
std::string counted(std::int64_t count, std::string_view what);
/// Microseconds since 1970 of an RFC 3339 time in UTC ("2026-11-20T08:00:00.000Z"), or nothing.
std::optional<std::int64_t> moment_of(std::string_view rfc3339);
/// Milliseconds of "90s", "1.5m", "2h", "250ms", "1d" or a bare number of seconds; nothing if it is
/// none of these or longer than the longest time-out.
std::optional<std::int64_t> milliseconds_of(std::string_view text);

/// What a terminal may show: control characters (escape sequences too) become "?".
std::string printable(std::string_view text);
/// In characters (code points).
std::size_t width_of(std::string_view text);
/// At most `width` characters; what is cut ends in "~".
std::string cut(std::string_view text, std::size_t width);
std::string pad_right(std::string text, std::size_t width);
std::string pad_left(std::string text, std::size_t width);

}  // namespace runink::runi
