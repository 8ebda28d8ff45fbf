// Formats of texts: the ones that JSON schema checks in a contract, and the ones that a contract asks
// of a column. No allocation, linear time.
#pragma once

#include <string_view>

namespace runink::governance {

/// RFC 3339, full-date: "2026-11-20", a day that exists.
bool is_date(std::string_view text);
/// RFC 3339, date-time, offset or Z required; between date and time 'T', 't' or one white space.
bool is_date_time(std::string_view text);
/// RFC 3986, URI with scheme.
bool is_uri(std::string_view text);

/// The values of `logicalTypeOptions.format` of a string that Runink checks: email, uuid, uri,
/// hostname, ipv4, ipv6, byte (base64). Others ("password", "binary") say what a text is for.
bool is_checked_format(std::string_view format);
/// Does `text` have the format? True for a format that is not checked.
bool has_format(std::string_view format, std::string_view text);

}  // namespace runink::governance
