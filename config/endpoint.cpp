#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "config/cluster_reader.hpp"

namespace runink::config {

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text, bool any_port) {
  const std::string quoted = "'" + std::string(text.substr(0, 300)) + "'";
  const auto bad = [&](const std::string& why) {
    return fail(FaultKind::bad_input, quoted + " is not an address: " + why +
                                          " Write \"10.0.0.1:7201\" or \"[::1]:7201\".");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return bad("it has no port.");
  std::string host(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr address{};
    if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return bad("that is no IPv6 address.");
  } else if (host.find(':') != std::string::npos) {
    return bad("an IPv6 address stands in brackets.");
  }
  if (host.empty() || host.size() > 253) return bad("the host is empty or too long.");
  const bool plain = std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  });
  if (!plain) return bad("a host has letters, digits, '.' and '-'.");
  const bool numeric =
      std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  in_addr address{};
  if (numeric && inet_pton(AF_INET, host.c_str(), &address) != 1)
    return bad("that is no IPv4 address.");
  unsigned port = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || rest != digits.data() + digits.size() || port > 65'535 ||
      (port == 0 && !any_port))
    return bad("a port is a number from 1 to 65535.");
  return Endpoint{host, static_cast<std::uint16_t>(port)};
}

bool is_loopback(const Endpoint& endpoint) {
  in_addr v4{};
  if (inet_pton(AF_INET, endpoint.host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, endpoint.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace runink::config
