// Names and addresses of the Internet.
#pragma once

#include <string_view>

namespace runink::governance {

/// RFC 1123, 2.1: labels of 1 to 63 letters, digits and inner '-', at most 253 bytes; a last dot may stand.
bool is_hostname(std::string_view text);
/// Four numbers up to 255 without leading zeros.
bool is_ipv4(std::string_view text);
/// RFC 4291, 2.2: eight groups, "::" once for one or more of them, the last two as IPv4.
bool is_ipv6(std::string_view text);

}  // namespace runink::governance
